"""What a page of the wizard shows: its sections, with every field as it stands."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.forms import BoundField

from connections import byok
from deployments.layout import Section, SubStep
from wizard import forms, keep, merge
from wizard.forms import Details
from wizard.models import Draft
from wizard.needs import Need, needs


@dataclass(frozen=True, slots=True)
class Other:
    """Another value of a disputed field, as it may be shown, and where it came from."""

    position: int
    value: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """What every field has beside itself: its mark, who wrote it last, and what others wrote there."""

    name: str
    mark: str
    others: tuple[Other, ...] = ()
    writer: str = ""
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with its answer. `forget` is the name of the box that deletes a saved password, if there is one."""

    field: BoundField
    part: Part
    forget: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """An integration, its accounts, and the form for a key where one is pasted."""

    need: Need
    part: Part
    key: byok.KeyForm | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A section of a page. `folded` are its advanced questions; `unfold` is whether one of them needs a look."""

    type: str
    title: str
    answers: tuple[Answer, ...] = ()
    folded: tuple[Answer, ...] = ()
    rows: tuple[Row, ...] = ()

    @property
    def unfold(self) -> bool:
        """Nobody finds an error that is folded away."""
        return any(answer.field.errors or answer.part.others for answer in self.folded)


class Parts:
    """Everything on a page of a draft, for one reader."""

    def __init__(self, draft: Draft, reader: str) -> None:
        self._draft, self._reader = draft, reader
        self._values, self._disputes = keep.current(draft), keep.disputes(draft)
        self._needs = {need.integration.slug: need for need in needs(draft)}

    def blocks(self, page: SubStep, details: Details, rows: Mapping[str, Row] = {}) -> list[Block]:
        """The page's sections; `rows` replace those of the same slug."""
        return [self._block(section, details, rows) for section in page.sections]

    def row(self, slug: str, *, problem: Callable[[Need], Need] | None = None, key: byok.KeyForm | None = None) -> Row:
        """One integration; `key` is a form that was refused."""
        need = self._needs[slug]
        return Row(problem(need) if problem else need, self._part(need.field), key or key_form(need))

    def _block(self, section: Section, details: Details, rows: Mapping[str, Row]) -> Block:
        names = forms.NAMING if section.type == "deployment_name" else ()
        folded = {question.key for question in section.inputs if question.folded}
        asked = [*names, *(f"{forms.PREFIX}-{question.key}" for question in section.inputs)]
        answers = [self._answer(details, name) for name in asked]
        return Block(
            type=section.type,
            title=section.title,
            answers=tuple(found for found in answers if found.field.name not in folded),
            folded=tuple(found for found in answers if found.field.name in folded),
            rows=tuple(
                rows.get(use.slug) or self.row(use.slug) for use in section.integrations if use.slug in self._needs
            ),
        )

    def _answer(self, details: Details, name: str) -> Answer:
        field = details.bound(name)
        deletable = field.name in details.kept and not field.field.required and name not in forms.NAMING
        return Answer(field, self._part(name, field), f"{forms.FORGET}-{field.name}" if deletable else "")

    def _part(self, name: str, field: BoundField | None = None) -> Part:
        mark = merge.mark(self._draft, name, self._values.get(name))
        others = tuple(self._others(name, field))
        last = self._draft.stamps.get(name)
        if not others or not last:
            return Part(name, mark, others)
        return Part(name, mark, others, self._who(last["by"]), datetime.fromisoformat(last["at"]))

    def _others(self, name: str, field: BoundField | None) -> Iterator[Other]:
        for position, found in enumerate(self._disputes.get(name, [])):
            words = forms.shown(field.field, found["value"]) if field else self._account(name, found["value"])
            yield Other(position, words, self._who(found["by"]), datetime.fromisoformat(found["at"]))

    def _account(self, name: str, identity: Any) -> str:
        choices = next(need.choices for need in self._needs.values() if need.field == name)
        found = (choice.connection.display_name for choice in choices if str(choice.connection.pk) == identity)
        return next(found, "No account")

    def _who(self, by: str) -> str:
        return "you" if by == self._reader else by or "a connect window"


def key_form(need: Need, data: Mapping[str, Any] | None = None) -> byok.KeyForm | None:
    """The form for pasting a key; None where one signs in at the provider instead."""
    if not need.by_key:
        return None
    slug = need.integration.slug
    # The fields stand inside the page's own form: nothing of them may be required there.
    return byok.form_for(need.integration.provider, data, prefix=f"key-{slug}", use_required_attribute=False)
