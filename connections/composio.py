"""Composio's API through its official client: the few things we ask, and its answers read into types of our own.

Facts of November 2026, from docs.composio.dev and the client's own models: an account goes from INITIATED to
ACTIVE when the person has signed in; a token that is not to be seen reads `REDACTED`, or its first letters and `...`.

Nothing raised here holds what Composio said but its own sentence about a refused call.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx
from django.conf import settings

from connections.composio_wire import Wire
from connections.errors import ProviderError, ProviderRateLimited
from connections.provider_api import CALL, RETRY_AFTER

MASKED = re.compile(r"REDACTED|.{0,4}\.\.\.")
# Where the credential is: the scheme of the auth config decides.
TOKENS = ("access_token", "bearer_token", "api_key", "generic_api_key", "token")
# Without a version Composio takes each toolkit's first one, which lacks many actions.
VERSION = "latest"
SENTENCE = 500  # characters of Composio's own words that are passed on


class Refused(Exception):
    """Composio refused a call (4xx). `message` is its sentence, for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}")
        self.status, self.message = status, message


@dataclass(frozen=True, slots=True)
class Link:
    """A page where a person signs in, and the account that comes of it."""

    account_id: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAccount:
    """A connected account as Composio tells of it. `values` is what it holds: the token, and what came with it."""

    id: str
    status: str
    disabled: bool
    reason: str
    toolkit: str
    updated_at: datetime
    values: Mapping[str, Any] = field(repr=False)

    @property
    def active(self) -> bool:
        """Whether it can be used."""
        return self.status == "ACTIVE" and not self.disabled

    @property
    def token(self) -> str | None:
        """The provider's token, or None where there is none or Composio does not show it."""
        found = next((self.values[name] for name in TOKENS if self.values.get(name)), None)
        return found if isinstance(found, str) and not MASKED.fullmatch(found) else None

    @property
    def token_ends(self) -> datetime | None:
        """When the token ends, as far as it is told. It was issued when the account changed last."""
        with contextlib.suppress(KeyError, TypeError, ValueError):
            end = datetime.fromisoformat(self.values["expires_at"])
            return end if end.tzinfo else end.replace(tzinfo=UTC)
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            return self.updated_at + timedelta(seconds=float(self.values["expires_in"]))
        return None


@dataclass(frozen=True, slots=True)
class Answered:
    """A provider's answer to a call that Composio made for us. `data` is its JSON."""

    status: int
    data: Any = field(repr=False)


def configured() -> bool:
    """Whether the operator has an account there."""
    return bool(settings.COMPOSIO_API_KEY)


class Composio:
    """One conversation, which may take `seconds` as a whole. Everything raises `ProviderError` or `Refused`."""

    def __init__(self, seconds: float = CALL) -> None:
        # Imported here: its models take a second, which most processes never need.
        import composio_client  # noqa: PLC0415

        # The client would follow a redirect with our key in a header.
        self._http = httpx.Client(transport=Wire(seconds), follow_redirects=False, trust_env=False)
        self._client = composio_client.Composio(
            api_key=settings.COMPOSIO_API_KEY,
            base_url=settings.COMPOSIO_BASE_URL,
            http_client=self._http,
            timeout=seconds,
            max_retries=0,  # whoever asks us repeats, where that is safe
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def link(self, auth_config: str, user: str, callback_url: str) -> Link:
        """Begin to connect an account of `user`, who is sent back to `callback_url` with a status in the query."""
        with readable_failures():
            made = self._client.link.create(auth_config_id=auth_config, user_id=user, callback_url=callback_url)
            return Link(_text(made.connected_account_id), _text(made.redirect_url))

    def account(self, account_id: str) -> HeldAccount:
        """What Composio tells of an account."""
        with readable_failures():
            # As it was sent: the client guesses which of a hundred models fits, and warns of the others with values.
            found: Any = self._client.connected_accounts.with_raw_response.retrieve(account_id).json()
            return HeldAccount(
                id=_text(found["id"]),
                status=_text(found["status"]),
                disabled=bool(found.get("is_disabled")),
                reason=str(found.get("status_reason") or ""),
                toolkit=_text(found["toolkit"]["slug"]),
                updated_at=datetime.fromisoformat(_text(found["updated_at"])),
                values=dict((found.get("state") or {}).get("val") or {}),
            )

    def delete(self, account_id: str, *, revoke: bool) -> None:
        """Give the account up; with `revoke`, at the provider too."""
        with readable_failures():
            self._client.connected_accounts.delete(account_id, revoke_on_delete=revoke)

    def execute(self, action: str, arguments: Mapping[str, Any], *, account_id: str, user: str) -> Mapping[str, Any]:
        """Do an action; returns what it returned. Raises `Refused` with status 424 where the action itself failed."""
        with readable_failures():
            done = self._client.tools.execute(
                action, arguments=dict(arguments), connected_account_id=account_id, user_id=user, version=VERSION
            )
            if not done.successful:
                raise Refused(424, _sentence(done.error) or "The action failed.")
            return done.data

    def call(self, method: Any, url: str, *, account_id: str, query: Any, headers: Any, body: Any = None) -> Answered:
        """The provider's answer to a call of its API with the account's token, which only Composio sees."""
        parameters: list[Any] = [{"name": name, "value": value, "type": "query"} for name, value in query.items()]
        parameters += [{"name": name, "value": value, "type": "header"} for name, value in headers.items()]
        more = {} if body is None else {"body": body}
        with readable_failures():
            answer = self._client.tools.proxy(
                endpoint=url, method=method, connected_account_id=account_id, parameters=parameters, **more
            )
            return Answered(int(answer.status), answer.data)


@contextlib.contextmanager
def readable_failures() -> Iterator[None]:
    """Whatever goes wrong in the client becomes one of our errors. `from None`: theirs hold requests and bodies."""
    import composio_client as client  # noqa: PLC0415

    try:
        yield
    except client.APITimeoutError:
        raise ProviderError("Composio did not answer in time. Try again in a minute.") from None
    except client.APIConnectionError:
        raise ProviderError("Composio could not be reached. Try again in a minute.") from None
    except client.APIStatusError as error:
        raise _of_status(error.status_code, error.body, error.response.headers) from None
    except (client.APIError, ValueError, TypeError, KeyError, AttributeError):
        raise ProviderError("Composio gave an answer that can't be read.") from None


def _of_status(status: int, body: object, headers: httpx.Headers) -> Exception:
    if status == 429:
        wait = headers.get("Retry-After", "")
        seconds = int(wait) if wait.isdigit() else RETRY_AFTER
        return ProviderRateLimited(f"Composio asks us to wait {seconds} seconds.", retry_after=seconds)
    if status in {401, 403}:
        return ProviderError("Composio does not accept the key of this dashboard. An admin must correct it.")
    if status >= 500 or status < 400:
        return ProviderError(f"Composio is having trouble (it answered {status}). Try again in a minute.")
    error = body.get("error") if isinstance(body, Mapping) else None
    said = error.get("message") if isinstance(error, Mapping) else error
    return Refused(status, _sentence(said) or f"Composio refused this ({status}).")


def _sentence(said: object) -> str:
    """Composio's own words, for people; should our key be among them, they are not told."""
    text = said.strip() if isinstance(said, str) else ""
    return "" if settings.COMPOSIO_API_KEY in text else text[:SENTENCE]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value
