"""A tool's files: which of them make the tool, and copies of them."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from deployments.manifest import ManifestError, Problem

MAX_BYTES = 100 * 1024 * 1024

# Made by working on a tool, or private to who works on it; never part of it.
SKIPPED_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".tox",
        ".nox",
        ".idea",
        ".vscode",
        "__MACOSX",
    }
)
SKIPPED_ENDINGS = (".pyc", ".pyo", ".egg-info", ".DS_Store")
SAMPLES = (".example", ".sample", ".template")


def copy(source: Path, target: Path) -> None:
    """Copy the tool in `source` to the new folder `target`.

    Links become relative links inside the copy. Raises `ManifestError` for links that lead out of the tool, for what
    is neither file nor folder, and for a tool that is too large.
    """
    root, size = source.resolve(), 0
    target.mkdir(mode=0o755)
    for path in _walk(root):
        place = target / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            place.symlink_to(os.path.relpath(_inside(path, root), path.parent))
            continue
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _refused(path, root, "a file or a folder", "something else", "Remove it.")
        size += status.st_size
        if size > MAX_BYTES:
            fix = "Is a virtual environment, a build or data among the files? Move it out of the tool's folder."
            raise _refused(path, root, f"at most {MAX_BYTES // 1024**2} MiB in all", "more", fix)
        shutil.copyfile(path, place)
        place.chmod(0o755 if status.st_mode & stat.S_IXUSR else 0o644)


def fingerprint(folder: Path) -> Iterator[str]:
    """A line for each file of a copy, in order: path, kind, and the content's SHA-256 or where the link leads."""
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield f"{name}\0link\0{path.readlink()}"
        else:
            kind = "program" if path.stat().st_mode & stat.S_IXUSR else "file"
            with path.open("rb") as file:
                yield f"{name}\0{kind}\0{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _walk(root: Path) -> Iterator[Path]:
    """Every file and link of the tool, in an order that depends on names alone. Links are not followed."""
    for folder, folders, files in root.walk():
        linked = [name for name in folders if (folder / name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in linked and not _is_skipped_folder(folder / name))
        yield from (folder / name for name in sorted([*files, *linked]) if not is_left_out(name))


def _is_skipped_folder(folder: Path) -> bool:
    # A virtual environment says so itself, whatever its name.
    return is_left_out(folder.name) or (folder / "pyvenv.cfg").exists()


def is_left_out(name: str) -> bool:
    """Whether a file or folder of that name is never part of a tool."""
    if name == ".env" or name.startswith(".env."):
        return not name.endswith(SAMPLES)
    is_cache = name.startswith(".") and name.endswith("_cache")
    return is_cache or name in SKIPPED_FOLDERS or name.endswith(SKIPPED_ENDINGS)


def _inside(link: Path, root: Path) -> Path:
    """What `link` leads to, if that is in the tool."""
    try:
        end = link.resolve(strict=True)
    except (OSError, RuntimeError):
        raise _refused(link, root, "a link to something", "a link to nothing", "Remove the link.") from None
    if not end.is_relative_to(root):
        raise _refused(link, root, "a link inside the tool", "a link that leads out of it", "Copy the file instead.")
    return end


def _refused(path: Path, root: Path, expected: str, found: str, fix: str) -> ManifestError:
    return ManifestError([Problem(path.relative_to(root).as_posix(), expected, found, fix)])
