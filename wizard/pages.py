"""The pages of a draft: where each question stands, and what was left out with a skipped page."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from deployments.layout import Plan, SubStep, plan
from deployments.manifest import published
from wizard.models import Draft


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the tool does without since its page was skipped: keys of inputs, slugs of integrations."""

    inputs: frozenset[str]
    integrations: frozenset[str]


def pages(draft: Draft) -> Plan:
    """The pages before the review."""
    return plan(published(draft.release))


def left_out(draft: Draft) -> LeftOut:
    """Only what is optional can be left out; what a skipped page requires stays as it was given."""
    skipped = [page for page in pages(draft).sub_steps if is_skipped(draft, page)]
    return LeftOut(
        inputs=frozenset(question.key for page in skipped for question in page.inputs if not question.required),
        integrations=frozenset(use.slug for page in skipped for use in page.integrations if use.optional),
    )


def is_skipped(draft: Draft, page: SubStep) -> bool:
    """Whether somebody skipped the page. The release may have changed its mind about letting them."""
    return page.optional and page.id in draft.skipped


def address(draft: Draft, phase: str, **query: str) -> str:
    """Where a phase is."""
    return f"{reverse('wizard:draft', args=[draft.pk])}?{urlencode({'phase': phase} | query)}"
