"""What the review shows: exactly what a launch will create."""

from dataclasses import dataclass

from deployments.layout import SubStep
from deployments.manifest import published
from wizard import draft as drafts
from wizard import forms
from wizard.models import Draft
from wizard.needs import Need, needs
from wizard.pages import address, is_skipped, pages


@dataclass(frozen=True, slots=True)
class Answered:
    """A page with questions, and what was answered."""

    title: str
    url: str
    skipped: bool
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Used:
    """An integration, and where its account can be changed."""

    need: Need
    url: str


@dataclass(frozen=True, slots=True)
class Review:
    """Everything. `fixed` are the questions that nobody is asked, `made_up` the secrets that a launch generates."""

    naming_url: str
    pages: tuple[Answered, ...]
    uses: tuple[Used, ...]
    fixed: tuple[tuple[str, str], ...]
    made_up: tuple[str, ...]


def review(draft: Draft) -> Review:
    """What will be created of the draft as it is."""
    steps, declared = pages(draft).sub_steps, published(draft.release)
    places = {use.slug: address(draft, page.id) for page in steps for use in page.integrations}
    return Review(
        naming_url=next((address(draft, page.id) for page in steps if page.has("deployment_name")), ""),
        pages=tuple(_answered(draft, page) for page in steps if page.inputs),
        uses=tuple(Used(need, places.get(need.integration.slug, "")) for need in needs(draft)),
        fixed=tuple(_fixed(draft)),
        made_up=tuple(secret.key for secret in declared.secrets),
    )


def _answered(draft: Draft, page: SubStep) -> Answered:
    facts = tuple(forms.summary(draft, page))
    return Answered(page.title, address(draft, page.id), is_skipped(draft, page), facts)


def _fixed(draft: Draft) -> list[tuple[str, str]]:
    """The questions that no page asks, where they have an answer all the same."""
    asked = {question.key for page in pages(draft).sub_steps for question in page.inputs}
    unasked = [question for question in published(draft.release).inputs if question.key not in asked]
    values = drafts.answers(draft)
    told = ((question.label, forms.in_words(draft, question.key, values.get(question.key))) for question in unasked)
    return [(label, words) for label, words in told if words]
