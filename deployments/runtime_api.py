"""What running tools call: HTTP in, verbs of `vending.py`, HTTP out (contract section 3)."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, re_path

from connections.credentials import Token
from deployments import vending
from deployments.errors import ApiError
from deployments.front_door import KeyRequest, front_door, key_required
from deployments.moments import iso

MOST_SLUGS = 50


@key_required("GET", "HEAD")
def credential(request: KeyRequest, slug: str) -> HttpResponse:
    """A token that works now, for one provider."""
    return JsonResponse(_token(vending.token(request.key, slug, request.headers.get("X-Vendo-Connection"))))


@key_required("GET", "HEAD")
def credentials_bulk(request: KeyRequest) -> HttpResponse:
    """Tokens for `?slugs=a,b,c`; null where there is none to be had."""
    slugs = list(filter(None, (slug.strip() for slug in request.GET.get("slugs", "").split(","))))
    if not slugs:
        raise ApiError("validation_failed", "Say which providers: ?slugs=first,second.")
    if len(set(slugs)) > MOST_SLUGS:
        raise ApiError("validation_failed", f"Ask for {MOST_SLUGS} providers at most.")
    found = vending.tokens(request.key, slugs)
    return JsonResponse({"tokens": {slug: _token(token) if token else None for slug, token in found.items()}})


@front_door()
def not_found(request: HttpRequest) -> HttpResponse:
    """Any other address below ours."""
    raise ApiError("not_found")


def _token(token: Token) -> dict[str, str | None]:
    return {"access_token": token.access_token, "expires_at": iso(token.expires_at), "token_type": "Bearer"}


urlpatterns = [
    path("credentials/_bulk", credentials_bulk, name="credentials-bulk"),
    path("credentials/<str:slug>", credential, name="credential"),
    re_path(r"^credentials(?:/|\Z)", not_found),
]
