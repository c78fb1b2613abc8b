"""Connections to providers, those of each tenant apart."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from uuid import uuid4

import pytest

from connections.models import Connection
from deployments import bindings, keys, outlets
from deployments.outlets import Outlets
from deployments.projects import create_project
from tenants.models import Tenant
from tests.deployments.proxy.asking import Ask
from tests.servers import Seen, Upstream


def reply_and_more(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
    """An answer, and in the same breath one that nobody has asked for yet."""
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text) for text in (b"mine", b"poison")]
    handler.wfile.write(b"".join(answers) if "poison" in seen.target else answers[0])


@pytest.mark.django_db(transaction=True)
def test_what_lies_behind_an_answer_never_reaches_another_tenant(
    ask: Ask, api: Upstream, other_tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    stranger = create_project(other_tenant, "Elsewhere")
    bindings.bind(stranger, make_connection(other_tenant, "notion"))
    theirs = f"Bearer {keys.mint(stranger, 'k')[1]}"
    api.reply = reply_and_more
    for _ in range(3):
        assert ask(path="/poison")[2] in {b"mine", b"poison"}  # whoever has such a provider has it for themselves
        assert ask(path="/plain", authorization=theirs)[2] == b"mine"


@pytest.mark.asyncio
async def test_connections_are_kept_for_the_tenants_of_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlets, "IDLE", 2)
    ours = Outlets()
    busy, early, *late = [uuid4() for _ in range(5)]
    async with ours.of(busy) as one:
        async with ours.of(early) as gone:
            pass
        for tenant in late:
            async with ours.of(tenant):
                pass
    async with ours.of(busy) as same, ours.of(early) as new:
        assert same is one  # it was in use while the others came and went
        assert new is not gone
    await ours.aclose()
