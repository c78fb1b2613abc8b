"""The two made-up people, and what is in their Notion and on their Drive."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A Notion database."""

    id: str
    title: str
    edited: str


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file on a Drive."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account. `key` is what the consent form sends."""

    key: str
    name: str
    email: str
    workspace: str
    workspace_id: str
    bot_id: str
    databases: tuple[Database, ...]
    files: tuple[File, ...]


ADA = Person(
    key="ada",
    name="Ada Lovelace",
    email="ada@sandbox.example",
    workspace="Ada's workspace",
    workspace_id="a0000000-0000-4000-8000-000000000001",
    bot_id="b0000000-0000-4000-8000-000000000001",
    databases=(
        Database(id="d0000000-0000-4000-8000-000000000001", title="Reading list", edited="2026-11-20T09:30:00.000Z"),
        Database(id="d0000000-0000-4000-8000-000000000002", title="Engine roadmap", edited="2026-11-18T16:05:00.000Z"),
        Database(id="d0000000-0000-4000-8000-000000000003", title="Correspondence", edited="2026-10-02T11:00:00.000Z"),
        Database(id="d0000000-0000-4000-8000-000000000004", title="Bernoulli notes", edited="2026-09-14T08:45:00.000Z"),
    ),
    files=(
        File(id="f-ada-1", name="Note G.pdf", kind="application/pdf"),
        File(id="f-ada-2", name="Analytical engine sketch.png", kind="image/png"),
        File(id="f-ada-3", name="Translation draft", kind="application/vnd.google-apps.document"),
    ),
)

GRACE = Person(
    key="grace",
    name="Grace Hopper",
    email="grace@sandbox.example",
    workspace="Grace's workspace",
    workspace_id="a0000000-0000-4000-8000-000000000002",
    bot_id="b0000000-0000-4000-8000-000000000002",
    databases=(
        Database(id="d0000000-0000-4000-8000-000000000011", title="Compiler bugs", edited="2026-11-22T14:20:00.000Z"),
        Database(
            id="d0000000-0000-4000-8000-000000000012", title="Nanosecond lectures", edited="2026-11-11T10:10:00.000Z"
        ),
        Database(id="d0000000-0000-4000-8000-000000000013", title="Ship's log", edited="2026-08-30T07:00:00.000Z"),
    ),
    files=(
        File(id="f-grace-1", name="COBOL minutes", kind="application/vnd.google-apps.document"),
        File(id="f-grace-2", name="Moth.jpg", kind="image/jpeg"),
    ),
)

PEOPLE = {person.key: person for person in (ADA, GRACE)}
