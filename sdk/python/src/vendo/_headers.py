"""Headers of a request that a tool has received, whatever framework it uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def header(source: object, name: str) -> str | None:
    """The value of a header; `source` is a mapping of headers, a request that has `headers`, or a WSGI environment.

    Flask, Django, Starlette, aiohttp and `http.server` all have such `headers`; names count in any case.
    """
    found = getattr(source, "headers", source)
    items = found.items() if isinstance(found, Mapping) or hasattr(found, "items") else ()
    wanted = {name.lower(), "http_" + name.lower().replace("-", "_")}
    return next((value for key, value in _pairs(items) if key.lower() in wanted), None)


def _pairs(items: Iterable[tuple[object, object]]) -> Iterable[tuple[str, str]]:
    return ((key, value) for key, value in items if isinstance(key, str) and isinstance(value, str))
