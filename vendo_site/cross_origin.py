"""Which addresses pages of other origins may call, and read the answers of (contract section 9).

Those are the ones that look at a bearer and never at a cookie, so any page may try: `*`, and no credentials. All else
says nothing about origins, which is how browsers keep a page of another origin out.

Not Starlette's middleware, which refuses a preflight that asks for an unknown header, and names the page's origin
instead of `*` as soon as a cookie comes along.
"""

import re
from collections.abc import Iterable

from deployments.asgi_door import Application, Message, Receive, Scope, Send, header

TOOLS = re.compile(r"/(?:credentials|api/deployments/me|api/integrations|api/billing)(?:/|\Z)")
PROXY = re.compile(r"/proxy(?:/|\Z)")
# Kept by browsers and shared caches whoever asked first, so a page of another origin must be able to read that copy.
CACHED = "/api/integrations"

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
ALLOWED = (
    "Authorization, Content-Type, Vendo-API-Version, X-Vendo-User-JWT, X-Vendo-Connection, Idempotency-Key, "
    "Last-Event-ID, Accept, User-Agent"
)
EXPOSED = "Vendo-Error-Code, Retry-After"
DAY = "86400"  # seconds; browsers shorten it to what they think is long

type Headers = list[tuple[bytes, bytes]]


def _encoded(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name.encode(), value.encode()) for name, value in headers]


ANY_ORIGIN = ("access-control-allow-origin", "*")
PREFLIGHT = _encoded([
    ANY_ORIGIN,
    ("access-control-allow-methods", METHODS),
    ("access-control-allow-headers", ALLOWED),
    ("access-control-max-age", DAY),
])  # fmt: skip
# Providers have headers of their own. `*` does not cover Authorization, which must be named.
PREFLIGHT_OF_PROXY = _encoded([
    ANY_ORIGIN,
    ("access-control-allow-methods", f"{METHODS}, *"),
    ("access-control-allow-headers", "Authorization, *"),
    ("access-control-max-age", DAY),
])  # fmt: skip
READABLE = _encoded([ANY_ORIGIN, ("access-control-expose-headers", EXPOSED)])
READABLE_OF_PROXY = _encoded([ANY_ORIGIN, ("access-control-expose-headers", f"{EXPOSED}, *")])


class CORS:
    """Answers preflights, and marks the answers of `behind` as readable."""

    def __init__(self, behind: Application) -> None:
        self.behind = behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or not self._concerned(scope):
            await self.behind(scope, receive, send)
            return
        proxy = PROXY.match(scope["path"]) is not None
        if _is_preflight(scope):
            await _answer(send, PREFLIGHT_OF_PROXY if proxy else PREFLIGHT)
        else:
            await self.behind(scope, receive, _marking(send, READABLE_OF_PROXY if proxy else READABLE))

    @staticmethod
    def _concerned(scope: Scope) -> bool:
        """Tools that are not pages send no Origin, and pay for nothing here but this look."""
        path: str = scope["path"]
        if header(scope, b"origin") is None:
            return path.startswith(CACHED) and TOOLS.match(path) is not None
        return TOOLS.match(path) is not None or PROXY.match(path) is not None


def _is_preflight(scope: Scope) -> bool:
    """A browser's question (Fetch standard), not an OPTIONS request that somebody means."""
    return scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method") is not None


async def _answer(send: Send, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _marking(send: Send, marks: Headers) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            # Said twice, even alike, it counts for nothing with browsers.
            others = [pair for pair in message.get("headers", ()) if not pair[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": [*others, *marks]}
        await send(message)

    return marked
