"""The provider's API as the connected account, for the few questions that we ask ourselves."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Self

import httpx2

from connections.addresses import NOTHING, Facts
from connections.catalog import Provider
from connections.deadline import Deadline
from connections.errors import NeedsReauth, ProviderError, ProviderForbids, ProviderRateLimited
from connections.models import Integration

TIMEOUT = httpx2.Timeout(10, connect=5)  # seconds that each step may take
CALL = 20.0  # seconds that a call may take in all; less than the lease under which a token is refreshed
RETRY_AFTER = 30  # seconds, where a provider says 429 without saying for how long


class ProviderApi:
    """The `Api` that catalogue files are handed. The conversation may take `CALL` seconds as a whole.

    `facts` fill the address. Raises `NeedsReauth` where they don't.
    """

    def __init__(self, integration: Integration, credential: str, facts: Facts = NOTHING) -> None:
        self._integration, self._credential = integration, credential
        self._base = integration.address("account_url", facts).rstrip("/")
        # Without a client around it: clients log addresses, and some providers want the credential in there.
        self._transport = Deadline(CALL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def get(self, path: str, **params: str) -> Any:
        """The JSON at `path`.

        Raises `NeedsReauth` where the credential is not known, `ProviderForbids` where it may not ask this, and
        `ProviderError` for all else that is no JSON object or list.
        """
        return self._ask(self._request("GET", path, params))

    def post(self, path: str, body: Mapping[str, Any] | None) -> Any:
        """The JSON answered to a JSON object, or to an empty body for None. Raises as `get` does."""
        return self._ask(self._request("POST", path, {}, body))

    def _ask(self, request: httpx2.Request) -> Any:
        provider = self._integration.provider
        with readable_failures(provider.name):
            answer = self._transport.handle_request(request)
            answer.read()
            return said_by(provider, answer)

    def _request(
        self, method: str, path: str, params: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> httpx2.Request:
        provider, secret = self._integration.provider, self._credential
        return httpx2.Request(
            method,
            self._base + provider.carrier.prefix(secret) + path,
            params={**params, **provider.carrier.parameters(secret)},
            headers={"Accept": "application/json", **provider.api_headers, **provider.carrier.headers(secret)},
            json=body,
            extensions={"timeout": TIMEOUT.as_dict()},
        )


def said_by(provider: Provider, answer: httpx2.Response) -> Any:
    """The JSON object or list in an answer of the API. Raises as `ProviderApi.get` does."""
    name = provider.name
    refuse_unknown(provider, answer)
    if answer.status_code == 403:
        raise _forbidden(provider)
    refuse_unwell(name, answer)
    if answer.status_code != 200:
        raise ProviderError(f"{name} answered {answer.status_code} to a simple question about the account.")
    with readable_failures(name):
        found = answer.json()
    if not isinstance(found, Mapping | list):
        raise ProviderError(f"{name} gave an answer that can't be read.")
    return found


def send(provider: Provider, request: httpx2.Request) -> httpx2.Response:
    """One request outside of the API; the answer may be any. Raises `ProviderError` where there is none."""
    with closing(Deadline(CALL)) as transport, readable_failures(provider.name):
        answer = transport.handle_request(request)
        answer.read()
        return answer


def refuse_unknown(provider: Provider, answer: httpx2.Response) -> None:
    """Raise `NeedsReauth` where the provider says that it does not know the credential; in the body, some do.

    What the body says goes before the status, which may be one for unknown credentials and for those that may not.
    """
    code, way = told_in_band(provider, answer), provider.key or provider.oauth
    refused = answer.status_code in (way.refused if way else {401})
    if (refused and not code) or (provider.in_band and code in provider.in_band.dead):
        raise NeedsReauth(f"{provider.name} no longer accepts this connection. Reconnect it.")
    if refused:
        raise _forbidden(provider)
    if code and answer.status_code == 200:
        raise ProviderError(f"{provider.name} could not answer a simple question about the account. Try again.")


def stepped_into(found: Any, path: Iterable[str | int]) -> Any:
    """What is at `path` inside a JSON value; None where there is nothing."""
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def _forbidden(provider: Provider) -> ProviderForbids:
    return ProviderForbids(f"{provider.name} does not allow this connection to ask about its own account.")


def told_in_band(provider: Provider, answer: httpx2.Response) -> str:
    """The code of a failure that the body tells of, or ""."""
    if provider.in_band is None:
        return ""
    try:
        code = stepped_into(answer.json(), provider.in_band.path)
    except ValueError:
        return ""
    return "" if code is None else str(code)


def refuse_unwell(name: str, answer: httpx2.Response) -> None:
    """Raise what a provider's answer says about its own state."""
    if answer.status_code == 429:
        wait = answer.headers.get("Retry-After", "")
        seconds = int(wait) if wait.isdigit() else RETRY_AFTER
        raise ProviderRateLimited(f"{name} asks us to wait {seconds} seconds.", retry_after=seconds)
    if answer.status_code >= 500:
        raise ProviderError(f"{name} is having trouble (it answered {answer.status_code}). Try again in a minute.")


@contextmanager
def readable_failures(name: str) -> Iterator[None]:
    """Whatever goes wrong in HTTP becomes one of our errors. `from None`: theirs may hold secrets."""
    try:
        yield
    except httpx2.TimeoutException:
        raise ProviderError(f"{name} did not answer in time. Try again in a minute.") from None
    except (httpx2.HTTPError, httpx2.InvalidURL):
        raise ProviderError(f"{name} could not be reached. Try again in a minute.") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ProviderError(f"{name} gave an answer that can't be read.") from None
