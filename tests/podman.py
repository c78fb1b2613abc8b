"""A container engine for tests that start it, beside whatever engine the machine has.

    with podman() as docker_host:
        ...

    with apart() as enter, podman(enter) as docker_host:
        subprocess.run([*enter, "docker", "run", "--publish", "80:80", …])

Debian's podman serves the Docker Engine API. `bin/test` installs it where it can; elsewhere these tests are skipped.
"""

import contextlib
import functools
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests import python_image
from tests.services import MissingProgram, _first, _folder, _run_as, _server

PYTHON_IMAGE = "localhost/vendo-test-python:latest"


def programs() -> Sequence[Callable[[], str]]:
    """Looks for what a container engine consists of, each of which raises `MissingProgram`."""
    named = [
        ("podman", "podman", []),
        ("runc", "runc", []),
        ("conmon", "conmon", []),
        ("iptables", "iptables", ["/usr/sbin/iptables"]),
        ("ip", "iproute2", ["/usr/sbin/ip"]),
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
def apart() -> Iterator[list[str]]:
    """A network of its own, with nothing in it yet; yields the start of a command line that enters it.

    For engines whose containers do not share our network. Interfaces that come and go make Chromium break off what
    other tests are loading, and rules of the kernel outlive tests that are killed.
    """
    command = ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=_with_sbin()) as keeper:
        try:
            if not (keeper.stdout and keeper.stdout.readline()):
                raise RuntimeError("Linux makes no network for us.")
            yield ["nsenter", f"--net=/proc/{keeper.pid}/ns/net"]
        finally:
            keeper.kill()


@contextlib.contextmanager
def podman(enter: Sequence[str] = ()) -> Iterator[str]:
    """A container engine of its own, with the image `PYTHON_IMAGE`; yields its DOCKER_HOST.

    Nobody else's containers or images are seen or touched, and its own are gone afterwards. `enter` is what `apart`
    gave; without it containers must share our network.
    """
    with _folder("vendo-podman-") as folder:
        command, environment = _podman(folder)
        command = [*enter, *command]
        python_image.write(folder / "python.tar")
        _run_as(None, [*command, "import", "--quiet", folder / "python.tar", PYTHON_IMAGE], environment)
        (folder / "python.tar").unlink()
        address = folder / "podman.sock"
        serve = [*command, "system", "service", "--time", "0", f"unix://{address}"]
        try:
            with _server(serve, folder, lambda: _connect(address), environment=environment):
                yield f"unix://{address}"
        finally:
            _run_as(None, [*command, "rm", "--all", "--force", "--time", "0"], environment)
            _run_as(None, [*command, "volume", "prune", "--force"], environment)


def _program(name: str, package: str, elsewhere: Sequence[str]) -> str:
    found = _first([name, *elsewhere])
    if not found:
        raise MissingProgram(name, package, "elsewhere: tests with containers are skipped")
    return found


def _podman(folder: Path) -> tuple[list[object], dict[str, str]]:
    """How to call a podman that keeps everything in the folder, on machines that grant little."""
    networks = folder / "networks"
    networks.mkdir()
    (folder / "containers.conf").write_text(
        "[containers]\ndefault_ulimits = []\n"
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{networks}"\n'
    )
    command: list[object] = [
        "podman",
        "--root",
        folder / "root",
        "--runroot",
        folder / "run",
        "--tmpdir",
        folder / "tmp",
    ]
    return command, {**_with_sbin(), "CONTAINERS_CONF": str(folder / "containers.conf")}


def _with_sbin() -> dict[str, str]:
    """Our environment, in which programs of operators are found, too."""
    return {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}


def _connect(address: Path) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        probe.connect(str(address))
