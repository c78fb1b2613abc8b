"""What running tools and embedded pages call: HTTP in, a verb, HTTP out (contract sections 3 and 4).

The verbs are in `vending.py`, `me_connections.py` and `offers.py`. What Django is too slow for is answered in front of
it (`token_door.py`, `event_door.py`, `proxy_door.py`). `description.py` describes each address; a test compares.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, re_path
from pydantic import BaseModel

from connections.credentials import Token
from deployments import logos, me_connections, offers, vending
from deployments.errors import ApiError
from deployments.front_door import KeyRequest, bearer, front_door, key_required
from deployments.wire import ConnectionEntries, IntegrationsOut, TokenOut, TokensOut

MOST_SLUGS = 50
FRESH = "public, max-age=300"  # contract section 4: the catalogue may be kept for five minutes


@key_required("GET", "HEAD")
def credential(request: KeyRequest, slug: str) -> HttpResponse:
    """A token that works now, for one provider."""
    return _json(_token(vending.token(request.key, slug, request.headers.get("X-Vendo-Connection"))))


@key_required("GET", "HEAD")
def credentials_bulk(request: KeyRequest) -> HttpResponse:
    """Tokens for `?slugs=a,b,c`; null where there is none to be had."""
    slugs = list(filter(None, (slug.strip() for slug in request.GET.get("slugs", "").split(","))))
    if not slugs:
        raise ApiError("validation_failed", "Say which providers: ?slugs=first,second.")
    if len(set(slugs)) > MOST_SLUGS:
        raise ApiError("validation_failed", f"Ask for {MOST_SLUGS} providers at most.")
    found = vending.tokens(request.key, slugs)
    return _json(TokensOut(tokens={slug: _token(token) if token else None for slug, token in found.items()}))


@key_required("GET", "HEAD")
def my_connections(request: KeyRequest) -> HttpResponse:
    """What the app may use, and what it has. `?sandbox=1` leaves out credentials that only one program may use."""
    text = bearer(request.headers.get("Authorization", "")) or ""
    sandbox = request.GET.get("sandbox", "").lower() not in {"", "0", "false"}
    return _json(ConnectionEntries(connections=me_connections.entries(request.key, text, sandbox=sandbox)))


@front_door("GET", "HEAD")
def integrations(request: HttpRequest) -> HttpResponse:
    """The catalogue. Nobody is asked who they are, so a bad bearer does no harm."""
    return _json(IntegrationsOut(integrations=offers.offers()), keep=FRESH)


@front_door("GET", "HEAD")
def integration(request: HttpRequest, slug: str) -> HttpResponse:
    """One entry of the catalogue."""
    return _json(offers.offer(slug), keep=FRESH)


@front_door()
def not_found(request: HttpRequest) -> HttpResponse:
    """Any other address below ours."""
    raise ApiError("not_found")


def _token(token: Token) -> TokenOut:
    return TokenOut(access_token=token.access_token, expires_at=token.expires_at)


def _json(answer: BaseModel, *, keep: str = "no-store") -> JsonResponse:
    return JsonResponse(answer.model_dump(mode="json"), headers={"Cache-Control": keep})


urlpatterns = [
    path("credentials/_bulk", credentials_bulk, name="credentials-bulk"),
    path("credentials/<str:slug>", credential, name="credential"),
    path("api/deployments/me/connections", my_connections, name="my-connections"),
    path("api/integrations", integrations, name="integrations"),
    path("api/integrations/<str:slug>", integration, name="integration"),
    path("logos/<str:slug>.svg", logos.logo, name="logo"),
    re_path(r"^(?:credentials|proxy|hooks|logos)(?:/|\Z)", not_found),
]
