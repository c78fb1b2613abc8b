"""From an answer of the server to a value or an error. Whatever the body is, nothing but a `VendoError` comes out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from vendo._fields import mapping
from vendo._http import Response, Unreachable
from vendo._slugs import is_slug
from vendo.errors import UpstreamError, VendoError, class_for

_CODE = re.compile(r"[A-Za-z0-9_]{1,64}")
_LONGEST_SENTENCE = 500


def value_of(answer: Response | Unreachable, *, slug: str | None, secrets: Sequence[str]) -> object:
    """The JSON of a good answer; raises the error that any other answer means."""
    if isinstance(answer, Unreachable):
        raise UpstreamError(
            f"The Vendo dashboard can't be reached: {answer.reason}.",
            code="unreachable",
            slug=slug,
            suggested_fix="Check that it runs, and that VENDO_BASE_URL is its address.",
        )
    if not 200 <= answer.status < 300:
        raise refusal(answer, slug=slug, secrets=secrets)
    value = answer.json()
    if value is None:
        raise unreadable(slug)
    return value


def unreadable(slug: str | None) -> UpstreamError:
    return UpstreamError(
        "The server's answer is not one of a Vendo dashboard. Check VENDO_BASE_URL.",
        code="invalid_response",
        slug=slug,
    )


def refusal(answer: Response, *, slug: str | None, secrets: Sequence[str]) -> VendoError:
    """The error that an answer other than a good one means."""
    body = mapping(answer.json())
    details = mapping(body.get("error"))

    def text(value: object) -> str | None:
        return _clean(value, secrets)

    code = _code(answer.headers.get("vendo-error-code")) or _code(details.get("code"))
    sentence = (
        text(details.get("message"))
        or text(body.get("detail"))
        or text(body.get("error"))
        or _plain_words(answer.status)
    )
    named = details.get("slug")
    return class_for(code, answer.status)(
        sentence or _plain_words(answer.status),
        code=code or f"http_{answer.status}",
        status=answer.status,
        slug=named if isinstance(named, str) and is_slug(named) else slug,
        connect_url=_link(details.get("connect_url"), secrets),
        retry_after=_seconds(details.get("retry_after")) or answer.seconds_to_wait or None,
        suggested_fix=text(details.get("suggested_fix")),
    )


def _code(value: object) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def _clean(value: object, secrets: Sequence[str]) -> str | None:
    """One printable line without our secrets, should something between us and the dashboard have echoed them."""
    if not isinstance(value, str):
        return None
    line = "".join(character for character in " ".join(value.split()) if character.isprintable())
    for secret, name in zip(secrets, ("[app key]", "[user token]"), strict=False):
        line = line.replace(secret, name)
    return line[:_LONGEST_SENTENCE] or None


def _link(value: object, secrets: Sequence[str]) -> str | None:
    """A web address that a page may show as a link; `javascript:` and the like are not."""
    if (
        not isinstance(value, str)
        or any(secret in value for secret in secrets)
        or " " in value
        or not value.isprintable()
    ):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in {"http", "https"} and parts.netloc else None


def _seconds(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _plain_words(status: int) -> str:
    if 300 <= status < 400:
        return "The server answered with a redirect, which is not followed: set VENDO_BASE_URL to the final address."
    return f"The server answered with status {status} and did not say why."
