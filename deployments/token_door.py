"""`GET /credentials/<slug>` the fast way: what all tools call all day, answered for many requests with one SQL.

Only what is plainly good is answered here: an app's valid key, bound to an active connection whose token has more than
a minute to live. Everything else (refusals, refreshes, connection keys, a chosen connection) goes to the ordinary view
behind, which knows all the rules and takes a thread for each request; so each key has a few turns there, and whoever
waits for one asks here once more. Nothing is cached: each answer was in the database after it was asked for, so that a
revoked key fails at the very next request. `docs/performance.md` has the figures this is for.
"""

import asyncio
import json
import logging

from connections import vault
from connections.models import Connection
from deployments import keys, token_lookup
from deployments.asgi_door import Application, Door, Receive, Scope, Send, header, in_thread
from deployments.coalesce import Coalesced, TooMany
from deployments.errors import ApiError
from deployments.front_door import bearer
from deployments.moments import iso
from deployments.token_lookup import Found, Question
from deployments.turns import Turns
from deployments.vending import SLUG

logger = logging.getLogger(__name__)

PATH = "/credentials/"
BULK = "/credentials/_bulk"
BATCH = 64  # questions in one SQL
WAITING = 1000  # requests that may wait for their turn
DEADLINE = 5.0  # seconds for one SQL; a healthy database needs a thousandth of that
TURNS = 4  # requests of one key that the view behind answers at the same time; it may have to wait for a provider
PATIENCE = 45.0  # seconds that a request waits for its turn; longer than a refresh may take
NOTING = 1.0  # seconds over which uses of keys are gathered before they are written down


class TokenDoor(Door):
    """`GET /credentials/<slug>`."""

    def __init__(self, behind: Application) -> None:
        super().__init__(behind)
        self._counter: Counter | None = None

    def takes(self, scope: Scope) -> bool:
        """Requests that look as if the fast way could answer them."""
        path: str = scope["path"]
        if not path.startswith(PATH) or scope["method"] != "GET":
            return False
        return SLUG.fullmatch(path, len(PATH)) is not None or path == BULK

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The token, or whatever the view behind has to say."""
        question = _question(scope)
        found = await self.counter.find(question) if question else None
        if found is None:
            await self._ask_behind(question, scope, receive, send)
        else:
            await _hand_out(found, send)

    async def _ask_behind(self, question: Question | None, scope: Scope, receive: Receive, send: Send) -> None:
        """The ordinary way, a few requests of one key at a time. Raises `ApiError` `rate_limited`."""
        try:
            async with self.counter.turns.of(_name(scope)) as had_to_wait:
                # Whoever was before us has refreshed the token, as a rule.
                found = await self.counter.find(question) if question and had_to_wait else None
                if found is None:
                    await self.behind(scope, receive, send)
                    return
        except TooMany:
            raise _too_many() from None
        await _hand_out(found, send)

    @property
    def counter(self) -> "Counter":
        """Made at the first request, and anew in another event loop: connections and futures belong to one."""
        if self._counter is None or self._counter.loop is not asyncio.get_running_loop():
            self._counter = Counter()
        return self._counter

    async def close(self) -> None:
        """Give the database connection back, and write down what was gathered."""
        if self._counter is not None:
            await self._counter.close()
            self._counter = None


class Counter:
    """What the door needs in one event loop: the lookups, and the uses of keys that are still to be noted."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._lookups = token_lookup.of_this_database()
        self._ask = Coalesced(self._lookups, deadline=DEADLINE, batch=BATCH, most=WAITING)
        self.turns = Turns(at_once=TURNS, most=WAITING, patience=PATIENCE)
        self._used: set[str] = set()
        self._noting: asyncio.Task[None] | None = None

    async def find(self, question: Question) -> Found | None:
        """What may be handed out at once. Raises `ApiError` `rate_limited` when too many wait already."""
        try:
            found = await self._ask(question)
        except TooMany:
            raise _too_many() from None
        if found and not found.noted:
            self._used.add(found.key_id)
            self._noting = self._noting or self.loop.create_task(self._note_soon())
        return found

    async def close(self) -> None:
        """Note what is left, and let go of the database."""
        if self._noting is not None:
            self._noting.cancel()
        await self._note()
        for lookup in self._lookups:
            await lookup.close()

    async def _note_soon(self) -> None:
        """One statement for all keys of a second, instead of a write per request."""
        await asyncio.sleep(NOTING)
        self._noting = None
        await self._note()

    async def _note(self) -> None:
        used, self._used = self._used, set()
        if used:
            await in_thread(keys.note_uses, used)


def _question(scope: Scope) -> Question | None:
    """None where the request is not of the kind that is answered here."""
    if header(scope, b"x-vendo-connection") is not None or scope["path"] == BULK:
        return None
    text = _bearer(scope)
    return Question(keys.hash_of(text), scope["path"][len(PATH) :]) if keys.looks_like_key(text) else None


def _name(scope: Scope) -> str:
    """Under which a request takes its turns: its key's hash. What is no key has no rights and no need to hurry."""
    text = _bearer(scope)
    return keys.hash_of(text) if keys.looks_like_key(text) else ""


def _bearer(scope: Scope) -> str:
    return bearer(header(scope, b"authorization") or "") or ""


def _too_many() -> ApiError:
    return ApiError("rate_limited", "Too many requests at this moment. Try again.", retry_after=1)


async def _hand_out(found: Found, send: Send) -> None:
    body = _body(found)
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _body(found: Found) -> bytes:
    """Contract section 3."""
    where = vault.place_of(Connection, found.connection_id, "credential", tenant=found.tenant_id)
    token = vault.decrypt(found.envelope, where)
    return json.dumps({"access_token": token, "expires_at": iso(found.expires_at), "token_type": "Bearer"}).encode()
