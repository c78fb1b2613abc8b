"""Ports for tools of the process runtime: one each, out of `VENDO_TOOL_PORTS`."""

import socket
from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction

from deployments.models import Deployment


class NoFreePort(Exception):
    """Every port of the range is taken."""


def allot(deployment: Deployment) -> int:
    """A port that no other deployment has and that nothing listens on, written to the row. Raises `NoFreePort`."""
    for port in _range():
        if Deployment.everyone.filter(port=port).exists() or busy(port):
            continue
        try:
            with transaction.atomic():
                Deployment.everyone.filter(pk=deployment.pk).update(port=port)
        except IntegrityError:
            continue  # another deployment was given it between our look and our write
        deployment.port = port
        return port
    raise NoFreePort


def busy(port: int) -> bool:
    """Whether a process of this machine listens on the port."""
    with socket.socket() as probe:
        # Without this, connections that ended a minute ago would look like a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.TOOL_HOST, port))
        except OSError:
            return True
    return False


def _range() -> Iterator[int]:
    first, _, last = settings.TOOL_PORTS.partition("-")
    try:
        ports = range(int(first), int(last or first) + 1)
    except ValueError:
        ports = range(0)
    if not ports or not 0 < ports[0] <= ports[-1] < 65536:
        raise ImproperlyConfigured('VENDO_TOOL_PORTS must be a range like "8100-8199".')
    yield from ports
