"""A Python tool's virtual environment, made with uv."""

import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from django.conf import settings

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, folders

PATIENCE = 600.0  # seconds for one run of uv
TAIL = 40  # lines of output that a failure shows
STAMP = "vendo-stamp"
# What uv may see of our environment: installing runs code of strangers, and our keys are in there.
PASSED = re.compile(r"(UV|PIP|SSL|XDG)_\w+|(https?|all|no)_proxy|PATH|HOME|USER|TMPDIR|LANG|LC_ALL", re.IGNORECASE)
LOGIN = re.compile(r"(?<=://)[^/@\s]+@")


def install(deployment: Deployment, proceed: Callable[[], None]) -> str:
    """Have a virtual environment with the tool's requirements; returns what was done.

    A new environment is made beside the old one and then linked into place, so that a worker that was given up
    and its successor never write to the same one. `proceed` is called while waiting and may raise.
    """
    requirements = folders.code(deployment) / "requirements.txt"
    wheel = _sdk_wheel(proceed) if requirements.exists() else None
    stamp = _stamp(requirements, wheel)
    link = folders.venv(deployment)
    if _read(link / STAMP) == stamp and (link / "bin" / "python").exists():
        return "Packages were in place already."
    fresh = folders.release(deployment) / "venvs" / secrets.token_hex(4)
    fresh.parent.mkdir(exist_ok=True)
    try:
        _uv(
            ["venv", "--python", sys.executable, str(fresh)],
            proceed,
            "The tool's Python environment could not be made.",
        )
        if requirements.exists():
            _install(fresh, requirements, wheel, proceed)
        (fresh / STAMP).write_text(stamp)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _switch(link, fresh)
    return (
        "Installed requirements.txt." if requirements.exists() else "Made an environment; there is no requirements.txt."
    )


def _install(venv: Path, requirements: Path, wheel: Path | None, proceed: Callable[[], None]) -> None:
    command = ["pip", "install", "--python", str(venv / "bin" / "python"), "--requirement", requirements.name]
    if wheel:
        # An override, not only a place to look: a package that takes our SDK's name on an index must never win.
        overrides = venv / "vendo-overrides.txt"
        overrides.write_text(f"vendo{_extras(requirements.read_text())} @ {wheel.as_uri()}\n")
        command += ["--overrides", str(overrides)]
    _uv(command, proceed, "Installing requirements.txt failed.", folder=requirements.parent)


def _extras(requirements: str) -> str:
    """The extras of our SDK that a tool asks for (`[http]`): an override that does not repeat them drops them."""
    found = re.search(r"^\s*vendo\s*(\[[\w\s,-]*\])", requirements, re.MULTILINE | re.IGNORECASE | re.ASCII)
    return found[1] if found else ""


def _switch(link: Path, fresh: Path) -> None:
    """Point the link at the new environment at once, and remove those it replaces."""
    draft = link.with_name(f".{fresh.name}")
    draft.symlink_to(fresh.relative_to(link.parent))
    draft.replace(link)
    for old in fresh.parent.iterdir():
        if old != fresh:
            shutil.rmtree(old, ignore_errors=True)


def _sdk_wheel(proceed: Callable[[], None]) -> Path | None:
    """Our SDK as tools get it; built here where the bootstrap did not. None where this clone has no SDK."""
    wheels, source = Path(settings.DATA_DIR) / "wheels", Path(settings.BASE_DIR) / "sdk" / "python"
    if not (found := _newest(wheels)) and source.is_dir():
        command = ["build", "--wheel", "--no-build-isolation", "--out-dir", str(wheels), str(source)]
        _uv(command, proceed, "The vendo package for tools could not be built.", {"VIRTUAL_ENV": sys.prefix})
        found = _newest(wheels)
    return found


def _newest(wheels: Path) -> Path | None:
    return max(wheels.glob("vendo-*.whl"), key=lambda wheel: wheel.stat().st_mtime, default=None)


def _stamp(requirements: Path, wheel: Path | None) -> str:
    """Changes when an environment made now would differ."""
    listed = requirements.read_bytes() if requirements.exists() else b""
    built = f"{wheel.name} {wheel.stat().st_mtime_ns}" if wheel else ""
    return hashlib.sha256(b"\0".join([listed, built.encode(), sys.version.encode()])).hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _uv(
    arguments: list[str],
    proceed: Callable[[], None],
    sorry: str,
    extra: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
) -> None:
    """Run uv to its end. Raises `RuntimeFailed` that begins with `sorry`, and what `proceed` raises."""
    ours = {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}
    environment = ours | {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"} | dict(extra or {})
    with tempfile.TemporaryFile() as output:
        command = [sys.executable, "-m", "uv", *arguments]
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
        try:
            code = _wait(process, proceed)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code != 0:
            raise _failure(sorry, code, output)


def _wait(process: subprocess.Popen[bytes], proceed: Callable[[], None]) -> int | None:
    """The exit code, or None when patience ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        proceed()
        try:
            return process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue
    return None


def _failure(sorry: str, code: int | None, output: IO[bytes]) -> RuntimeFailed:
    output.seek(0)
    # An index's address may carry a login.
    lines = LOGIN.sub("", output.read().decode(errors="replace")).strip().splitlines()[-TAIL:]
    if code is None:
        return RuntimeFailed(
            f"{sorry} It took longer than {PATIENCE / 60:.0f} minutes.",
            "Check the network, then retry.",
            "\n".join(lines),
        )
    return RuntimeFailed(
        sorry,
        "Read what the installer said below. If it names a package, mend requirements.txt and publish a new version; "
        "if the network failed, retry.",
        "\n".join(lines),
    )
