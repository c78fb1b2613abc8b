"""For any layout and manifest, however it is filled in: a launch needs all that is required, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections.models import Connection
from deployments.models import Deployment
from tenants.models import Tenant, User
from tests.scenery import make_release
from wizard import draft as drafts
from wizard import phases
from wizard.models import Draft
from wizard.pages import pages

GROUPS = ["basics", "extra", "admin_credentials", "tool_extras"]
VALUES: dict[str, Any] = {"text": "words", "password": "hush", "number": 7, "boolean": True, "select": "b"}
SLUGS = ("notion", "googledrive")


@st.composite
def question(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A question of any kind. One that is never asked needs no answer, as publishing sees to."""
    kind = draw(st.sampled_from([*VALUES]))
    made: dict[str, Any] = {"key": f"Q{number}", "label": f"Question {number}", "inputType": kind}
    made |= {"category": draw(st.sampled_from(["user_required", "user_optional"]))}
    made |= {"wizardStep": draw(st.sampled_from([None, *GROUPS]))}
    made |= {"visibility": draw(st.sampled_from([None, "advanced", "hidden"]))}
    made |= {"options": ["a", "b"]} if kind == "select" else {}
    if made["visibility"] == "hidden" or draw(st.booleans()):
        made["default"] = VALUES[kind]
    return made


SECTION = st.one_of(
    st.sampled_from([{"type": kind} for kind in ("deployment_name", "workspace", "admin_credentials", "tool_extras")]),
    st.builds(
        lambda names: {"type": "wizard_inputs", "groups": names}, st.lists(st.sampled_from([*GROUPS, "*"]), unique=True)
    ),
    st.builds(
        lambda names: {"type": "integration", "providers": names},
        st.lists(st.sampled_from([*SLUGS, "*"]), unique=True),
    ),
)
# The last page sweeps, as publishing refuses a layout that loses something.
SWEEP = {"id": "rest", "title": "Rest", "sections": [{"type": "wizard_inputs"}, {"type": "integration"}]}


@st.composite
def layout(draw: st.DrawFn) -> Any:
    """Any layout that publishing takes, or none, or one that does not parse."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from([None, {"version": 2}]))
    found = draw(st.lists(st.lists(SECTION, min_size=1, max_size=3), max_size=3))
    made = [
        {"id": f"p{number}", "title": f"Page {number}", "optional": draw(st.booleans()), "sections": sections}
        for number, sections in enumerate(found)
    ]
    return {"version": 1, "subSteps": [*made, SWEEP | {"optional": draw(st.booleans())}]}


@st.composite
def tool(draw: st.DrawFn) -> dict[str, Any]:
    """A manifest's part that the wizard sees."""
    uses = [{"provider": slug, "optional": draw(st.booleans())} for slug in draw(st.sets(st.sampled_from(SLUGS)))]
    questions = [draw(question(number)) for number in range(draw(st.integers(0, 4)))]
    return {"integrations": uses, "inputs": questions, "layout": draw(layout())}


def fill(browser: Client, draft: Draft, values: dict[str, str], skipped: set[str]) -> None:
    """Go through the wizard page by page, and leave the optional ones with Skip where that is wanted."""
    for page in pages(draft).sub_steps:
        button = {"skip": "1"} if page.optional and page.id in skipped else {"go": page.id}
        asked = {name: values[name] for name in phases.fields_of(page) if name in values}
        browser.post(f"/deploy/{draft.pk}?phase={page.id}", asked | button)


def complete(made: dict[str, Any], given: set[str]) -> bool:
    """Whether all that is required is there: given, or by default."""
    asked = [item for item in made["inputs"] if item["category"] == "user_required" and item["inputType"] != "boolean"]
    needed = {item["key"] for item in asked if "default" not in item}
    return given >= needed | {use["provider"] for use in made["integrations"] if not use["optional"]}


@dataclass
class Scene:
    """A workspace, and somebody of it at a browser."""

    tenant: Tenant
    member: User
    browser: Client
    make_connection: Callable[..., Connection]

    def begin(self, made: dict[str, Any], given_things: set[str]) -> tuple[Draft, dict[str, str]]:
        """A draft of the tool, and what is given as fields of its pages."""
        kinds = {item["key"]: item["inputType"] for item in made["inputs"]}
        values = {f"input-{key}": str(VALUES[kind]) for key, kind in kinds.items() if key in given_things}
        for slug in given_things.intersection(SLUGS):
            values[f"connection-{slug}"] = str(self.make_connection(self.tenant, slug).pk)
        return drafts.start(self.tenant, self.member, make_release(**made)), values


@pytest.fixture
def scene(db: None, request: pytest.FixtureRequest) -> Scene:
    providers = [request.getfixturevalue(slug) for slug in SLUGS]
    assert all(provider.configured for provider in providers)
    return Scene(*map(request.getfixturevalue, ("tenant", "member", "browser", "make_connection")))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=tool(), data=st.data())
def test_a_launch_is_possible_if_and_only_if_all_that_is_required_is_given(
    scene: Scene, made: dict[str, Any], data: st.DataObject
) -> None:
    names = [item["key"] for item in made["inputs"]] + [use["provider"] for use in made["integrations"]]
    withheld = data.draw(st.sets(st.sampled_from([*names, "nothing"]), max_size=2))
    skipped = data.draw(st.sets(st.sampled_from(["p0", "p1", "p2", "rest"])))
    with transaction.atomic():
        draft, values = scene.begin(made, {*names} - withheld)
        fill(scene.browser, draft, values, skipped)
        draft.refresh_from_db()
        possible = not phases.hindrances(draft)
        scene.browser.post(f"/deploy/{draft.pk}?phase=review")
        assert Deployment.everyone.exists() == possible == complete(made, {*names} - withheld)
        transaction.set_rollback(True)
