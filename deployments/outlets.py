"""The proxy's connections to providers, those of each tenant apart.

What a provider sends beyond the end of an answer lies in wait on the connection, and whoever uses that next takes it
for their own answer. With connections of their own, it can't be another tenant.
"""

import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx2

LIMITS = httpx2.Limits(max_connections=500, max_keepalive_connections=20, keepalive_expiry=15)
IDLE = 50  # tenants whose connections are kept for their next request
# A provider that vanished without a word is noticed by the kernel, also while a stream is silent for hours.
KEEPALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]


class Outlets:
    """Those of one event loop. Transports alone: no cookies, no redirects, no environment."""

    def __init__(self) -> None:
        self._certificates = httpx2.create_ssl_context(trust_env=False)  # read once, which takes its time
        self._of: dict[UUID, httpx2.AsyncHTTPTransport] = {}  # the one used last at the end
        self._used: Counter[UUID] = Counter()

    @asynccontextmanager
    async def of(self, tenant_id: UUID) -> AsyncIterator[httpx2.AsyncHTTPTransport]:
        """The tenant's, for one request."""
        if tenant_id not in self._of:
            self._of[tenant_id] = httpx2.AsyncHTTPTransport(
                verify=self._certificates, limits=LIMITS, trust_env=False, socket_options=KEEPALIVE
            )
        self._used[tenant_id] += 1
        try:
            yield self._of[tenant_id]
        finally:
            self._used -= Counter([tenant_id])  # which forgets it at zero
            if outlet := self._of.pop(tenant_id, None):  # not after `aclose`
                self._of[tenant_id] = outlet
            await self._forget()

    async def aclose(self) -> None:
        """Close all of them."""
        outlets, self._of = self._of, {}
        for outlet in outlets.values():
            await outlet.aclose()

    async def _forget(self) -> None:
        """Close those of tenants who have not asked for the longest time, and ask nothing now."""
        idle = [tenant_id for tenant_id in self._of if tenant_id not in self._used]
        for outlet in [self._of.pop(tenant_id) for tenant_id in idle[:-IDLE]]:
            await outlet.aclose()
