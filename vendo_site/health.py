"""Is it alive, and is it ready?"""

from collections.abc import Callable

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from connections import vault
from tenants.access import public


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, channel layer and vault key each do their work; 503 names the ones that do not, without detail."""
    checks = {"database": _database, "channel_layer": _channel_layer, "vault_key": _vault_key}
    report = {name: _works(check) for name, check in checks.items()}
    ready = all(report.values())
    words = {name: "ok" if ok else "failed" for name, ok in report.items()}
    answer = {"status": "ready" if ready else "not ready"} | words
    return JsonResponse(answer, status=200 if ready else 503)


def _works(check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception:  # noqa: BLE001  (whatever it is, the part is not ready, and the answer must not tell more)
        return False
    return True


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _channel_layer() -> None:
    layer = get_channel_layer()
    async_to_sync(layer.group_send)("readyz", {"type": "nobody.listens"})


def _vault_key() -> None:
    assert vault.decrypt(vault.encrypt("ready", "readyz"), "readyz") == "ready"
