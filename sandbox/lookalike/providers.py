"""The two providers that are played here: what tells them apart, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

# Kept with a grant of Google's that was asked for with `access_type=offline`; never shown, never answered.
OFFLINE = "offline"
NEVER = 60 * 60 * 24 * 365 * 10  # seconds; as good as "does not expire"

_GOOGLE = "https://www.googleapis.com/auth/"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlike:
    """A provider. `scopes`: name → what it means, in the words of the consent page.

    `default_scope` stands in where the real one has no scopes. `expires`: access tokens end, and refresh tokens exist.
    """

    key: str
    name: str
    account: str
    scopes: Mapping[str, str]
    default_scope: str = ""
    token_start: str
    expires: bool
    needs_pkce: bool
    basic_auth_only: bool

    def meanings(self, scopes: list[str]) -> list[str]:
        """What the person would allow."""
        return [self.scopes[scope] for scope in scopes if scope in self.scopes]


NOTION = LookAlike(
    key="notion",
    name="Notion",
    account="workspace",
    scopes={"workspace": "See and edit the pages and databases of the workspace you choose"},
    default_scope="workspace",
    token_start="ntn_sandbox_",  # noqa: S106  (how it begins)
    expires=False,
    needs_pkce=False,
    basic_auth_only=True,
)

GOOGLE = LookAlike(
    key="google",
    name="Google Drive",
    account="Google account",
    scopes={
        f"{_GOOGLE}drive.readonly": "See and download all your Google Drive files",
        f"{_GOOGLE}drive.metadata.readonly": "See the names and details of your Google Drive files",
        f"{_GOOGLE}drive.file": "See, edit and delete the Google Drive files you use with this app",
        f"{_GOOGLE}drive": "See, edit, create and delete all your Google Drive files",
        f"{_GOOGLE}userinfo.email": "See your email address",
    },
    token_start="ya29.sandbox-",  # noqa: S106
    expires=True,
    needs_pkce=True,
    basic_auth_only=False,
)

DRIVE_SCOPES = frozenset(scope for scope in GOOGLE.scopes if scope.startswith(f"{_GOOGLE}drive"))
LOOKALIKES = {provider.key: provider for provider in (NOTION, GOOGLE)}


def played_at(address: str) -> LookAlike:
    """Which provider a path or address of ours belongs to. KeyError for none."""
    return LOOKALIKES[urlsplit(address).path.split("/")[1]]
