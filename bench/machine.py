"""On what the figures were made: nothing that names this very machine."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from tests import services

PACKAGES = ("django", "uvicorn", "uvloop", "httptools", "psycopg", "channels-redis")


def facts() -> dict[str, str]:
    """Processor, memory, system, and the versions that matter."""
    return {
        "processor": _processor(),
        "cores": str(os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "system": _system(),
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "PostgreSQL": _says(services.postgres_programs() / "postgres"),
        "Redis": _says(services.redis_path()),
    }


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), flags=re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _says(program: Path | str) -> str:
    """The first number with a dot in what a program calls its version."""
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"\d+(?:\.\d+)+", done.stdout)
    return found[0] if found else "unknown"
