"""The Connections page and the page of one connection."""

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET, require_POST

from connections import connect as journey
from connections.errors import CredentialError
from connections.forms import NameForm, RequestForm
from connections.models import Connection
from connections.requests import may_withdraw, shown
from connections.shelves import Look, categories
from connections.shelves import shelves as shelved
from tenants.access import member_required, writer_required
from tenants.fragments import fragments
from tenants.http import MemberRequest
from tenants.scoped import one_of


@member_required
@require_GET
@fragments("connections-mine", "connections-available")
def connection_list(request: MemberRequest) -> HttpResponseBase:
    """What is connected, and what can be; `q` and `category` narrow that, `ask` opens the form for what is missing."""
    return list_page(request, asking="ask" in request.GET)


@member_required
@require_GET
@fragments("connection-facts")
def detail(request: MemberRequest, connection_id: UUID) -> HttpResponseBase:
    """One connection: whose account, what it may do, who uses it, and what can be done about it."""
    connection: Connection = one_of(_all(request), pk=connection_id)
    context = {"connection": connection, "form": NameForm(instance=connection)}
    return TemplateResponse(request, "connections/detail.html", context)


@writer_required
@require_POST
def test(request: MemberRequest, connection_id: UUID) -> HttpResponse:
    """Ask the provider whether the credential works."""
    connection: Connection = one_of(_live(request), pk=connection_id)
    try:
        journey.test(connection)
    except CredentialError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{connection.integration.provider.name} answered: the connection works.")
    return redirect("connections:detail", connection_id)


@writer_required
@require_POST
def rename(request: MemberRequest, connection_id: UUID) -> HttpResponseBase:
    """Give it a name of one's own."""
    connection: Connection = one_of(_live(request), pk=connection_id)
    form = NameForm(request.POST, instance=connection)
    if not form.is_valid():
        connection.refresh_from_db(fields=["display_name"])
        context = {"connection": connection, "form": form}
        return TemplateResponse(request, "connections/detail.html", context, status=422)
    journey.rename(connection, form.cleaned_data["display_name"])
    messages.success(request, "Renamed.")
    return redirect("connections:detail", connection_id)


@writer_required
@require_POST
def disconnect(request: MemberRequest, connection_id: UUID) -> HttpResponse:
    """Give it up: bindings go, secrets are wiped, the provider is told."""
    connection: Connection = one_of(_all(request), pk=connection_id)
    journey.disconnect(connection, by=request.user)
    messages.success(request, f"{connection.integration.provider.name} ({connection.display_name}) is disconnected.")
    return redirect("connections:list")


@member_required
@require_GET
def old_detail(request: MemberRequest, connection_id: UUID) -> HttpResponse:
    """The manage page's former address (contract section 7)."""
    return redirect("connections:detail", connection_id)


def list_page(
    request: MemberRequest, *, form: RequestForm | None = None, asking: bool = False, status: int = 200
) -> HttpResponseBase:
    """The Connections page. With `asking`, its form for a provider that is not there is open."""
    look = Look(words=request.GET.get("q", "").strip(), category=request.GET.get("category", ""))
    mine = list(_live(request))
    shelves = shelved(mine, look)
    context = {
        "mine": mine,
        "look": look,
        "shelves": shelves,
        "categories": categories(shelves),
        "found": any(shelf.shown for shelf in shelves),
        "requests": [(row, may_withdraw(row, request.membership)) for row in shown(request.tenant)],
        "form": form or RequestForm(initial={"name": look.words}),
        "asking": asking,
    }
    return TemplateResponse(request, "connections/list.html", context, status=status)


def _all(request: MemberRequest) -> QuerySet[Connection]:
    rows = Connection.objects.of(request.tenant).select_related("integration")
    return rows.prefetch_related("bindings__app__deployment")


def _live(request: MemberRequest) -> QuerySet[Connection]:
    return _all(request).filter(status__in=Connection.LIVE)
