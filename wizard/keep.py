"""Filling a draft in, page by page and field by field. Nothing that anybody typed is lost or overwritten unseen.

Fields are named as in the forms: `name`, `slug`, `input-<key>`, `connection-<slug>`.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from connections import vault
from deployments.layout import SubStep
from wizard import draft as drafts
from wizard import forms, merge
from wizard.merge import Sender, Verdict
from wizard.models import Draft
from wizard.needs import Need, connection_of, needs

COLUMNS = {"name": 80, "slug": 64}
SAVED = ["name", "slug", "inputs", "selected", "stamps", "disputed", "passed", "skipped", "updated_at"]


@dataclass(slots=True)
class Kept:
    """What became of a page's fields. `marks` is what the page is to send with each from now on."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)

    def named(self, verdict: Verdict) -> list[str]:
        """The fields that fared like that."""
        return [name for name, found in self.verdicts.items() if found == verdict]


def keep(draft: Draft, page: SubStep, posted: QueryDict, sender: Sender, *, final: bool = False) -> Kept:
    """Put what a page sent into the draft, right or wrong.

    `final` says that a person went on from the page: what it showed as disputed is then decided, and so are the
    accounts that were merely suggested.
    """
    with drafts.locked(draft) as row:
        desk = _Desk(row, sender)
        for name, value in sent(row, page, posted).items():
            desk.weigh(name, value, final=final)
        if page.id in row.skipped and Verdict.TAKEN in desk.kept.verdicts.values():
            row.skipped.remove(page.id)  # somebody fills it in after all
        desk.save()
    _take_over(draft, row)
    return desk.kept


def use(draft: Draft, name: str, position: int, sender: Sender) -> None:
    """Decide a dispute for one of the other values."""
    with drafts.locked(draft) as row:
        desk = _Desk(row, sender)
        others = desk.disputed.get(name, [])
        if 0 <= position < len(others):
            desk.write(name, others[position]["value"])
            del desk.disputed[name]
            desk.save()
    _take_over(draft, row)


def go_through(draft: Draft, page: SubStep, *, skip: bool = False) -> None:
    """Remember that the page was answered, or skipped."""
    with drafts.locked(draft) as row:
        row.passed = [*dict.fromkeys([*row.passed, page.id])]
        row.skipped = [phase for phase in row.skipped if phase != page.id] + [page.id] * skip
        row.save(update_fields=["passed", "skipped", "updated_at"])
    _take_over(draft, row)


def disputes(draft: Draft) -> dict[str, list[dict[str, Any]]]:
    """Field → the values that other pages have for it, with who wrote them and when. Holds secrets."""
    text = vault.reveal(draft, "disputed")
    return dict(json.loads(text)) if text else {}


def current(draft: Draft) -> dict[str, Any]:
    """Field → its value. Holds secrets."""
    values: dict[str, Any] = {"name": draft.name, "slug": draft.slug}
    values |= {f"{forms.PREFIX}-{key}": value for key, value in drafts.typed(draft).items()}
    return values | {found.field: _identity(found) for found in needs(draft)}


def sent(draft: Draft, page: SubStep, posted: QueryDict) -> dict[str, Any]:
    """Field → value, of those that the page asks for and the form speaks of."""
    named = {name: _clean(str(posted[name]))[:size] for name, size in COLUMNS.items() if name in posted}
    found: dict[str, Any] = named if page.has("deployment_name") else {}
    found |= forms.sent(draft, page, posted)
    return found | _choices(draft, page, posted)


class _Desk:
    """A locked row, and what a page has to say about it."""

    def __init__(self, row: Draft, sender: Sender) -> None:
        self.row, self.sender, self.kept = row, sender, Kept()
        self.values, self.disputed = current(row), disputes(row)
        self.inputs = drafts.stored(row)

    def weigh(self, name: str, value: Any, *, final: bool) -> None:
        """Judge one field, and do what was judged."""
        verdict = merge.judge(self.row, name, sent=value, current=self.values.get(name), sender=self.sender)
        others = self._others(name)
        if final and others and self.sender.settled.get(name) == str(len(others)):
            verdict, others = Verdict.TAKEN, []
        if verdict == Verdict.TAKEN or (final and name.startswith("connection-") and verdict == Verdict.SAME):
            self.write(name, value)
        if verdict == Verdict.DISPUTED:
            others = [*others, self._stamp() | {"value": value}]
            self.kept.marks[name] = self.sender.seen.get(name, "")
        else:
            self.kept.marks[name] = merge.mark(self.row, name, value)
        self.disputed[name], self.kept.verdicts[name] = others, verdict

    def write(self, name: str, value: Any) -> None:
        """The field holds this now."""
        kind, _, key = name.partition("-")
        if kind == forms.PREFIX:
            self.inputs[key] = value
        elif kind == "connection":
            self.row.selected[key] = value or None
        else:
            setattr(self.row, name, value)
        self.row.stamps[name] = self._stamp()

    def save(self) -> None:
        """Into the database, with the secrets sealed."""
        left = {name: others for name, others in self.disputed.items() if others}
        vault.seal(self.row, "inputs", json.dumps(self.inputs) if self.inputs else None)
        vault.seal(self.row, "disputed", json.dumps(left) if left else None)
        self.row.save(update_fields=SAVED)

    def _others(self, name: str) -> list[dict[str, Any]]:
        """What is disputed already, without what this page had to say before."""
        found = self.disputed.get(name, [])
        return [other for other in found if not self.sender.tab or other["tab"] != self.sender.tab]

    def _stamp(self) -> dict[str, Any]:
        return {"tab": self.sender.tab, "by": self.sender.by, "at": timezone.now().isoformat()}


def _choices(draft: Draft, page: SubStep, posted: QueryDict) -> dict[str, Any]:
    """What the form says about accounts."""
    asked = {use.slug for use in page.integrations}
    found = (need for need in needs(draft) if need.integration.slug in asked and need.field in posted)
    chosen = ((need, connection_of(need, str(posted[need.field]))) for need in found)
    return {need.field: str(connection.pk) if connection else "" for need, connection in chosen}


def _identity(need: Need) -> str:
    return str(need.selected.pk) if need.selected else ""


def _take_over(draft: Draft, row: Draft) -> None:
    for name in SAVED:
        setattr(draft, name, getattr(row, name))


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL characters in text."""
    return text.replace("\x00", "").strip()
