"""The two made-up people, and what is in their Notion and on their Drive."""

from dataclasses import dataclass

_DOCUMENT = "application/vnd.google-apps.document"
_SHEET = "application/vnd.google-apps.spreadsheet"


@dataclass(frozen=True, slots=True)
class Database:
    """A Notion database, shared with whoever the person allows."""

    id: str
    title: str
    edited: str


@dataclass(frozen=True, slots=True)
class File:
    """A file on a Drive; `kind` is its media type."""

    id: str
    name: str
    kind: str
    edited: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account. `key` is what the consent form sends; databases and files are sorted, edited last first."""

    key: str
    name: str
    email: str
    workspace: str
    workspace_id: str
    user_id: str
    bot_id: str
    databases: tuple[Database, ...]
    files: tuple[File, ...]

    @property
    def initial(self) -> str:
        """Stands where a portrait would."""
        return self.name[0]


ADA = Person(
    key="ada",
    name="Ada Lovelace",
    email="ada@sandbox.example",
    workspace="Ada's workspace",
    workspace_id="a0000000-0000-4000-8000-000000000001",
    user_id="c0000000-0000-4000-8000-000000000001",
    bot_id="b0000000-0000-4000-8000-000000000001",
    databases=(
        Database("d0000000-0000-4000-8000-000000000001", "Reading list", "2026-11-20T09:30:00.000Z"),
        Database("d0000000-0000-4000-8000-000000000002", "Engine roadmap", "2026-11-18T16:05:00.000Z"),
        Database("d0000000-0000-4000-8000-000000000003", "Correspondence", "2026-10-02T11:00:00.000Z"),
        Database("d0000000-0000-4000-8000-000000000004", "Bernoulli notes", "2026-09-14T08:45:00.000Z"),
    ),
    files=(
        File("file-ada-1", "Note G.pdf", "application/pdf", "2026-11-19T15:12:00.000Z"),
        File("file-ada-2", "Analytical engine sketch.png", "image/png", "2026-11-03T10:40:00.000Z"),
        File("file-ada-3", "Translation draft", _DOCUMENT, "2026-10-21T18:05:00.000Z"),
        File("file-ada-4", "Card counts", _SHEET, "2026-08-07T07:55:00.000Z"),
    ),
)

GRACE = Person(
    key="grace",
    name="Grace Hopper",
    email="grace@sandbox.example",
    workspace="Grace's workspace",
    workspace_id="a0000000-0000-4000-8000-000000000002",
    user_id="c0000000-0000-4000-8000-000000000002",
    bot_id="b0000000-0000-4000-8000-000000000002",
    databases=(
        Database("d0000000-0000-4000-8000-000000000011", "Compiler bugs", "2026-11-22T14:20:00.000Z"),
        Database("d0000000-0000-4000-8000-000000000012", "Nanosecond lectures", "2026-11-11T10:10:00.000Z"),
        Database("d0000000-0000-4000-8000-000000000013", "Ship's log", "2026-08-30T07:00:00.000Z"),
    ),
    files=(
        File("file-grace-1", "COBOL minutes", _DOCUMENT, "2026-11-21T13:30:00.000Z"),
        File("file-grace-2", "Moth.jpg", "image/jpeg", "2026-09-09T15:45:00.000Z"),
        File("file-grace-3", "Wire lengths", _SHEET, "2026-07-16T09:20:00.000Z"),
    ),
)

PEOPLE = {person.key: person for person in (ADA, GRACE)}
