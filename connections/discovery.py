"""Whose account was connected, and which part of it: asked of the provider before anything is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from connections.catalog import Account, Api, Place, Provider, TokenAnswer
from connections.errors import ConnectError, CredentialError

UNREADABLE = (
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    AttributeError,
)  # of an answer that lacks what it should have


@dataclass(frozen=True, slots=True)
class Discovery:
    """The account; and of what the person has to choose one, where the provider has such a thing."""

    account: Account
    places: tuple[Place, ...] = ()


def whose(provider: Provider, api: Api, answer: TokenAnswer) -> Discovery:
    """Ask. Raises `ConnectError` `context_discovery_failed`, and inside of `readable` nothing else."""
    account = provider.identify(api, answer)
    found = provider.places.find(api) if provider.places else ()
    if provider.places and not found:
        noun = provider.places.noun
        raise ConnectError(
            "context_discovery_failed",
            f"{account.name} has no {noun} at {provider.name} that we may see. Create one there, or allow one, and "
            "connect again.",
        )
    return Discovery(account, found)


def at(account: Account, place: Place) -> Account:
    """The account, as far as it is that place."""
    return replace(
        account,
        id=f"{account.id}/{place.id}",
        name=place.name,
        metadata={**account.metadata, **place.metadata},
        context={**(account.context or {}), **place.context},
    )


@contextmanager
def readable(provider: Provider) -> Iterator[None]:
    """Whatever goes wrong in asking becomes one of our errors."""
    try:
        yield
    except CredentialError as error:
        raise ConnectError("context_discovery_failed", error.message) from None
    except UNREADABLE:
        raise ConnectError(
            "context_discovery_failed", f"{provider.name} did not say whose account this is. Try again."
        ) from None
