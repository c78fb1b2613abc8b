"""Static files that pages of other origins show too."""

from wsgiref.headers import Headers


def for_other_pages(headers: Headers, path: str, url: str) -> None:
    """Let logos be embedded by pages that isolate themselves (`Cross-Origin-Embedder-Policy: require-corp`)."""
    if url.startswith("/static/catalog/"):
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
