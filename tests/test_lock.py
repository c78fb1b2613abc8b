"""The lock files: complete, exact, verifiable, and silent about where packages come from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = PROJECT["project"]["dependencies"]
DEV = PROJECT["dependency-groups"]["dev"]


def entries(name: str) -> dict[str, str]:
    """Package → the lines of its entry."""
    found = re.split(r"^(?=[a-z0-9])", (ROOT / "requirements" / name).read_text(), flags=re.MULTILINE)[1:]
    return {entry.split("==")[0].split("[")[0]: entry for entry in found}


def version(entry: str) -> str:
    """The pinned version of an entry."""
    match = re.match(r"\S+?==(\S+)", entry)
    assert match, entry
    return match[1]


@pytest.mark.parametrize(("name", "wanted"), [("run.lock", RUN), ("dev.lock", [*RUN, *DEV])])
def test_every_dependency_is_locked_at_a_version_that_fits(name: str, wanted: list[str]) -> None:
    locked = entries(name)
    for requirement in map(Requirement, wanted):
        entry = locked.get(canonicalize_name(requirement.name))
        assert entry, f"{requirement} is not in requirements/{name}: make lock"
        assert requirement.specifier.contains(version(entry)), (
            f"requirements/{name} has another {requirement}: make lock"
        )


def test_tests_run_on_the_versions_that_people_run() -> None:
    run, dev = entries("run.lock"), entries("dev.lock")
    assert {name: version(entry) for name, entry in run.items()} == {name: version(dev[name]) for name in run}


@pytest.mark.parametrize("name", ["run.lock", "dev.lock"])
def test_every_package_can_be_verified(name: str) -> None:
    assert [package for package, entry in entries(name).items() if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", ["run.lock", "dev.lock"])
def test_no_address_of_an_index_is_kept(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert "://" not in text
    assert "index-url" not in text
