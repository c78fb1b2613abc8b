"""Tools that arrive as a zip: unpacked with care, because an archive can name any path and be any size inside."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from deployments.problems import ManifestError, Problem, show
from deployments.toolfiles import MAX_BYTES, is_left_out

MAX_ENTRIES = 10_000
CHUNK = 1024 * 1024

# What Python's reader raises for archives that are damaged, or made in ways that it does not know.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)


def unpack(archive: IO[bytes], folder: Path) -> Path:
    """Unpack into the existing, empty `folder`; returns the tool's folder, which may be the archive's only one.

    What never is part of a tool (`.git`, `.env`, …) is not unpacked. Raises `ManifestError` for anything else that is
    no plain file inside, and for more than a tool may hold; the caller removes what was unpacked until then.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            _extract(content, folder)
    except _UNREADABLE:
        raise _refused("archive", "a zip file that can be read", "another file, or a damaged one") from None
    inside = [*folder.iterdir()]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _extract(content: zipfile.ZipFile, folder: Path) -> None:
    if len(content.infolist()) > MAX_ENTRIES:
        raise _refused("archive", f"at most {MAX_ENTRIES} files", f"{len(content.infolist())}")
    left = MAX_BYTES
    for entry in content.infolist():
        path = _inside(entry)
        if not entry.is_dir() and not any(map(is_left_out, path.parts)):
            left -= _write(content, entry, folder / path, left)


def _inside(entry: zipfile.ZipInfo) -> PurePosixPath:
    """The entry's path, if it stays in the folder and is a file's."""
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or not path.parts:
        raise _refused(show(entry.filename), "a path inside the tool, with /", "another one", "Make the zip anew.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(show(entry.filename), "a file or a folder", "something else", "Put a copy of the file there.")
    return path


def _write(content: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, left: int) -> int:
    """Write the entry's file; returns how many bytes that were. What an archive says of its sizes is not believed."""
    written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in _chunks(content, entry):
                written += len(chunk)
                if written > left:
                    fix = "Is a virtual environment, a build or data among the files?"
                    raise _refused("archive", f"at most {MAX_BYTES // 1024**2} MiB in all", "more", fix)
                file.write(chunk)
    except OSError:
        raise _refused(show(entry.filename), "a path that nothing else has", "one that can't be written") from None
    path.chmod(0o755 if (entry.external_attr >> 16) & stat.S_IXUSR else 0o644)
    return written


def _chunks(content: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with content.open(entry) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _refused(where: str, expected: str, found: str, fix: str = "") -> ManifestError:
    return ManifestError([Problem(where, expected, found, fix)])
