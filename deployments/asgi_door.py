"""The front door without Django's request cycle, for the addresses where that cycle is most of the cost.

An application here takes what is its own (`takes`), and hands everything else to the one behind it, which ends with
Django. Refusals and crashes leave in the same envelope as from `front_door`.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpResponse

from deployments import front_door
from deployments.errors import ApiError, render
from deployments.models import ApiKey

# As asgiref and Django type them.
type Scope = dict[str, Any]
type Message = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Threads of our own: Django runs all its views in one (`thread_sensitive`), and streams must not queue up behind them.
THREADS = ThreadPoolExecutor(16, thread_name_prefix="asgi-door")


class Door(ABC):
    """One address, or one tree of them, answered in front of `behind`."""

    def __init__(self, behind: Application) -> None:
        self.behind = behind

    @abstractmethod
    def takes(self, scope: Scope) -> bool:
        """Whether this HTTP request is for us. Asked for every request, so it looks at little."""

    @abstractmethod
    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it. May raise `ApiError` as long as nothing was sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or not self.takes(scope):
            await self.behind(scope, receive, send)
            return
        started = False

        async def noting_the_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.answer(scope, receive, noting_the_start)
        except ApiError as error:
            await send_response(send, render(error))
        except Exception as error:
            refusal = front_door.crashed(error, scope["method"], scope["path"])
            if started:
                raise  # too late for an answer: the server cuts the connection, which tells the client
            await send_response(send, render(refusal))


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that name (lower case), or None."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


async def identify(scope: Scope) -> ApiKey:
    """The usable key that was sent. Raises `ApiError` as `front_door.identify` does."""
    address = (scope.get("client") or ("",))[0]
    return await in_thread(front_door.identify, header(scope, b"authorization") or "", address)


async def in_thread[*A, T](work: Callable[[*A], T], *args: *A, executor: ThreadPoolExecutor = THREADS) -> T:
    """Run what talks to the database, in a thread that gives its connection back.

    What may wait for somebody else than the database brings an `executor` of its own: all doors share this one.
    """

    def run() -> T:
        close_old_connections()
        try:
            return work(*args)
        finally:
            close_old_connections()

    return await sync_to_async(run, thread_sensitive=False, executor=executor)()


async def send_response(send: Send, response: HttpResponse) -> None:
    """A whole Django response, over ASGI."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
