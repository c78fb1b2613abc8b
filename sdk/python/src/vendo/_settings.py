"""Which dashboard, and with which key: arguments first, then the environment (contract section 11)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from vendo._slugs import variable
from vendo.errors import IdentityNotPresent, ValidationError

# "Bring your own key": says explicitly that there is no dashboard, whatever the environment holds.
_OSS_KEY = "byok"
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to ask, and as whom. Without an `api_key` it is OSS mode, and the addresses are None."""

    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    credentials_url: str | None = None
    data_proxy_url: str | None = None
    user_jwt: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, api_key: str | None, base_url: str | None) -> Settings:
        """Fill what the caller left open from the environment.

        An `api_key` given as "" or "byok" means OSS mode and never falls back to `VENDO_API_KEY`: a caller who
        passed a key must not get the tokens of another. A `base_url` beats the other addresses too.
        """
        key = variable("VENDO_API_KEY") if api_key is None else api_key.strip()
        if not key or key == _OSS_KEY:
            return cls()
        base = _address("base_url", base_url) or _from_environment("VENDO_BASE_URL", "VENDO_API_URL")

        def beside(path: str, name: str) -> str | None:
            own = None if base_url else _from_environment(name)
            return own or (f"{base}/{path}" if base else None)

        credentials = beside("credentials", "VENDO_CREDENTIALS_URL")
        return cls(_key(key), base, credentials, beside("proxy/composio", "VENDO_DATA_PROXY_URL"))

    def of_user(self, user_jwt: str | None) -> Settings:
        """The same app, on behalf of one user."""
        jwt = (user_jwt or "").strip()
        if not jwt:
            raise IdentityNotPresent("There is no user here: the identity token is empty.")
        if not _PRINTABLE.fullmatch(jwt):
            raise ValidationError("The user's identity token holds a blank or a character that no token has.")
        return replace(self, user_jwt=jwt)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in no message and no log."""
        return tuple(filter(None, (self.api_key, self.user_jwt)))


def _key(key: str) -> str:
    # Refused here in our words: a header library would quote the value, which is a secret.
    if not _PRINTABLE.fullmatch(key):
        raise ValidationError("The app key holds a blank or a character that no key has. Copy it once more.")
    return key


def _from_environment(*names: str) -> str | None:
    return next((address for name in names if (address := _address(name, variable(name)))), None)


def _address(name: str, value: str | None) -> str | None:
    """An http(s) address without its last slash. The value is not quoted: people put passwords into addresses."""
    if not value:
        return None
    address = value.strip()
    if not _ADDRESS.fullmatch(address):
        raise ValidationError(f"{name} is not an address like https://vendo.example.org. Set it to the dashboard's.")
    return address.rstrip("/")
