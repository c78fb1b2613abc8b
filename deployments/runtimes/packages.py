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
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, folders, users

PATIENCE = 600.0  # seconds for one run of uv
TAIL = 40  # lines of output that a failure shows
# What uv may see of our environment: installing runs code of strangers, and our keys are in there.
PASSED = re.compile(r"(UV|PIP|SSL|XDG)_\w+|(https?|all|no)_proxy|PATH|HOME|USER|TMPDIR|LANG|LC_ALL", re.IGNORECASE)
LOGIN = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as whom an environment is made. Another user than ours has its own cache: nobody poisons another's."""

    home: Path
    user: int | None

    @property
    def environment(self) -> dict[str, str]:
        """What that changes for uv."""
        return {} if self.user is None else {"HOME": str(self.home), "UV_CACHE_DIR": str(self.home / ".cache" / "uv")}


def install(deployment: Deployment, proceed: Callable[[], None], user: int | None = None) -> str:
    """Have a virtual environment with the tool's requirements; returns what was done.

    `user` makes it, since what is installed may bring programs of strangers that run then.

    A new environment is made beside the old one and then linked into place, so that a worker that was given up
    and its successor never write to the same one. `proceed` is called while waiting and may raise.
    """
    requirements = folders.code(deployment) / "requirements.txt"
    wheel = sdk_wheel(proceed) if requirements.exists() else None
    link, stamp = folders.venv(deployment), stamp_of(requirements, wheel, sys.version)
    if is_stamped(link, stamp) and (link / "bin" / "python").exists():
        return "Packages were in place already."
    fresh = folders.venvs(deployment) / secrets.token_hex(4)
    fresh.parent.mkdir(exist_ok=True, mode=0o700)
    users.hand_over(deployment, user)
    place = Place(folders.private(deployment), user)
    try:
        _uv(
            ["venv", "--python", sys.executable, str(fresh)],
            proceed,
            "The tool's Python environment could not be made.",
            place=place,
        )
        if requirements.exists():
            _install(fresh, requirements, wheel, proceed, place)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    switch(link, fresh, stamp)
    return (
        "Installed requirements.txt." if requirements.exists() else "Made an environment; there is no requirements.txt."
    )


def _install(venv: Path, requirements: Path, wheel: Path | None, proceed: Callable[[], None], place: "Place") -> None:
    command = ["pip", "install", "--python", str(venv / "bin" / "python"), "--requirement", requirements.name]
    if wheel:
        # An override, not only a place to look: a package that takes our SDK's name on an index must never win.
        overrides = requirements.parent.parent / "overrides.txt"
        overrides.write_text(f"vendo{extras(requirements.read_text())} @ {wheel.as_uri()}\n")
        overrides.chmod(0o644)
        command += ["--overrides", str(overrides)]
    _uv(command, proceed, "Installing requirements.txt failed.", folder=requirements.parent, place=place)


def extras(requirements: str) -> str:
    """The extras of our SDK that a tool asks for (`[http]`): an override that does not repeat them drops them."""
    found = re.search(r"^\s*vendo\s*(\[[\w\s,-]*\])", requirements, re.MULTILINE | re.IGNORECASE | re.ASCII)
    return found[1] if found else ""


def is_stamped(link: Path, stamp: str) -> bool:
    """Whether the environment behind the link was made with that stamp."""
    return _read(_stamp_file(link)) == f"{stamp} {link.resolve().name}"


def switch(link: Path, fresh: Path, stamp: str) -> None:
    """Point the link at the new environment at once, and remove those it replaces."""
    draft = link.with_name(f".{fresh.name}")
    draft.symlink_to(fresh.relative_to(link.parent))
    draft.replace(link)
    _stamp_file(link).write_text(f"{stamp} {fresh.name}")
    for old in fresh.parent.iterdir():
        if old != fresh:
            shutil.rmtree(old, ignore_errors=True)


def _stamp_file(link: Path) -> Path:
    """Beside the link and not in the environment, which is the tool's own."""
    return link.with_name("venv-stamp")


def sdk_wheel(proceed: Callable[[], None]) -> Path | None:
    """Our SDK as tools get it; built here where the bootstrap did not. None where this clone has no SDK."""
    wheels, source = Path(settings.DATA_DIR) / "wheels", Path(settings.BASE_DIR) / "sdk" / "python"
    if not (found := _newest(wheels)) and source.is_dir():
        command = ["build", "--wheel", "--no-build-isolation", "--out-dir", str(wheels), str(source)]
        _uv(command, proceed, "The vendo package for tools could not be built.", {"VIRTUAL_ENV": sys.prefix})
        found = _newest(wheels)
    return found


def _newest(wheels: Path) -> Path | None:
    return max(wheels.glob("vendo-*.whl"), key=lambda wheel: wheel.stat().st_mtime, default=None)


def stamp_of(requirements: Path, wheel: Path | None, python: str) -> str:
    """Changes when an environment made now would differ."""
    listed = requirements.read_bytes() if requirements.exists() else b""
    built = f"{wheel.name} {wheel.stat().st_mtime_ns}" if wheel else ""
    return hashlib.sha256(b"\0".join([listed, built.encode(), python.encode()])).hexdigest()


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
    place: "Place | None" = None,
) -> None:
    """Run uv to its end. Raises `RuntimeFailed` that begins with `sorry`, and what `proceed` raises."""
    environment = (
        passed(PASSED) | {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"} | dict(extra or {})
    )
    environment |= place.environment if place else {}
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
            **users.identity(place.user if place else None),
        )
        try:
            code = _wait(process, proceed)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code != 0:
            raise failure(sorry, code, _text(output))


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


def passed(names: re.Pattern[str]) -> dict[str, str]:
    """Those variables of our environment that an installer may see."""
    return {name: value for name, value in os.environ.items() if names.fullmatch(name)}


def _text(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace")


def failure(sorry: str, code: int | None, output: str) -> RuntimeFailed:
    """That an installer failed, or (without a code) took too long, with its last lines."""
    # An index's address may carry a login.
    said = "\n".join(LOGIN.sub("", output).strip().splitlines()[-TAIL:])
    if code is None:
        return RuntimeFailed(
            f"{sorry} It took longer than {PATIENCE / 60:.0f} minutes.", "Check the network, then retry.", said
        )
    return RuntimeFailed(
        sorry,
        "Read what the installer said below. If it names a package, mend requirements.txt and publish a new version; "
        "if the network failed, retry.",
        said,
    )
