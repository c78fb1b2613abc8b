"""A wizard in words: what its pages ask, and what of a layout its author may not have meant."""

from collections.abc import Iterator

from connections import catalog
from deployments import layout
from deployments.declaration import SWEEP, TEMPLATE, IntegrationUse, Layout, Template, UserInput
from deployments.layout import Plan, Section, SubStep
from deployments.problems import ManifestError, place, show

OWN_WORDS = {"deployment_name": "name and address", "workspace": "workspace"}


def plan_of(template: Template) -> Plan:
    """The pages of a template that is not published yet."""
    return layout.plan_for(template.wizard_layout, template.user_inputs, _uses(template))


def outline(plan: Plan) -> Iterator[str]:
    """A line for each page before the review: its phase, its title, and what it asks."""
    for step in plan.sub_steps:
        skip = " (can be skipped)" if step.optional else ""
        yield f"{step.id}: {step.title}{skip}: {', '.join(_words(step))}"


def advice(template: Template) -> Iterator[str]:
    """What is allowed, and worth a second look."""
    if template.wizard_layout is None:
        return
    try:
        parsed = layout.read(template.wizard_layout)
    except ManifestError as error:
        for problem in error.problems:
            yield f"{problem} Until then the wizard has one page."
        return
    pages = layout.resolve(parsed, template.user_inputs, _uses(template))
    yield from _idle_groups(parsed, {question.group for question in template.user_inputs})
    yield from _idle_pages(parsed, pages)
    for step in pages:
        yield from _skipped(step)


def _uses(template: Template) -> list[IntegrationUse]:
    return [IntegrationUse(entry.provider, entry.optional) for entry in template.integrations]


def _words(step: SubStep) -> Iterator[str]:
    for section in step.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    if section.type in OWN_WORDS:
        yield OWN_WORDS[section.type]
    for use in section.integrations:
        yield _name(use) + (" (optional)" if use.optional else "")
    for question in section.inputs:
        yield question.key + (" (folded)" if question.folded else "")


def _name(use: IntegrationUse) -> str:
    provider = catalog.all_providers().get(use.slug)
    return provider.name if provider else use.slug


def _idle_groups(parsed: Layout, known: set[str]) -> Iterator[str]:
    for number, page in enumerate(parsed.sub_steps):
        for position, section in enumerate(page.sections):
            for entry, group in enumerate(section.groups):
                if group not in (SWEEP, *known):
                    where = place(TEMPLATE, "wizardLayout", "subSteps", number, "sections", position, "groups", entry)
                    yield f"{where}: no input has the wizardStep {show(group)}."


def _idle_pages(parsed: Layout, pages: tuple[SubStep, ...]) -> Iterator[str]:
    shown = {step.id for step in pages}
    for number, page in enumerate(parsed.sub_steps):
        if page.id not in shown:
            where = place(TEMPLATE, "wizardLayout", "subSteps", number)
            yield f"{where}: nothing is asked on it, so the wizard leaves it out."


def _skipped(step: SubStep) -> Iterator[str]:
    needed = [question.key for question in step.inputs if _unanswered(question)]
    needed += [_name(use) for use in step.integrations if not use.optional]
    if step.optional and needed:
        yield f"The page {show(step.id)} can be skipped, but the tool can't be launched without {', '.join(needed)}."


def _unanswered(question: UserInput) -> bool:
    return question.required and question.default in (None, "")
