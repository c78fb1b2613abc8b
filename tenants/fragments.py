"""Pages that answer whole and in part.

A page's template holds its fragments as `{% partialdef name inline %}`. The partial's name, the `id` of its root
element and the `hx-target` that asks for it are one word, unique in the project. The template says where a fragment is,
the view says which ones may be asked for:

    @member_required
    @fragments("thing-list", "thing-card")
    def things(request): return TemplateResponse(request, "app/things.html", …)

What a view does not pass to its template can't be fetched through a fragment either: an `{% if %}` around a partial
protects nothing, so access is decided in the view.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.cache import patch_vary_headers

from tenants.access import View
from tenants.http import HttpRequest


def fragments(*names: str) -> Callable[[View], View]:
    """The view's `TemplateResponse` shrinks to the partial that htmx targets, if that is one of `names`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = view(request, *args, **kwargs)
            # Also on whole pages: a cache must not hand either of the two to someone who asked for the other.
            patch_vary_headers(response, ("HX-Request", "HX-Target"))
            wanted = _wanted(request)
            if wanted in names and isinstance(response, TemplateResponse):
                response.template_name = f"{response.template_name}#{wanted}"
            return response

        answer.fragments = names  # type: ignore[attr-defined]
        return answer

    return decorate


def _wanted(request: HttpRequest) -> str | None:
    """The id that htmx is going to fill; None for whoever needs the whole page (a boosted link, a history restore)."""
    if not request.htmx or request.htmx.boosted or request.htmx.history_restore_request:
        return None
    return request.htmx.target
