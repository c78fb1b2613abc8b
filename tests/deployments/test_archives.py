"""A tool that arrives as a zip."""

import io
import stat
import zipfile
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments import archives
from deployments.archives import unpack
from deployments.manifest import ManifestError


def zipped(files: dict[str, bytes], modes: dict[str, int] | None = None) -> io.BytesIO:
    """A zip of these files; `modes` has what Unix says of some of them."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (modes or {}).get(name, stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    held.seek(0)
    return held


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def refusal(archive: io.BytesIO, folder: Path) -> str:
    with pytest.raises(ManifestError) as caught:
        unpack(archive, folder)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inside").mkdir()
    return tmp_path / "inside"


def test_files_and_folders_are_unpacked(folder: Path) -> None:
    archive = zipped({"vendo.yaml": b"x", "pages/index.html": b"y"}, {"pages/": stat.S_IFDIR | 0o755})
    assert unpack(archive, folder) == folder
    assert names(folder) == ["pages/index.html", "vendo.yaml"]


def test_the_only_folder_is_the_tool(folder: Path) -> None:
    assert unpack(zipped({"clock-1.0/vendo.yaml": b"x", "__MACOSX/clock-1.0/._x": b""}), folder) == folder / "clock-1.0"


def test_a_program_stays_one(folder: Path) -> None:
    unpack(zipped({"run": b"", "data": b""}, {"run": stat.S_IFREG | 0o777}), folder)
    assert [(folder / name).stat().st_mode & 0o777 for name in ("run", "data")] == [0o755, 0o644]


def test_what_is_private_or_made_is_left_out(folder: Path) -> None:
    unpack(zipped({".env": b"KEY=1", "a/.git/config": b"", "node_modules/x.js": b"", "app.py": b""}), folder)
    assert names(folder) == ["app.py"]


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/out", "a\\..\\out", "..", "C:\\out"])
def test_a_path_that_leads_out_is_refused(folder: Path, name: str) -> None:
    assert "a path inside the tool" in refusal(zipped({name: b"x"}), folder)
    assert names(folder.parent) == []


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_what_is_no_file_is_refused(folder: Path, kind: int) -> None:
    assert "a file or a folder" in refusal(zipped({"link": b"/etc/passwd"}, {"link": kind | 0o777}), folder)


@pytest.mark.parametrize("second", ["a", "a/b"])
def test_a_path_that_is_taken_is_refused(folder: Path, second: str) -> None:
    archive = zipped({"a": b"1"})
    with (
        zipfile.ZipFile(archive, "a") as more,
        pytest.warns(UserWarning, match="Duplicate name") if second == "a" else nullcontext(),
    ):
        more.writestr(second, b"2")
    assert "a path that nothing else has" in refusal(archive, folder)


def test_a_name_that_no_disk_takes_is_refused(folder: Path) -> None:
    assert "can't be written" in refusal(zipped({"x" * 300: b""}), folder)


def test_more_than_a_tool_may_hold_is_refused_whatever_the_archive_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    archive = zipped({"a": b"0" * 600, "b": b"0" * 600})
    assert len(archive.getvalue()) < 400
    assert "MiB in all" in refusal(archive, folder)
    assert not (folder / "b").exists() or (folder / "b").stat().st_size == 0


def test_too_many_files_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 2)
    assert "at most 2 files" in refusal(zipped({"a": b"", "b": b"", "c": b""}), folder)


def test_a_locked_archive_is_refused(folder: Path) -> None:
    content = bytearray(zipped({"a": b"x"}).getvalue())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1  # "encrypted", here and in the directory
    assert "a zip file that can be read" in refusal(io.BytesIO(content), folder)


relaxed = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(st.binary(max_size=300), st.integers(min_value=0), st.binary(min_size=1, max_size=8))
def test_any_bytes_are_unpacked_inside_or_refused(tmp_path: Path, noise: bytes, at: int, patch: bytes) -> None:
    damaged = bytearray(zipped({"a/b.txt": b"hello" * 20, "c": b""}).getvalue())
    at %= len(damaged)
    damaged[at : at + len(patch)] = patch
    for content in (noise, bytes(damaged)):
        folder = tmp_path / "f"
        folder.mkdir(exist_ok=True)
        with suppress(ManifestError):
            unpack(io.BytesIO(content), folder)
        assert [path.name for path in tmp_path.iterdir()] == ["f"]
