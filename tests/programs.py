"""The programs that tests and benchmarks start, and how a Debian machine gets those it lacks."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

from tests import podman, services

type Look = Callable[[], object]  # raises `MissingProgram`

OF_TESTS: Sequence[Look] = (
    services.chromium_path,
    services.node_path,
    services.postgres_programs,
    services.redis_path,
    services.wrk_path,
)
# Without these, tests with containers are skipped.
OF_CONTAINERS: Sequence[Look] = podman.programs()
OF_BENCHMARKS: Sequence[Look] = (services.postgres_programs, services.redis_path, services.wrk_path)


def install_missing(wanted: Sequence[Look]) -> None:
    """On Debian, as root or where sudo asks for no password: installs them. Elsewhere: ends with what to install."""
    absent = missing(wanted)
    if absent and install([problem.package for problem in absent]):
        absent = missing(wanted)
    if absent:
        sys.exit("This needs programs that are not here:\n" + "\n".join(f"  {problem}" for problem in absent))


def install_if_possible(wanted: Sequence[Look]) -> None:
    """The same for what one can do without: elsewhere, nothing happens."""
    if sys.platform == "linux" and (absent := missing(wanted)):
        install([problem.package for problem in absent])


def missing(wanted: Sequence[Look]) -> list[services.MissingProgram]:
    """What this machine lacks."""
    found = []
    for look in wanted:
        try:
            look()
        except services.MissingProgram as problem:
            found.append(problem)
    return found


def install(packages: list[str]) -> bool:
    """With apt, if we may."""
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (
        as_root and subprocess.run([*as_root, "true"], capture_output=True, check=False).returncode
    ):
        return False
    print(f"Installing: {', '.join(packages)}", flush=True)  # noqa: T201  (commands call this)
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    subprocess.run([*apt, "update"], check=False, stdin=subprocess.DEVNULL)
    done = subprocess.run(
        [*apt, "install", "--yes", "--no-install-recommends", *packages], check=False, stdin=subprocess.DEVNULL
    )
    return done.returncode == 0
