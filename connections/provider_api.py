"""The provider's API as the connected account, for the few questions that we ask ourselves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx2

from connections.deadline import Deadline
from connections.errors import NeedsReauth, ProviderError, ProviderForbids, ProviderRateLimited
from connections.models import Integration

TIMEOUT = httpx2.Timeout(10, connect=5)  # seconds that each step may take
CALL = 20.0  # seconds that a call may take in all; less than the lease under which a token is refreshed
RETRY_AFTER = 30  # seconds, where a provider says 429 without saying for how long


class ProviderApi:
    """The `Api` that catalogue files are handed. The conversation may take `CALL` seconds as a whole."""

    def __init__(self, integration: Integration, credential: str) -> None:
        self._integration, self._credential = integration, credential
        # Without a client around it: clients log addresses, and some providers want the credential in there.
        self._transport = Deadline(CALL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def get(self, path: str, **params: str) -> Mapping[str, Any]:
        """The JSON object at `path`.

        Raises `NeedsReauth` where the credential is not known, `ProviderForbids` where it may not ask this, and
        `ProviderError` for all else that is no such object.
        """
        provider = self._integration.provider
        name = provider.name
        with readable_failures(name):
            answer = self._transport.handle_request(self._request(path, params))
            answer.read()
            if answer.status_code in (provider.key.refused if provider.key else {401}):
                raise NeedsReauth(f"{name} no longer accepts this connection. Reconnect it.")
            if answer.status_code == 403:
                raise ProviderForbids(f"{name} does not allow this connection to ask about its own account.")
            refuse_unwell(name, answer)
            if answer.status_code != 200:
                raise ProviderError(f"{name} answered {answer.status_code} to a simple question about the account.")
            found = answer.json()
        if not isinstance(found, Mapping):
            raise ProviderError(f"{name} gave an answer that can't be read.")
        return found

    def _request(self, path: str, params: Mapping[str, str]) -> httpx2.Request:
        provider, secret = self._integration.provider, self._credential
        return httpx2.Request(
            "GET",
            self._integration.api_url + provider.carrier.prefix(secret) + path,
            params={**params, **provider.carrier.parameters(secret)},
            headers={"Accept": "application/json", **provider.api_headers, **provider.carrier.headers(secret)},
            extensions={"timeout": TIMEOUT.as_dict()},
        )


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
