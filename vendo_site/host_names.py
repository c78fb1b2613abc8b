"""Host names of VENDO_DOMAIN in front of the paths (contract section 13); without it only paths exist.

Behind this door a request looks as if it had come to the path of the base address, so nothing else knows these names.
No name but the base address's own leads to pages or cookies.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse

from deployments.asgi_door import Application, Receive, Scope, Send, header, send_response
from deployments.errors import ApiError, render

NAMES = re.compile(
    r"(?P<place>credentials|hooks)|(?P<proxied>[a-z0-9][a-z0-9-]*)-proxy|(?P<started>[a-z0-9][a-z0-9-]*)-oauth-start"
)


class HostNames:
    """Turns the names below `domain` into paths; everything else goes on to `behind` as it is."""

    def __init__(self, behind: Application, domain: str) -> None:
        self.behind, self.suffix = behind, f".{domain}" if domain else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        name = self._name(scope) if self.suffix and scope["type"] == "http" else None
        if name is None:
            await self.behind(scope, receive, send)
        elif (found := NAMES.fullmatch(name)) is None:
            await send_response(send, render(ApiError("not_found", "There is nothing under this host name.")))
        elif slug := found["started"]:
            await send_response(send, _to_authorize(slug, scope["query_string"]))
        else:
            prefix = f"/{found['place']}" if found["place"] else f"/proxy/{found['proxied']}"
            await self.behind(_moved(scope, prefix), receive, send)

    def _name(self, scope: Scope) -> str | None:
        """What stands before the domain, unless the host is one that people open. A port does not matter."""
        host = re.sub(r"\.?(?::\d*)?\Z", "", (header(scope, b"host") or "").lower())
        if not host.endswith(self.suffix) or host == settings.BASE_HOST or host in settings.ALLOWED_HOSTS:
            return None
        return host.removesuffix(self.suffix)


def _moved(scope: Scope, prefix: str) -> dict[str, Any]:
    """The request as one for a path of the base address."""
    raw = scope.get("raw_path")
    base = urlsplit(settings.BASE_URL).netloc.encode()
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {
        **scope,
        "path": prefix + scope["path"],
        "raw_path": prefix.encode() + raw if raw is not None else None,
        "headers": [(b"host", base), *headers],
    }


def _to_authorize(slug: str, query: bytes) -> HttpResponse:
    """Off to the base address, where the session's cookie is. The query may hold a key, so it tells nobody."""
    question = f"?{query.decode('latin-1')}" if query else ""
    location = f"{settings.BASE_URL}/api/oauth/{slug}/authorize{question}"
    headers = {"Location": location, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HttpResponse(status=307, headers=headers)
