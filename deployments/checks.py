"""What must be so before any process of ours starts."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from deployments import runtimes
from deployments.runtimes import engine, users


@register
def runtime(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """`VENDO_RUNTIME` names a runtime, and the container engine answers where that is needed."""
    return list(_runtime())


def _runtime() -> Iterator[CheckMessage]:
    if settings.RUNTIME not in {runtimes.PROCESS, runtimes.DOCKER}:
        yield Error(
            f"VENDO_RUNTIME is {settings.RUNTIME!r}.", hint='Set it to "process" or "docker".', id="deployments.E001"
        )
    elif settings.RUNTIME == runtimes.DOCKER and (reason := engine.obstacle()):
        remedy = engine.unreachable().remedy.removesuffix("; then retry.")
        yield Error(
            f"VENDO_RUNTIME is docker, and {reason[0].lower()}{reason[1:]}",
            hint=f"{remedy}. Without containers: VENDO_RUNTIME=process.",
            id="deployments.E002",
        )
    if (wish := settings.TOOL_USERS) not in {users.AUTO, users.NONE} and not users.is_range(wish):
        yield Error(
            f"VENDO_TOOL_USERS is {wish!r}.",
            hint='Set it to "auto", "none" or a range of user ids like "700000-759999".',
            id="deployments.E003",
        )
