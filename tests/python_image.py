"""A small container image with a Python, made of the one that runs the tests: no registry is asked for anything."""

import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

# What no tool of a test imports. `ensurepip` stays: tools' packages are installed with its pip.
LEFT_OUT = frozenset({"test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "site-packages", "__pycache__"})
PEOPLE = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
HOSTS = "hosts: files dns\n"


def write(target: Path) -> None:
    """The image's files as a tar, for `podman import`."""
    library = Path(sysconfig.get_path("stdlib"))
    python, shell = Path(sys.executable).resolve(), Path("/bin/sh").resolve()
    programs = [python, shell, *_loaded_by_name()]
    with tarfile.open(target, "w") as tar:
        for folder in ("tmp", "etc", "proc", "sys", "dev", "root", "home"):
            _add_folder(tar, folder)
        tar.add(shell, "bin/sh")
        tar.add(python, "usr/local/bin/python3")
        _add_link(tar, "usr/local/bin/python", "python3")
        tar.add(library, f"usr/local/lib/{library.name}", filter=_needed)
        for path in sorted(_libraries([*programs, *(library / "lib-dynload").glob("*.so")])):
            tar.add(path.resolve(), str(path).lstrip("/"))
        _add_text(tar, "etc/passwd", PEOPLE)
        _add_text(tar, "etc/nsswitch.conf", HOSTS)


def _loaded_by_name() -> Iterator[Path]:
    """Libraries that are loaded by name while the program runs, which `ldd` can't know."""
    for name in ("libnss_files.so.2", "libnss_dns.so.2"):
        yield from Path("/lib").glob(f"*/{name}")


def _libraries(files: Iterable[Path]) -> set[Path]:
    """The shared libraries that the files need."""
    named = [str(path) for path in files]
    told = subprocess.run(["ldd", *named], capture_output=True, text=True, check=False).stdout
    return {Path(found[1]) for found in re.finditer(r"(?:=> |^\t)(/\S+) \(", told, re.MULTILINE)} | {
        Path(name) for name in named if "libnss" in name
    }


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = Path(entry.name).parts
    return None if LEFT_OUT.intersection(parts) or entry.name.endswith(".a") else entry


def _add_folder(tar: tarfile.TarFile, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
    tar.addfile(entry)


def _add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text)
    tar.addfile(entry, io.BytesIO(text.encode()))
