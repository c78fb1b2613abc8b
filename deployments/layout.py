"""Which pages the wizard of a release has, and what each of them asks (contract section 10, `wizardLayout`).

`plan` says it for any release, whatever its layout holds: one that can't be used gives way to a single page with
everything on it, and `Plan.problem` says why.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING

from pydantic import ValidationError

from deployments import problems
from deployments.declaration import (
    SWEEP,
    TEMPLATE,
    IntegrationUse,
    Layout,
    LayoutHolder,
    LayoutSection,
    UserInput,
)
from deployments.problems import ManifestError, Problem, nearest, place, show

if TYPE_CHECKING:
    from deployments.manifest import Published

# Sections that hold fields of our own; a wizard has each of them once.
OWN_FIELDS = frozenset({"deployment_name", "workspace"})
# Sections that ask what is marked with their own name.
NAMED_AFTER_THEIR_GROUP = frozenset({"admin_credentials", "tool_extras"})
# The phase of the page that a release without a layout has, and of the last page of every wizard.
ONE_PAGE, REVIEW = "setup", "review"
TITLES = {
    "deployment_name": "Name",
    "workspace": "Workspace",
    "admin_credentials": "Admin account",
    "wizard_inputs": "Settings",
    "integration": "Connect",
    "tool_extras": "Extras",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page, which has something to show. Inputs of visibility `advanced` are among `inputs`."""

    type: str
    inputs: tuple[UserInput, ...] = ()
    integrations: tuple[IntegrationUse, ...] = ()

    @property
    def title(self) -> str:
        """A heading for it."""
        return TITLES[self.type]


@dataclass(frozen=True, slots=True)
class SubStep:
    """A page of the wizard, at `?phase=<id>`. It has at least one section. `optional` is whether Skip is offered."""

    id: str
    title: str
    description: str = ""
    optional: bool = False
    sections: tuple[Section, ...] = ()

    @property
    def inputs(self) -> tuple[UserInput, ...]:
        """All that the page asks."""
        return tuple(question for section in self.sections for question in section.inputs)

    @property
    def integrations(self) -> tuple[IntegrationUse, ...]:
        """All that can be connected on the page."""
        return tuple(use for section in self.sections for use in section.integrations)

    def has(self, kind: str) -> bool:
        """Whether a section of that type is on the page."""
        return any(section.type == kind for section in self.sections)


@dataclass(frozen=True, slots=True)
class Plan:
    """The pages before the review, never none. `problem` is why the release's layout was not used, or ""."""

    sub_steps: tuple[SubStep, ...]
    problem: str = ""

    def sub_step(self, phase: str) -> SubStep | None:
        """The page at that phase."""
        return next((found for found in self.sub_steps if found.id == phase), None)


def plan(published: "Published") -> Plan:
    """The pages of a release's wizard."""
    return plan_for(published.layout, published.inputs, published.integrations)


def plan_for(wizard: object, inputs: Sequence[UserInput], integrations: Sequence[IntegrationUse]) -> Plan:
    """The pages of a wizard whose template has that `wizardLayout`. Never raises."""
    one_page = _one_page(inputs, integrations)
    if wizard is None:
        return Plan(one_page)
    try:
        layout = read(wizard)
    except ManifestError as error:
        return Plan(one_page, problem=str(error))
    # Publishing refuses these; a release from before it did so must not lose a question in silence.
    if found := [*objections(layout, inputs, integrations)]:
        return Plan(one_page, problem="\n".join(map(str, found)))
    return Plan(resolve(layout, inputs, integrations) or one_page)


def read(layout: object) -> Layout:
    """The layout in a template's `wizardLayout`. Raises `ManifestError` where it does not parse."""
    try:
        return LayoutHolder.model_validate({"wizardLayout": layout}).wizard_layout
    except ValidationError as error:
        raise ManifestError(problems.of_validation(TEMPLATE, LayoutHolder, error)) from None


def resolve(layout: Layout, inputs: Iterable[UserInput], integrations: Iterable[IntegrationUse]) -> tuple[SubStep, ...]:
    """What stands where. Sections with nothing to show are left out, and so are pages without a section.

    Each input and integration goes to the first section that names it; the first `*` gets all that no section names.
    """
    declared = [section for page in layout.sub_steps for section in page.sections]
    questions = _shares(map(groups, declared), [(item.group, item) for item in inputs if item.asked])
    uses = _shares(map(providers, declared), [(use.slug, use) for use in integrations])
    fields = _shares([[section.type] for section in declared], [(kind, kind) for kind in OWN_FIELDS])
    parts = iter(
        [
            Section(section.type, asked, used) if asked or used or own else None
            for section, asked, used, own in zip(declared, questions, uses, fields, strict=True)
        ]
    )
    pages = [(page, tuple(part for _ in page.sections if (part := next(parts)))) for page in layout.sub_steps]
    return _named(
        [SubStep(page.id, page.title, page.description, page.optional, filled) for page, filled in pages if filled]
    )


