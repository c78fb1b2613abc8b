"""How `bin/bootstrap` finds a Python, on machines made up of a PATH and a home of our own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOO_OLD = "#!/bin/sh\nexit 1\n"  # to the question for its version, an old Python's answer is no
SHIM = "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"
GOOD = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'


class Machine:
    """A folder with `bin` as its only PATH, and a home."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.home = folder / "bin", folder / "home"
        self.bin.mkdir()
        self.home.mkdir()

    def has(self, path: Path, script: str) -> Path:
        """Put a program there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
        return path

    def bootstrap(self, *arguments: str, root: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the one of the clone at `root`."""
        env = {"PATH": str(self.bin), "HOME": str(self.home)} | environment
        return subprocess.run(
            ["/bin/sh", root / "bin/bootstrap", *arguments], env=env, capture_output=True, text=True, check=False
        )

    def finds(self, **environment: str) -> str:
        """The Python it would use."""
        done = self.bootstrap("--find-python", root=ROOT, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_new_enough_python_on_the_path_is_taken(machine: Machine) -> None:
    machine.has(machine.bin / "python3", GOOD)
    assert machine.finds() == sys.executable


def test_a_named_version_goes_before_a_plain_python3_that_is_too_old(machine: Machine) -> None:
    machine.has(machine.bin / "python3", TOO_OLD)
    machine.has(machine.bin / "python3.12", GOOD)
    assert machine.finds() == sys.executable


def test_a_shim_that_does_not_start_hides_nothing(machine: Machine, tmp_path: Path) -> None:
    machine.has(machine.bin / "python3.13", SHIM)
    machine.has(tmp_path / "later" / "python3.13", GOOD)
    assert machine.finds(PATH=f"{machine.bin}:{tmp_path}/later") == sys.executable


def test_with_a_too_old_python_pyenv_is_asked(machine: Machine) -> None:
    machine.has(machine.bin / "python3", TOO_OLD)
    machine.has(machine.home / ".pyenv/versions/3.11.7/bin/python", TOO_OLD)
    installed = machine.has(machine.home / ".pyenv/versions/3.13.0/bin/python", GOOD)
    assert machine.finds() == str(installed)


def test_pyenv_is_found_where_its_variable_says(machine: Machine, tmp_path: Path) -> None:
    installed = machine.has(tmp_path / "elsewhere/versions/3.12.1/bin/python", GOOD)
    assert machine.finds(PYENV_ROOT=str(tmp_path / "elsewhere")) == str(installed)


def test_then_uv_is_asked(machine: Machine) -> None:
    machine.has(machine.bin / "uv", f"#!/bin/sh\necho {sys.executable}\n")
    assert machine.finds() == sys.executable


def test_the_chosen_python_goes_before_all(machine: Machine, tmp_path: Path) -> None:
    machine.has(machine.bin / "python3", TOO_OLD)
    chosen = machine.has(tmp_path / "own/python", GOOD)
    assert machine.finds(PYTHON=str(chosen)) == sys.executable


def test_a_chosen_python_that_does_not_fit_is_refused_by_name(machine: Machine) -> None:
    chosen = machine.has(machine.bin / "python3.9", TOO_OLD)
    done = machine.bootstrap("--find-python", PYTHON=str(chosen))
    assert done.returncode == 1
    assert f"PYTHON is set to '{chosen}'" in done.stderr


def test_without_any_it_says_how_to_get_one(machine: Machine) -> None:
    machine.has(machine.bin / "python3", TOO_OLD)
    done = machine.bootstrap("--find-python")
    assert (done.returncode, done.stdout) == (1, "")
    assert "found no Python 3.12 or newer" in done.stderr
    assert "apt install python3" in done.stderr


def copy_of_the_project(folder: Path) -> Path:
    """As much of a clone as the bootstrap reads."""
    for name in ("bin", "requirements", "sdk"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


def test_when_packages_cannot_be_had_one_sentence_says_so_and_nothing_half_made_counts(
    machine: Machine, tmp_path: Path
) -> None:
    clone = copy_of_the_project(tmp_path / "clone")
    unreachable = {
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/",
        "UV_HTTP_RETRIES": "0",
        "UV_CACHE_DIR": str(tmp_path / "empty"),
    }
    uv = Path(sys.executable).parent / "uv"
    machine.has(machine.bin / "uv", f'#!/bin/sh\nexec "{uv}" "$@"\n')
    done = machine.bootstrap(root=clone, PYTHON=sys.executable, PATH=f"{machine.bin}:{os.defpath}", **unreachable)
    assert done.returncode == 1
    assert "run the same command again" in done.stderr
    assert not (clone / ".venv/stamp").exists()


def test_a_finished_environment_is_left_as_it_is(machine: Machine) -> None:
    """The environment of this very run: the second bootstrap has nothing to do."""
    if not (ROOT / ".venv/stamp").exists() or Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("these tests do not run in an environment that the bootstrap made")
    before = (ROOT / ".venv/stamp").stat().st_mtime_ns
    done = machine.bootstrap("run", PATH=os.defpath)
    assert done.returncode == 0, done.stderr
    assert "installing" not in done.stderr
    assert (ROOT / ".venv/stamp").stat().st_mtime_ns == before
