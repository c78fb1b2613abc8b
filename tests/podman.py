"""A container engine for tests that start it, beside whatever engine the machine has.

    with podman() as docker_host:
        ...

Debian's podman serves the Docker Engine API. `bin/test` installs it where it can; elsewhere these tests are skipped.
"""

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests import python_image
from tests.services import MissingProgram, _first, _folder, _run_as, _server

PREFIX = "vendo-podman-"  # of each engine's folder
CONFIGURATION = "containers.conf"
PYTHON_IMAGE = "localhost/vendo-test-python:latest"


def programs() -> Sequence[Callable[[], str]]:
    """Looks for what a container engine consists of, each of which raises `MissingProgram`."""
    named = [
        ("podman", "podman", []),
        ("runc", "runc", []),
        ("conmon", "conmon", []),
        ("iptables", "iptables", ["/usr/sbin/iptables"]),
        ("netavark", "netavark", ["/usr/lib/podman/netavark", "/usr/libexec/podman/netavark"]),
    ]
    return [functools.partial(_program, name, package, elsewhere) for name, package, elsewhere in named]


def obstacle() -> str:
    """Why this machine has no container engine for tests; "" where it has one."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "Containers of tests run on Linux, as root."
    for look in programs():
        try:
            look()
        except MissingProgram as missing:
            return str(missing)
    return ""


@contextlib.contextmanager
def podman() -> Iterator[str]:
    """A container engine of its own, with the image `PYTHON_IMAGE`; yields its DOCKER_HOST.

    Nobody else's containers, images or networks are seen or touched, and its own are gone afterwards. Where the tests
    are killed, the next engine clears away what this one had: its rules in the kernel send a port into the void.
    """
    with _folder(PREFIX) as folder, _held(folder):
        for left in folder.parent.glob(f"{PREFIX}*"):
            _clear(left)
        command, environment = _podman(folder)
        python_image.write(folder / "python.tar")
        _run_as(None, [*command, "import", "--quiet", folder / "python.tar", PYTHON_IMAGE], environment)
        (folder / "python.tar").unlink()
        address = folder / "podman.sock"
        serve = [*command, "system", "service", "--time", "0", f"unix://{address}"]
        try:
            with _server(serve, folder, lambda: _connect(address), environment=environment):
                yield f"unix://{address}"
        finally:
            _empty(folder)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Somebody uses that folder, until the end or the death of this process."""
    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _clear(left: Path) -> None:
    """Take away an engine whose tests are dead; leaves those alone that are in use, or just being made."""
    with contextlib.suppress(OSError):  # in use, or gone meanwhile
        place = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if (left / CONFIGURATION).exists():
                _empty(left)
                shutil.rmtree(left)
        finally:
            os.close(place)


def _empty(folder: Path) -> None:
    """No container, volume, mount or network of the engine in that folder is left."""
    command, environment = _call(folder)
    _run_as(None, [*command, "rm", "--all", "--force", "--time", "0"], environment)
    _run_as(None, [*command, "volume", "prune", "--force"], environment)
    for undo in (["ip", "link", "delete", _bridge(folder)], ["umount", str(folder / "root" / "overlay")]):
        with contextlib.suppress(FileNotFoundError):  # what stays without these programs does no harm
            subprocess.run(undo, capture_output=True, check=False)


def _program(name: str, package: str, elsewhere: Sequence[str]) -> str:
    found = _first([name, *elsewhere])
    if not found:
        raise MissingProgram(name, package, "elsewhere: tests with containers are skipped")
    return found


def _podman(folder: Path) -> tuple[list[object], dict[str, str]]:
    """How to call a podman that keeps everything in the folder, on machines that grant little; configures it."""
    networks = folder / "networks"
    networks.mkdir()
    (folder / CONFIGURATION).write_text(
        "[containers]\ndefault_ulimits = []\n"
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{networks}"\n'
    )
    # Its default network, under a name and with addresses that no other engine of this machine has.
    digest = hashlib.sha256(os.fsencode(folder)).digest()
    own = f"10.{64 + digest[0] % 64}.{digest[1]}"
    subnet = {"subnet": f"{own}.0/24", "gateway": f"{own}.1"}
    network = {
        "name": "podman",
        "id": digest.hex(),
        "driver": "bridge",
        "network_interface": _bridge(folder),
        "created": "2026-01-01T00:00:00Z",
        "subnets": [subnet],
        "ipv6_enabled": False,
        "internal": False,
        "dns_enabled": False,
        "ipam_options": {"driver": "host-local"},
    }
    (networks / "podman.json").write_text(json.dumps(network))
    return _call(folder)


def _call(folder: Path) -> tuple[list[object], dict[str, str]]:
    """How to call the podman of a folder: the start of its command line, and its environment."""
    places = {"--root": folder / "root", "--runroot": folder / "run", "--tmpdir": folder / "tmp"}
    command: list[object] = ["podman", *(part for place in places.items() for part in place)]
    return command, {**os.environ, "CONTAINERS_CONF": str(folder / CONFIGURATION)}


def _bridge(folder: Path) -> str:
    """The name of the engine's network interface: a process of tests may have two engines at a time."""
    return f"vt{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}"


def _connect(address: Path) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        probe.connect(str(address))