def objections(
    layout: Layout, inputs: Sequence[UserInput], integrations: Sequence[IntegrationUse]
) -> Iterator[Problem]:
    """Why a layout that parses must not be published: ambiguous pages, and what no page would ask."""
    yield from _phases(layout)
    yield from _undeclared(layout, [use.slug for use in integrations])
    pages = resolve(layout, inputs, integrations)
    yield from _unasked(layout, inputs, {question.key for page in pages for question in page.inputs})
    yield from _unconnected(integrations, {use.slug for page in pages for use in page.integrations})


def _unasked(layout: Layout, inputs: Sequence[UserInput], placed: Container[str]) -> Iterator[Problem]:
    known = sorted({name for page in layout.sub_steps for section in page.sections for name in groups(section)})
    for position, question in enumerate(inputs):
        if question.asked and question.key not in placed:
            where = place(TEMPLATE, "userInputs", position, "wizardStep")
            otherwise = f'Add a section {{"type": "wizard_inputs", "groups": [{show(question.group)}]}} to a page.'
            fix = nearest(question.group, known, otherwise)
            yield Problem(where, "a group that a section of `wizardLayout` asks for", show(question.group), fix)


def _unconnected(integrations: Sequence[IntegrationUse], placed: Container[str]) -> Iterator[Problem]:
    for position, use in enumerate(integrations):
        if not use.optional and use.slug not in placed:
            where = place(TEMPLATE, "integrations", position)
            fix = f'Add a section {{"type": "integration", "providers": [{show(use.slug)}]}} to a page.'
            yield Problem(where, "a section of `wizardLayout` in which it is connected", "none", fix)


def _phases(layout: Layout) -> Iterator[Problem]:
    seen = set[str]()
    for position, page in enumerate(layout.sub_steps):
        where = place(TEMPLATE, "wizardLayout", "subSteps", position, "id")
        if page.id == REVIEW:
            yield Problem(where, "an id of your own", show(REVIEW), "The wizard's last page has it. Choose another.")
        elif page.id in seen:
            yield Problem(where, "each id once", f"{show(page.id)} again", "Choose another.")
        seen.add(page.id)


def _undeclared(layout: Layout, declared: Sequence[str]) -> Iterator[Problem]:
    """A mistyped optional integration would be gone from the wizard, and nobody would know."""
    for number, page in enumerate(layout.sub_steps):
        for position, section in enumerate(page.sections):
            for entry, slug in enumerate(providers(section)):
                if slug not in (SWEEP, *declared):
                    where = place(
                        TEMPLATE, "wizardLayout", "subSteps", number, "sections", position, "providers", entry
                    )
                    fix = nearest(slug, declared, "Add it to `integrations`, or remove it here.")
                    yield Problem(where, "a slug of `integrations`", show(slug), fix)


def groups(section: LayoutSection) -> Sequence[str]:
    """The groups of inputs that a section asks for."""
    if section.type in NAMED_AFTER_THEIR_GROUP:
        return [section.type]
    return section.groups if section.type == "wizard_inputs" else []


def providers(section: LayoutSection) -> Sequence[str]:
    """The integrations that a section asks for."""
    return section.providers if section.type == "integration" else []


def _shares[T](wishes: Iterable[Sequence[str]], things: Sequence[tuple[str, T]]) -> list[tuple[T, ...]]:
    """What each list of names gets of the named things, in the order in which it names them."""
    lists = list(wishes)
    owners = {name: _owner(name, lists) for name, _ in things}

    def share(position: int, wish: Sequence[str]) -> Iterator[tuple[int, T]]:
        for name, thing in things:
            if owners[name] == position:
                yield wish.index(name if name in wish else SWEEP), thing

    return [
        tuple(thing for _, thing in sorted(share(position, wish), key=itemgetter(0)))
        for position, wish in enumerate(lists)
    ]


def _owner(name: str, lists: Sequence[Sequence[str]]) -> int | None:
    """The first list with that name; where there is none, the first that sweeps."""
    named = (position for position, wish in enumerate(lists) if name in wish)
    sweeps = (position for position, wish in enumerate(lists) if SWEEP in wish)
    return next(named, next(sweeps, None))


def _named(pages: list[SubStep]) -> tuple[SubStep, ...]:
    """The pages, the first of which asks for name and address if no other does: one may find its address taken."""
    if pages and not any(page.has("deployment_name") for page in pages):
        pages[0] = replace(pages[0], sections=(Section("deployment_name"), *pages[0].sections))
    return tuple(pages)


def _one_page(inputs: Iterable[UserInput], integrations: Iterable[IntegrationUse]) -> tuple[SubStep, ...]:
    """Name, one Connect section, inputs."""
    asked, used = tuple(question for question in inputs if question.asked), tuple(integrations)
    sections = [Section("deployment_name")]
    sections += [Section("integration", integrations=used)] if used else []
    sections += [Section("wizard_inputs", inputs=asked)] if asked else []
    return (SubStep(ONE_PAGE, "Set up", sections=tuple(sections)),)
