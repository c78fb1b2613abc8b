"""What an address asks of a connect: on whose behalf, whom to tell, where to go on (contract section 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings

from connections import asks, intents
from connections.connect import Wish
from connections.intents import Purpose
from connections.models import Connection, Integration
from tenants.models import Tenant

DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# Parameters that stand for an intent; `app_key` is a secret and must leave the address bar before anything renders.
SWAPPED = ("app_key", "app")
LONGEST_RETURN = 2000  # characters, as many as an attempt keeps
KEPT = ("intent", "opener_origin", "return_to", "returnTo", "state", "embed", "connection")


@dataclass(frozen=True, slots=True)
class Request:
    """A connect request that was checked: what it wants, what it is for, and what was ignored in it."""

    wish: Wish
    purpose: Purpose | None = None
    notes: tuple[str, ...] = field(default=())


def swapped(query: Mapping[str, str], tenant: Tenant | None) -> str | None:
    """The query with its key or app replaced by a signed intent; None when there is nothing to replace.

    Raises `IntentRefused` for a key or app that is unknown or another tenant's.
    """
    if not any(name in query for name in SWAPPED):
        return None
    intent = intents.from_query(query, tenant)
    kept = {name: value for name, value in query.items() if _is_kept(name)}
    return urlencode(kept | ({"intent": intents.sign(intent)} if intent else {}))


def kept(query: Mapping[str, str]) -> str:
    """The query to carry on to the next page of the same connect."""
    return urlencode({name: value for name, value in query.items() if value and _is_kept(name)})


def read(query: Mapping[str, str], tenant: Tenant, integration: Integration) -> Request:
    """Check what an address asks for. Raises `IntentRefused`; addresses not to be told are ignored, with a note."""
    intent = intents.unsign(query["intent"]) if query.get("intent") else None
    purpose = intents.purpose(intent, tenant) if intent else None
    return_to = query.get("return_to") or query.get("returnTo") or ""
    opener = query.get("opener_origin") or ""
    notes = []
    if return_to and not _may_return(return_to, purpose):
        notes.append(
            "You will not be sent back automatically, because the address to return to is not registered for this app."
        )
        return_to = ""
    told = next((o for o in (origin_of(opener), origin_of(return_to)) if o and _allowed(o, purpose)), own_origin())
    if opener and origin_of(opener) != told:
        notes.append(
            "The page that opened this window will not hear of it, because its address is not registered for this app."
        )
    renewed = _to_renew(query.get("connection"), tenant, integration)
    wish = Wish(
        intent=intent,
        target_origin=told,
        return_to=_absolute(return_to) if return_to else "",
        opener_state=query.get("state", "").replace("\x00", "")[:500],  # PostgreSQL refuses NUL characters in text
        renew=renewed,
        asked=asks.typed(integration.provider, query, renewed) if asks.are_needed(integration) else {},
    )
    return Request(wish, purpose, tuple(notes))


def _is_kept(name: str) -> bool:
    return name in KEPT or name.startswith(f"{asks.PREFIX}-")


def own_paths_only(query: Mapping[str, str]) -> dict[str, str]:
    """The authorize entry takes `returnTo` for paths of our own only (contract section 7)."""
    cleaned = dict(query)
    if "returnTo" in cleaned and not _is_own_path(cleaned["returnTo"]):
        del cleaned["returnTo"]
    return cleaned


def origin_of(address: str) -> str | None:
    """`scheme://host[:port]` of an http(s) address as a browser writes it; None for anything else."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != DEFAULT_PORTS[parts.scheme] else "")


def own_origin() -> str:
    """The dashboard's own origin."""
    return origin_of(settings.BASE_URL) or ""


def returning(address: str, connection: Connection, opener_state: str) -> str:
    """Where a connect without an opener goes on: `return_to` with `connection_id` and `state` in its query."""
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("connection_id", str(connection.pk))]
    query += [("state", opener_state)] if opener_state else []
    return urlunsplit(parts._replace(query=urlencode(query)))


def _allowed(origin: str, purpose: Purpose | None) -> bool:
    if origin == own_origin():
        return True
    if purpose is None:
        return False
    return origin in purpose.origins or (purpose.loopback and urlsplit(origin).hostname in LOOPBACK)


def _is_own_path(address: str) -> bool:
    return (
        address.startswith("/") and not address.startswith(("//", "/\\")) and not any(c in address for c in "\r\n\t\\")
    )


def _may_return(address: str, purpose: Purpose | None) -> bool:
    if len(_absolute(address)) > LONGEST_RETURN or any(not c.isprintable() for c in address):
        return False
    origin = origin_of(address)
    return _is_own_path(address) or (origin is not None and _allowed(origin, purpose))


def _absolute(address: str) -> str:
    return f"{settings.BASE_URL}{address}" if _is_own_path(address) else address


def _to_renew(identity: str | None, tenant: Tenant, integration: Integration) -> Connection | None:
    """The tenant's own live connection that is to be connected anew."""
    try:
        wanted = UUID(identity or "")
    except ValueError:
        return None
    mine: Connection | None = (
        Connection.objects.of(tenant).filter(pk=wanted, integration=integration, status__in=Connection.LIVE).first()
    )
    return mine
