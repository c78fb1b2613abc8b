from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import textwrap
import venv
import zipfile
from pathlib import Path

import pytest

import vendo
from vendo import AsyncVendo, Vendo, aio

PROJECT = Path(__file__).parent.parent
SHORTCUTS = [
    "connect_url",
    "for_request",
    "for_user",
    "invalidate",
    "is_vendo_mode",
    "session",
    "token",
    "tokens",
]
NAMESPACES = ["connections", "data", "events", "integrations", "webhooks"]
TYPES = ["Connection", "EnvBootstrap", "EnvVar", "Event", "Integration", "WebhookEvent"]
MODULES = ["aio", "deployment", "errors", "reconciler", "testing"]


def test_imports_the_standard_library_only() -> None:
    program = f"""
        import sys
        before = set(sys.modules)
        sys.path.insert(0, {str(PROJECT / "src")!r})
        import {", ".join(f"vendo.{name}" for name in MODULES)}
        names = {{name.partition(".")[0] for name in set(sys.modules) - before}}
        foreign = names - {{"vendo"}} - set(sys.stdlib_module_names)
        sys.exit(f"not ours: {{foreign}}" if foreign else 0)
    """
    subprocess.run([sys.executable, "-I", "-S", "-W", "error", "-c", textwrap.dedent(program)], check=True)


def test_shortcuts_are_the_methods() -> None:
    assert sorted(aio.__all__) == sorted(SHORTCUTS + NAMESPACES)
    for name in SHORTCUTS:
        for module, client in ((vendo, Vendo), (aio, AsyncVendo)):
            shortcut, method = getattr(module, name), getattr(client, name)
            expected = list(inspect.signature(method).parameters.values())[1:]
            assert list(inspect.signature(shortcut).parameters.values()) == expected
            assert inspect.iscoroutinefunction(shortcut) == inspect.iscoroutinefunction(method)


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_namespace_has_the_same_words_everywhere(name: str) -> None:
    blocking, waiting = type(getattr(vendo, name)), type(getattr(aio, name))
    assert type(getattr(Vendo("byok"), name)) is blocking
    assert type(getattr(AsyncVendo("byok"), name)) is waiting
    for word in words(blocking) | words(waiting):
        theirs = [inspect.signature(getattr(kind, word)) for kind in (blocking, waiting)]
        assert theirs[0].parameters == theirs[1].parameters
        assert inspect.getdoc(getattr(blocking, word))


def words(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_everything_public_is_exported_and_explained() -> None:
    here = {"__version__", "AsyncVendo", "Vendo", *(set(MODULES) - {"testing"}), *SHORTCUTS, *NAMESPACES, *TYPES}
    assert set(vendo.__all__) == here
    for thing in (Vendo, AsyncVendo, *(getattr(vendo, name) for name in (*SHORTCUTS, *NAMESPACES, *TYPES))):
        assert inspect.getdoc(thing)


def test_builds_a_typed_wheel_without_requirements(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("vendo-*.whl")
    assert wheel.name == f"vendo-{vendo.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(f"vendo-{vendo.__version__}.dist-info/METADATA").decode()
    assert {f"vendo/{name}.py" for name in ("__init__", *MODULES)} | {"vendo/py.typed"} <= set(names)
    assert all(name.startswith(("vendo/", "vendo-")) for name in names)
    required = re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE)
    assert [line.partition(";")[2].strip() for line in required] == ["extra == 'http'"]


def test_the_wheel_works_alone(tmp_path: Path) -> None:
    """In a fresh environment, with nothing else in it."""
    pytest.importorskip("hatchling")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=PROJECT)
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    python = str(tmp_path / "venv/bin/python")
    run([python, "-m", "pip", "install", "--no-index", *map(str, tmp_path.glob("vendo-*.whl"))])
    program = f"""
        import {", ".join(f"vendo.{name}" for name in MODULES)}
        from importlib.metadata import version
        assert vendo.__version__ == version("vendo")
        with vendo.testing.MockClient() as mock:
            mock.connect("notion", "n")
            print(vendo.token("notion"))
        try:
            vendo.session("notion")
        except ImportError as error:
            print(error)
    """
    told = run([python, "-W", "error", "-c", textwrap.dedent(program)], cwd=tmp_path)
    assert told.splitlines() == [
        "n",
        "session() needs httpx2, which comes with the extra: pip install 'vendo[http]'",
    ]


def run(command: list[str], cwd: Path | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
