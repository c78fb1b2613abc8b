"""What a tool may use up of the machine (docs/operating.md, `VENDO_TOOL_…`)."""

import re
import resource
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def apply(*, own_user: bool) -> None:
    """Limit this process and its children. No core dumps in any case: they would hold the tool's secrets."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, settings.TOOL_FILES)
    if memory := memory_bytes():
        # What a process has written to, which is its own use, and not what it merely reserved.
        _limit(resource.RLIMIT_DATA, memory)
    if own_user:
        # Counted for a user, so without one of its own the tool would pay for all the others.
        _limit(resource.RLIMIT_NPROC, settings.TOOL_PROCESSES)


def memory_bytes() -> int:
    """`VENDO_TOOL_MEMORY` in bytes; 0 where there is no limit."""
    text = settings.TOOL_MEMORY.strip().lower()
    found = re.fullmatch(r"(\d+)\s*([kmg]?)b?", text or "0")
    if not found:
        raise ImproperlyConfigured('VENDO_TOOL_MEMORY must be a size like "512m".')
    return int(found[1]) * UNITS[found[2]]


def _limit(kind: int, wanted: int) -> None:
    """A limit that is lower already stays."""
    _, hard = resource.getrlimit(kind)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(OSError, ValueError):  # a system that doesn't know the limit
        resource.setrlimit(kind, (most, most))
