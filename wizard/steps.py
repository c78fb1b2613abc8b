"""The steps of the wizard, and where a draft stands in them."""

from dataclasses import dataclass

from django.urls import reverse

from wizard import draft as drafts
from wizard import forms
from wizard.models import Draft

CONNECT, DETAILS, REVIEW = "connect", "details", "review"
TITLES = {CONNECT: "Connect", DETAILS: "Details", REVIEW: "Review"}


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the progress header. `state` is done, running (the one shown) or pending."""

    name: str
    title: str
    url: str
    state: str


def names(draft: Draft) -> list[str]:
    """The steps this draft goes through: nothing to connect, no Connect step."""
    return [CONNECT, DETAILS, REVIEW] if drafts.needs(draft) else [DETAILS, REVIEW]


def after(draft: Draft, step: str) -> str:
    """The step that follows; the last one follows itself."""
    order = names(draft)
    return order[min(order.index(step) + 1, len(order) - 1)]


def before(draft: Draft, step: str) -> str:
    """The step to go back to, or "" at the beginning."""
    order = names(draft)
    place = order.index(step)
    return order[place - 1] if place else ""


def problems(draft: Draft) -> dict[str, list[str]]:
    """Step → what stands against a launch, in words. Empty when the draft can be launched."""
    unmet = [f"{need.integration.provider.name} is not connected." for need in drafts.missing(draft)]
    found = {CONNECT: unmet, DETAILS: forms.judged(draft).problems}
    return {step: sentences for step, sentences in found.items() if sentences}


def unsettled(draft: Draft) -> list[str]:
    """The steps before the review where something is to do, or that nobody has seen yet.

    A fresh draft has a name and the tool's defaults, against which nothing stands; the person has yet to agree to them.
    """
    unseen = {DETAILS} if draft.inputs is None else set()
    return [name for name in names(draft) if name in unseen | problems(draft).keys()]


def progress(draft: Draft, shown: str) -> list[Step]:
    """The progress header: every step is a link, and done when nothing is left to do there."""
    order, still_open = names(draft), unsettled(draft)

    def state(name: str) -> str:
        if name == shown:
            return "running"
        return "pending" if name == REVIEW or name in still_open else "done"

    return [Step(name, TITLES[name], reverse("wizard:step", args=[draft.pk, name]), state(name)) for name in order]
