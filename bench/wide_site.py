"""The dashboard as `vendo_site.asgi` composes it, with the catalogue filled up."""

from bench.wide import widen

widen()

from vendo_site.asgi import application  # noqa: E402

__all__ = ["application"]
