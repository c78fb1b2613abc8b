"""Which pages the wizard has, and what stands on each: whatever the layout, nothing is asked twice or lost."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments import layout as layouts
from deployments.layout import Plan, plan
from deployments.manifest import ManifestError, published, read_tool
from deployments.models import Release
from tests.deployments.tools import MANIFEST, TEMPLATE, write_tool

NOTION, DRIVE = "notion", {"provider": "googledrive", "optional": True}


def inputs(**steps: str | None) -> list[dict[str, Any]]:
    """A question for each name, of the group that is its value."""
    return [{"key": key, "label": key.capitalize(), "wizardStep": group} for key, group in steps.items()]


def page(phase: str, *sections: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": phase, "title": phase.capitalize(), "sections": list(sections)} | more


def asking(*groups: str) -> dict[str, Any]:
    return {"type": "wizard_inputs", "groups": list(groups)}


def connecting(*providers: str) -> dict[str, Any]:
    return {"type": "integration", "providers": list(providers)}


def layout(*pages: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "subSteps": list(pages)}


def stored(wizard: Any, questions: Any = (), integrations: Any = ()) -> Plan:
    """The plan of a release whose row holds this, checked or not."""
    template = TEMPLATE | {"wizardLayout": wizard, "userInputs": list(questions), "integrations": list(integrations)}
    return plan(published(Release(manifest=MANIFEST, template=template)))


def told(found: Plan) -> dict[str, list[str]]:
    """Phase → what stands there, in order."""
    return {
        step.id: [
            *(section.type for section in step.sections if section.type in layouts.OWN_FIELDS),
            *(use.slug for use in step.integrations),
            *(question.key for question in step.inputs),
        ]
        for step in found.sub_steps
    }


def refused(tmp_path: Path, wizard: Any, questions: Any = (), integrations: Any = ()) -> list[str]:
    """What publishing has to say against it."""
    same = {"integrations": list(integrations)}
    more = {"wizardLayout": wizard, "userInputs": list(questions)}
    with pytest.raises(ManifestError) as caught:
        read_tool(write_tool(tmp_path, manifest=same, template=same | more))
    return [str(problem) for problem in caught.value.problems]


def test_each_thing_stands_where_the_layout_puts_it() -> None:
    tutorial = layout(
        page("name", {"type": "deployment_name"}),
        page("connect", {"type": "integration"}),
        page("basics", asking("basics")),
        page("advanced", asking("*"), optional=True),
    )
    found = stored(tutorial, inputs(TITLE="basics", LIMIT="extra", NOTE=None), [NOTION, DRIVE])
    assert told(found) == {
        "name": ["deployment_name"],
        "connect": ["notion", "googledrive"],
        "basics": ["TITLE"],
        "advanced": ["LIMIT", "NOTE"],
    }
    assert [(step.title, step.optional) for step in found.sub_steps][2:] == [("Basics", False), ("Advanced", True)]
    assert not found.problem


def test_without_a_layout_everything_is_on_one_page() -> None:
    found = stored(None, inputs(TITLE="basics", NOTE=None), [NOTION, DRIVE])
    assert told(found) == {"setup": ["deployment_name", "notion", "googledrive", "TITLE", "NOTE"]}
    assert [section.type for section in found.sub_steps[0].sections] == [
        "deployment_name",
        "integration",
        "wizard_inputs",
    ]
    assert not found.problem


def test_a_tool_that_asks_nothing_still_asks_for_a_name() -> None:
    assert told(stored(None)) == {"setup": ["deployment_name"]}
    assert told(stored(layout(page("a", asking("*"))))) == {"setup": ["deployment_name"]}


@pytest.mark.parametrize(
    ("wizard", "reason"),
    [
        ("pages", 'template.json wizardLayout: expected an object, found "pages".'),
        ({"subSteps": [page("a", asking())]}, "template.json wizardLayout.version: expected a value, found nothing."),
        (layout(), "template.json wizardLayout.subSteps: expected at least 1 of them, found a list."),
        (layout(page("a")), "template.json wizardLayout.subSteps[0].sections: expected at least 1 of them"),
        (layout(page("a b", asking())), "template.json wizardLayout.subSteps[0].id: expected text that matches"),
        (layout(page("a", asking(), title="x" * 61)), "template.json wizardLayout.subSteps[0].title: expected"),
        (layout(page("a", {"type": "questions"})), "template.json wizardLayout.subSteps[0].sections[0].type: expected"),
        (layout(page("a", asking() | {"groop": 1})), 'found "groop". Did you mean "groups"?'),
        (
            layout(page("a", {"type": "workspace", "groups": []})),
            "sections[0].groups: expected nothing: only sections of type wizard_inputs have it",
        ),
    ],
)
def test_a_layout_that_does_not_parse_is_published_and_gives_way_to_one_page(
    tmp_path: Path, wizard: Any, reason: str
) -> None:
    source = read_tool(write_tool(tmp_path, template={"wizardLayout": wizard, "userInputs": inputs(TITLE="x")}))
    assert source.template.wizard_layout == wizard
    found = stored(wizard, inputs(TITLE="x"), [NOTION])
    assert told(found) == {"setup": ["deployment_name", "notion", "TITLE"]}
    assert reason in found.problem


def test_the_first_section_that_names_a_thing_has_it() -> None:
    found = stored(
        layout(page("a", asking("one"), connecting("notion")), page("b", asking("one", "two"), connecting("notion"))),
        inputs(FIRST="one", SECOND="two"),
        [NOTION],
    )
    assert told(found) == {"a": ["deployment_name", "notion", "FIRST"], "b": ["SECOND"]}


def test_a_sweep_leaves_what_a_later_section_names() -> None:
    found = stored(
        layout(page("a", asking("*"), connecting("*")), page("b", asking("late"), connecting("googledrive"))),
        inputs(EARLY="early", LATE="late"),
        [NOTION, DRIVE],
    )
    assert told(found) == {"a": ["deployment_name", "notion", "EARLY"], "b": ["googledrive", "LATE"]}


def test_of_two_sweeps_the_first_gets_all() -> None:
    found = stored(layout(page("a", asking("*")), page("b", asking("*"), connecting("*"))), inputs(A=None), [NOTION])
    assert told(found) == {"a": ["deployment_name", "A"], "b": ["notion"]}


def test_a_list_keeps_its_own_order_and_may_sweep_in_the_middle() -> None:
    questions = inputs(A="one", B="two", C="three", D="one")
    assert told(stored(layout(page("a", asking("two", "*", "one"))), questions)) == {
        "a": ["deployment_name", "B", "C", "A", "D"]
    }


def test_an_empty_list_shows_nothing_and_a_page_of_nothing_is_left_out() -> None:
    found = stored(layout(page("a", asking(), connecting()), page("b", asking("*"))), inputs(A=None), [DRIVE])
    assert told(found) == {"b": ["deployment_name", "A"]}


def test_sections_that_are_named_after_their_group_ask_for_it() -> None:
    wizard = layout(page("admin", {"type": "admin_credentials"}, {"type": "tool_extras"}), page("rest", asking("*")))
    found = stored(wizard, inputs(MAIL="admin_credentials", EXTRA="tool_extras", REST="default"))
    assert told(found) == {"admin": ["deployment_name", "MAIL", "EXTRA"], "rest": ["REST"]}
    assert [section.type for section in found.sub_steps[0].sections][1:] == ["admin_credentials", "tool_extras"]


def test_fields_of_our_own_are_on_one_page_only() -> None:
    both = [{"type": "workspace"}, {"type": "deployment_name"}]
    assert told(stored(layout(page("a", *both), page("b", *both, asking("*"))), inputs(A=None))) == {
        "a": ["workspace", "deployment_name"],
        "b": ["A"],
    }


def test_a_hidden_input_is_never_asked_and_an_advanced_one_is_folded() -> None:
    hidden, folded = [dict(question, visibility="hidden") for question in inputs(A=None)], inputs(B=None)
    folded[0]["visibility"] = "advanced"
    for wizard in (None, layout(page("a", asking("default")))):
        (step,) = stored(wizard, [*hidden, *folded]).sub_steps
        assert [(question.key, question.folded) for question in step.inputs] == [("B", True)]


def test_an_input_that_no_section_places_is_refused(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, layout(page("a", asking("basics"))), inputs(A="basics", B="basic"))
    assert line == (
        "template.json userInputs[1].wizardStep: expected a group that a section of `wizardLayout` asks for, "
        'found "basic". Did you mean "basics"?'
    )


def test_a_required_integration_that_no_section_places_is_refused(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, layout(page("a", connecting("googledrive"))), integrations=[DRIVE, NOTION])
    assert line.startswith("template.json integrations[1]: expected a section of `wizardLayout` in which it is")


def test_an_optional_integration_may_be_left_out(tmp_path: Path) -> None:
    same, wizard = {"integrations": [DRIVE]}, layout(page("a", {"type": "deployment_name"}))
    source = read_tool(write_tool(tmp_path, manifest=same, template=same | {"wizardLayout": wizard}))
    assert told(stored(source.template.wizard_layout, integrations=[DRIVE])) == {"a": ["deployment_name"]}


@pytest.mark.parametrize(
    ("wizard", "start"),
    [
        (layout(page("a", asking()), page("a", asking())), "template.json wizardLayout.subSteps[1].id: expected each"),
        (layout(page("review", asking())), "template.json wizardLayout.subSteps[0].id: expected an id of your own"),
        (
            layout(page("a", asking(), connecting("*", "notoin"))),
            "template.json wizardLayout.subSteps[0].sections[1].providers[1]: expected a slug of `integrations`, "
            'found "notoin". Did you mean "notion"?',
        ),
    ],
)
def test_a_layout_that_contradicts_itself_is_refused_and_not_used_where_it_is_stored(
    tmp_path: Path, wizard: Any, start: str
) -> None:
    (line,) = refused(tmp_path, wizard, integrations=[dict(DRIVE, provider="notion")])
    assert line.startswith(start)
    found = stored(wizard, integrations=[dict(DRIVE, provider="notion")])
    assert found.problem.startswith(start)
    assert told(found) == {"setup": ["deployment_name", "notion"]}


def test_a_stored_release_that_would_lose_a_question_has_one_page() -> None:
    found = stored(layout(page("a", asking("x"))), inputs(A="x", B="y"), [NOTION])
    assert told(found) == {"setup": ["deployment_name", "notion", "A", "B"]}
    assert "userInputs[1].wizardStep" in found.problem


@pytest.mark.parametrize("value", [3, ["a"], {"a": 1}, "", "*", "x" * 65])
def test_a_group_that_is_no_name_is_refused_and_not_heeded_where_it_is_stored(tmp_path: Path, value: object) -> None:
    question = {"key": "A", "label": "a", "wizardStep": value, "visibility": value}
    assert [line.split(":")[0] for line in refused(tmp_path, None, [question])] == [
        "template.json userInputs[0].wizardStep",
        "template.json userInputs[0].visibility",
    ]
    assert told(stored(layout(page("a", asking("default"))), [question])) == {"a": ["deployment_name", "A"]}


def test_a_hidden_input_needs_a_value(tmp_path: Path) -> None:
    hidden = {"key": "A", "label": "a", "visibility": "hidden"}
    (line,) = refused(tmp_path, None, [hidden])
    assert line.startswith("template.json userInputs[0].default: expected a value, as nobody is asked for one")
    read_tool(write_tool(tmp_path, template={"userInputs": [hidden | {"default": "x"}]}))
    read_tool(write_tool(tmp_path, template={"userInputs": [hidden | {"category": "user_optional"}]}))


# Any layout at all. Few names, so that they meet: sections ask for groups that inputs have, and for some that none has.

GROUPS = ["default", "basics", "more", "admin_credentials", "tool_extras"]
SLUGS = ["notion", "googledrive", "openai", "telegram"]


def names(known: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([*known, "*"]), max_size=4)


sections = st.one_of(
    st.sampled_from(["deployment_name", "workspace", "admin_credentials", "tool_extras"]).map(lambda t: {"type": t}),
    st.sampled_from(["wizard_inputs", "integration"]).map(lambda t: {"type": t}),
    names(GROUPS).map(lambda found: asking(*found)),
    names(SLUGS).map(lambda found: connecting(*found)),
)
some_layouts = st.lists(st.lists(sections, min_size=1, max_size=4), min_size=1, max_size=4).map(
    lambda pages: layout(*(page(f"p{number}", *parts) for number, parts in enumerate(pages)))
)
some_inputs = st.lists(
    st.tuples(st.sampled_from([None, *GROUPS]), st.sampled_from([None, "visible", "advanced", "hidden"])), max_size=6
).map(
    lambda kinds: [
        {"key": f"K{number}", "label": "x", "wizardStep": group, "visibility": seen, "default": "d"}
        for number, (group, seen) in enumerate(kinds)
    ]
)
some_integrations = st.lists(
    st.builds(lambda slug, optional: {"provider": slug, "optional": optional}, st.sampled_from(SLUGS), st.booleans()),
    unique_by=lambda entry: entry["provider"],
    max_size=4,
)
anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["*", "integration", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "title", "sections", "type", "groups", "providers"]), inner)
        | st.dictionaries(st.sampled_from(["version", "subSteps"]), inner)
    ),
    max_leaves=20,
)
thorough = settings(max_examples=300, deadline=None)


def everything(found: Plan) -> Counter[str]:
    return Counter(name for names in told(found).values() for name in names)


def asked(questions: list[dict[str, Any]]) -> set[str]:
    return {question["key"] for question in questions if question["visibility"] != "hidden"}


@thorough
@given(some_layouts | anything, some_inputs, some_integrations)
def test_everything_that_must_be_asked_is_asked_once(
    wizard: Any, questions: list[dict[str, Any]], integrations: list[dict[str, Any]]
) -> None:
    found = stored(wizard, questions, integrations)
    counted = everything(found)
    must = {entry["provider"] for entry in integrations if not entry["optional"]}
    may = {entry["provider"] for entry in integrations}
    assert max(counted.values()) == 1
    assert asked(questions) | must | {"deployment_name"} <= counted.keys()
    assert counted.keys() <= asked(questions) | may | layouts.OWN_FIELDS
    assert all(step.sections for step in found.sub_steps)


def with_sweeps(wizard: dict[str, Any]) -> dict[str, Any]:
    """The layout with a last page that takes what is left."""
    return layout(*wizard["subSteps"], page("rest", asking("*"), connecting("*")))


all_integrations = [{"provider": slug} for slug in SLUGS]


@thorough
@given(some_layouts, some_inputs)
def test_a_layout_with_both_sweeps_is_used_and_leaves_nothing_out(
    wizard: dict[str, Any], questions: list[dict[str, Any]]
) -> None:
    found = stored(with_sweeps(wizard), questions, all_integrations)
    assert not found.problem
    assert everything(found).keys() - layouts.OWN_FIELDS == asked(questions) | set(SLUGS)


@thorough
@given(some_layouts, some_inputs)
def test_a_named_thing_stands_on_the_first_page_that_names_it(
    wizard: dict[str, Any], questions: list[dict[str, Any]]
) -> None:
    where = {
        name: phase
        for phase, held in told(stored(with_sweeps(wizard), questions, all_integrations)).items()
        for name in held
    }
    named: dict[str, str] = {}
    for step in wizard["subSteps"]:
        for section in step["sections"]:
            for name in [section["type"], *section.get("groups", []), *section.get("providers", [])]:
                named.setdefault(name, step["id"])
    groups = {question["key"]: question["wizardStep"] or "default" for question in questions} | {s: s for s in SLUGS}
    expected = {thing: named[group] for thing, group in groups.items() if group in named and thing in where}
    assert {thing: where[thing] for thing in expected} == expected
