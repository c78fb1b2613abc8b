"""Waiting for a provider to renew a token, in front of Django, without making anybody else wait.

A provider may take half a minute to say nothing. So these waits have threads of their own; a connection takes one of
them, however many requests want its token; and a workspace takes a few.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from connections.credentials import Token
from connections.models import Connection
from deployments.asgi_door import in_thread
from deployments.errors import ApiError

THREADS = ThreadPoolExecutor(64, thread_name_prefix="renewals")
OF_ONE_TENANT = 8  # connections that wait at the same moment

# Which renewals are one: the event loop, the connection, and the token that was rejected, if one was.
type Which = tuple[asyncio.AbstractEventLoop, UUID, str]


class Renewals:
    """Those under way, by what makes two of them one."""

    def __init__(self) -> None:
        self._under_way: dict[Which, tuple[UUID, asyncio.Task[Token]]] = {}

    async def __call__(self, renew: Callable[..., Token], connection: Connection, *rejected: str) -> Token:
        """What `renew(connection, *rejected)` returns or raises, for all who ask for it while it is under way.

        It goes on when they are gone: the renewed token serves the next request. Raises `ApiError` `rate_limited`.
        """
        which = (asyncio.get_running_loop(), connection.pk, "".join(rejected))
        if which not in self._under_way:
            self._start(which, connection.tenant_id, renew, connection, *rejected)
        return await asyncio.shield(self._under_way[which][1])

    def _start(self, which: Which, tenant: UUID, renew: Callable[..., Token], *args: object) -> None:
        if sum(theirs == tenant for theirs, _ in self._under_way.values()) >= OF_ONE_TENANT:
            message = "Too many tokens of this workspace are being renewed at this moment. Try again."
            raise ApiError("rate_limited", message, retry_after=5)
        task = asyncio.ensure_future(in_thread(renew, *args, executor=THREADS))
        self._under_way[which] = tenant, task
        task.add_done_callback(lambda _: self._over(which))

    def _over(self, which: Which) -> None:
        _, task = self._under_way.pop(which)
        # Looked at here too, since all who wanted to know may be gone.
        if not task.cancelled():
            task.exception()
