"""The phases of the wizard, and where a draft stands in them."""

from collections.abc import Iterator
from dataclasses import dataclass

from deployments.layout import REVIEW, SubStep
from deployments.manifest import published
from wizard import forms, keep
from wizard.models import Draft
from wizard.needs import Need, needs
from wizard.pages import address, is_skipped, pages

NOWHERE = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the progress header. `state` is done, skipped, running (the one shown) or pending."""

    phase: str
    title: str
    url: str
    state: str


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Something that stands against a launch, and the phase where it can be mended; "" where none can."""

    phase: str
    field: str
    sentence: str


def names(draft: Draft) -> list[str]:
    """The phases this draft goes through."""
    return [page.id for page in pages(draft).sub_steps] + [REVIEW]


def after(draft: Draft, phase: str) -> str:
    """The phase that follows; the last one follows itself."""
    order = names(draft)
    return order[min(order.index(phase) + 1, len(order) - 1)]


def before(draft: Draft, phase: str) -> str:
    """The phase to go back to, or "" at the beginning."""
    order = names(draft)
    place = order.index(phase)
    return order[place - 1] if place else ""


def hindrances(draft: Draft) -> list[Hindrance]:
    """What stands against a launch, in words, in the order of the pages. Empty when the draft can be launched."""
    places = _places(draft)
    order = {phase: number for number, phase in enumerate(names(draft))}
    found = [Hindrance(places.get(name, NOWHERE), name, sentence) for name, sentence in _sentences(draft)]
    return sorted(found, key=lambda hindrance: order.get(hindrance.phase, len(order)))


def of_page(draft: Draft, page: SubStep) -> list[Hindrance]:
    """Those that can be mended on that page."""
    return [hindrance for hindrance in hindrances(draft) if hindrance.phase == page.id]


def unsettled(draft: Draft) -> list[str]:
    """The phases before the review where something is to do, or that nobody has gone through yet.

    A fresh draft has a name and the tool's defaults, against which nothing stands; the person has yet to agree to them.
    """
    hindered = {hindrance.phase for hindrance in hindrances(draft)}
    return [page.id for page in pages(draft).sub_steps if page.id in hindered or page.id not in draft.passed]


def where_to_go_on(draft: Draft) -> str:
    """The phase for somebody who comes back."""
    return next(iter(unsettled(draft)), REVIEW)


def progress(draft: Draft, current: str) -> list[Entry]:
    """The progress header: every phase can be gone to, and is done when nothing is left to do there."""
    still_open = unsettled(draft)

    def state(page: SubStep) -> str:
        if page.id == current:
            return "running"
        if page.id in still_open:
            return "pending"
        return "skipped" if is_skipped(draft, page) else "done"

    entries = [Entry(page.id, page.title, address(draft, page.id), state(page)) for page in pages(draft).sub_steps]
    last = "running" if current == REVIEW else "pending"
    return [*entries, Entry(REVIEW, "Review", address(draft, REVIEW), last)]


def hindered(need: Need, tool: str) -> str:
    """What is to do about a required integration that has no account."""
    name = need.integration.provider.name
    if not need.integration.enabled:
        return f"{name} is switched off here at the moment, and {tool} does not work without it. Ask an admin."
    what = f"Choose a {name} account" if need.free else f"Connect {name}"
    return f"{what} to go on: {tool} does not work without it."


def _sentences(draft: Draft) -> Iterator[tuple[str, str]]:
    """(field, what is wrong with it)."""
    found = needs(draft)
    yield from forms.judged(draft).problems.items()
    for need in found:
        if need.missing:
            yield need.field, _unmet(need)
    known = {need.integration.slug for need in found}
    for use in published(draft.release).integrations:
        if not use.optional and use.slug not in known:
            yield f"connection-{use.slug}", f"This installation does not know “{use.slug}”, which the tool needs."
    labels = all_labels(draft)
    for name in keep.disputes(draft):
        if name in labels:
            yield name, f"{labels[name]}: two windows say different things."


def all_labels(draft: Draft) -> dict[str, str]:
    """Field → what it is called, accounts included."""
    return forms.labels(draft) | {need.field: need.integration.provider.name for need in needs(draft)}


def _unmet(need: Need) -> str:
    name = need.integration.provider.name
    if not need.integration.enabled:
        return f"{name} is switched off here at the moment. An admin can switch it on."
    return f"{name} is not connected."


def _places(draft: Draft) -> dict[str, str]:
    """Field → the phase that asks for it."""
    found: dict[str, str] = {}
    for page in pages(draft).sub_steps:
        found |= dict.fromkeys(fields_of(page), page.id)
    return found


def fields_of(page: SubStep) -> list[str]:
    """The fields of a page, named as in its form."""
    own = [*forms.NAMING] if page.has("deployment_name") else []
    asked = [f"{forms.PREFIX}-{question.key}" for question in page.inputs]
    return [*own, *asked, *(f"connection-{use.slug}" for use in page.integrations)]
