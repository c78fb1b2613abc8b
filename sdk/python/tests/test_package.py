from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

import vendo
from vendo import AsyncVendo, Vendo, aio

PROJECT = Path(__file__).parent.parent
SHORTCUTS = ["connect_url", "invalidate", "is_vendo_mode", "token", "tokens"]


def test_imports_the_standard_library_only() -> None:
    program = f"""
        import sys
        before = set(sys.modules)
        sys.path.insert(0, {str(PROJECT / "src")!r})
        import vendo, vendo.aio, vendo.errors
        names = {{name.partition(".")[0] for name in set(sys.modules) - before}}
        foreign = names - {{"vendo"}} - set(sys.stdlib_module_names)
        sys.exit(f"not ours: {{foreign}}" if foreign else 0)
    """
    subprocess.run([sys.executable, "-I", "-S", "-W", "error", "-c", textwrap.dedent(program)], check=True)


def test_shortcuts_are_the_methods() -> None:
    assert sorted(aio.__all__) == SHORTCUTS
    for name in SHORTCUTS:
        for module, client in ((vendo, Vendo), (aio, AsyncVendo)):
            shortcut, method = getattr(module, name), getattr(client, name)
            expected = list(inspect.signature(method).parameters.values())[1:]
            assert list(inspect.signature(shortcut).parameters.values()) == expected
            assert inspect.iscoroutinefunction(shortcut) == inspect.iscoroutinefunction(method)


def test_everything_public_is_exported_and_explained() -> None:
    public = {name for name in vars(vendo) if not name.startswith("_")} - {"client", "annotations", "Iterable"}
    assert public | {"__version__"} == set(vendo.__all__)
    for thing in (Vendo, AsyncVendo, *(getattr(vendo, name) for name in SHORTCUTS)):
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
    assert {"vendo/py.typed", "vendo/__init__.py", "vendo/aio.py", "vendo/errors.py"} <= set(names)
    assert all(name.startswith(("vendo/", "vendo-")) for name in names)
    assert "Requires-Dist" not in metadata
