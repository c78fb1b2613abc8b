"""What the environment says, with a `.env` beside this file as its stand-in on a developer's machine."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
MOST_DATABASES = 100  # one answer of Notion holds no more


@dataclass(frozen=True, slots=True)
class Settings:
    """How this instance was set up. `session_secret` signs what goes through other people's hands."""

    host: str
    port: int
    title: str
    note: str
    max_databases: int
    session_secret: bytes = field(repr=False)


def load_dotenv(file: Path = FOLDER / ".env") -> None:
    """Put the `NAME=value` lines of `file` into the environment, except for names that are there already."""
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if separator and not name.startswith("#"):
            os.environ.setdefault(name.strip(), _unquoted(value.strip()))


def read() -> Settings:
    """The settings of this process. What can't be read falls back to its default: a typo must not stop the tool."""
    return Settings(
        # This machine alone, unless told otherwise: a container with an address of its own sets HOST.
        host=os.environ.get("HOST", "").strip() or "127.0.0.1",
        port=_number("PORT", default=8080, least=0, most=65535),
        title=os.environ.get("PAGE_TITLE", "").strip() or "Notion databases",
        note=os.environ.get("WELCOME_NOTE", "").strip(),
        max_databases=_number("MAX_DATABASES", default=20, least=1, most=MOST_DATABASES),
        # Without one, links made before a restart are simply not recognised after it.
        session_secret=(os.environ.get("SESSION_SECRET") or secrets.token_hex(32)).encode(),
    )


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _number(name: str, *, default: int, least: int, most: int) -> int:
    try:
        number = int(os.environ.get(name, ""))
    except ValueError:
        return default
    return min(max(number, least), most)
