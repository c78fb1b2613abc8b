"""The pages of a wizard are those of the release's layout: the tutorial's four, a sweep, a broken one, none."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from connections.models import Connection, Integration
from deployments.models import Deployment, EnvironmentVariable
from tenants.models import Tenant, User
from tests.scenery import make_release
from wizard import draft as drafts
from wizard import phases
from wizard.models import Draft

type Make = Callable[..., Connection]

QUESTIONS = (
    {"key": "TITLE", "label": "Title", "wizardStep": "basics"},
    {"key": "PAGES", "label": "Pages", "inputType": "number", "default": 20, "validations": {"min": 1}},
    {"key": "NOTE", "label": "Note", "category": "user_optional", "wizardStep": "extra", "visibility": "advanced"},
    {"key": "MODEL", "label": "Model", "default": "small", "visibility": "hidden"},
)
TUTORIAL = [
    {"id": "name", "title": "Name it", "description": "Where it will live.", "sections": [{"type": "deployment_name"}]},
    {"id": "connect", "title": "Connect", "sections": [{"type": "integration", "providers": ["notion"]}]},
    {"id": "basics", "title": "Basics", "sections": [{"type": "wizard_inputs", "groups": ["basics"]}]},
    {
        "id": "advanced",
        "title": "Advanced",
        "optional": True,
        "sections": [{"type": "wizard_inputs"}, {"type": "integration"}, {"type": "workspace"}],
    },
]


@pytest.fixture
def begin(tenant: Tenant, member: User, notion: Integration, googledrive: Integration) -> Callable[..., Draft]:
    """(layout, questions) → a draft of a tool with them."""

    def make(layout: Any = None, inputs: Any = QUESTIONS, **fields: Any) -> Draft:
        layout = {"version": 1, "subSteps": layout} if isinstance(layout, list) else layout
        return drafts.start(tenant, member, make_release(inputs=inputs, layout=layout, **fields))

    return make


@pytest.fixture
def draft(begin: Callable[..., Draft]) -> Draft:
    return begin(TUTORIAL)


def post(browser: Client, draft: Draft, phase: str, **fields: str) -> str:
    """Send a page; where it leads, or the page that came back."""
    answer = browser.post(f"/deploy/{draft.pk}?phase={phase}", {k.replace("__", "-"): v for k, v in fields.items()})
    location = answer.headers.get("Location", "")
    return location.partition("phase=")[2] or location or answer.text


def show(browser: Client, draft: Draft, phase: str) -> str:
    return browser.get(f"/deploy/{draft.pk}?phase={phase}").text


def test_the_tutorials_four_steps(browser: Client, draft: Draft, make_connection: Make) -> None:
    connection = make_connection(draft.tenant, "notion")
    assert post(browser, draft, "name", name="Ours", slug="ours") == "connect"
    assert post(browser, draft, "connect", **{"connection-notion": str(connection.pk)}) == "basics"
    assert post(browser, draft, "basics", input__TITLE="Reading") == "advanced"
    assert post(browser, draft, "advanced", input__PAGES="7", **{"connection-googledrive": ""}) == "review"
    assert post(browser, draft, "review").startswith("/deployments/")
    rows = EnvironmentVariable.everyone.filter(deployment=Deployment.everyone.get(), kind="user")
    assert set(rows.values_list("name", flat=True)) == {"TITLE", "PAGES", "MODEL"}


def test_each_step_asks_its_own(browser: Client, draft: Draft) -> None:
    for phase, own in {"name": "slug", "connect": "draft-account-notion", "basics": "input-TITLE"}.items():
        page = show(browser, draft, phase)
        assert own in page
        assert "draft-account-googledrive" not in page
        assert "input-PAGES" not in page
    assert "Where it will live." in show(browser, draft, "name")


def test_the_last_step_sweeps_what_is_left(browser: Client, draft: Draft) -> None:
    page = show(browser, draft, "advanced")
    for own in ("input-PAGES", "input-NOTE", "draft-account-googledrive", "belongs to this workspace"):
        assert own in page
    assert "input-TITLE" not in page


def test_advanced_questions_are_folded_and_hidden_ones_not_asked(browser: Client, draft: Draft) -> None:
    page = show(browser, draft, "advanced")
    folded = page[page.index('<details class="disclosure"') :]
    assert "input-NOTE" in folded
    assert "input-PAGES" not in folded
    assert "input-MODEL" not in page


def test_a_folded_error_is_not_folded_away(browser: Client, begin: Callable[..., Draft]) -> None:
    folded = {"key": "N", "label": "N", "visibility": "advanced", "validations": {"minLength": 3}}
    draft = begin(inputs=[folded])
    page = post(browser, draft, "setup", name="N", slug="nn", input__N="1")
    assert '<details class="disclosure" open>' in page


def test_only_optional_steps_can_be_skipped(browser: Client, draft: Draft) -> None:
    assert 'name="skip"' in show(browser, draft, "advanced")
    assert 'name="skip"' not in show(browser, draft, "basics")
    assert "This field is required." in post(browser, draft, "basics", skip="1")


def test_what_is_skipped_is_left_out_and_kept(browser: Client, draft: Draft, make_connection: Make) -> None:
    make_connection(draft.tenant, "googledrive")
    assert post(browser, draft, "advanced", input__PAGES="7", input__NOTE="Hello", skip="1") == "review"
    draft.refresh_from_db()
    assert drafts.answers(draft) == {"PAGES": "7", "MODEL": "small"}  # PAGES is a required one
    assert "Skipped" in show(browser, draft, "review")
    assert "Without" in show(browser, draft, "review")
    assert "You skipped this step." in show(browser, draft, "advanced")
    assert 'value="Hello"' in show(browser, draft, "advanced")


def test_a_skipped_step_is_remembered_until_somebody_fills_it_in(browser: Client, draft: Draft) -> None:
    post(browser, draft, "advanced", input__PAGES="20", skip="1")
    assert ", skipped" in show(browser, draft, "name")
    post(browser, draft, "advanced", input__PAGES="20", go="name")
    assert ", skipped" in show(browser, draft, "name")
    post(browser, draft, "advanced", input__NOTE="Hello", go="name")
    assert ", skipped" not in show(browser, draft, "name")


def test_a_required_account_on_a_skipped_step_blocks_the_launch(browser: Client, begin: Callable[..., Draft]) -> None:
    draft = begin([{"id": "all", "title": "All", "optional": True, "sections": [{"type": "integration"}]}], inputs=())
    assert post(browser, draft, "all", name="N", slug="nn", skip="1") == "review"
    assert "Notion is not connected." in show(browser, draft, "review")
    assert post(browser, draft, "review") == "all&check=1"


def test_a_layout_that_does_not_parse_is_one_page(browser: Client, begin: Callable[..., Draft]) -> None:
    draft = begin({"version": 1, "subSteps": [{"id": "!", "title": "", "sections": []}]})
    assert phases.names(draft) == ["setup", "review"]


@pytest.mark.parametrize("layout", [None, {}, [], {"version": 2}, "sideways", 7])
def test_without_a_layout_there_is_one_page(browser: Client, begin: Callable[..., Draft], layout: Any) -> None:
    draft = begin(layout)
    page = show(browser, draft, "setup")
    places = [page.index(own) for own in ('id="id_slug"', "draft-account-notion", 'id="id_input-TITLE"')]
    assert places == sorted(places)
    assert "Step 1 of 2" in page


def test_admin_account_and_extras_ask_what_is_theirs(browser: Client, begin: Callable[..., Draft]) -> None:
    inputs = [
        {"key": "ADMIN_PASSWORD", "label": "Password", "inputType": "password", "wizardStep": "admin_credentials"},
        {"key": "THEME", "label": "Theme", "wizardStep": "tool_extras"},
    ]
    sections = [{"type": "admin_credentials"}, {"type": "tool_extras"}, {"type": "workspace"}, {"type": "integration"}]
    page = show(browser, begin([{"id": "all", "title": "All", "sections": sections}], inputs=inputs), "all")
    assert page.index("Admin account") < page.index("input-ADMIN_PASSWORD") < page.index("input-THEME")
    assert "The deployment belongs to this workspace" in page


def test_back_and_the_steps_keep_what_was_typed(browser: Client, draft: Draft) -> None:
    assert post(browser, draft, "basics", input__TITLE="Half a ti", go="connect") == "connect"
    assert 'value="Half a ti"' in show(browser, draft, "basics")
    assert post(browser, draft, "basics", go="nonsense") == "basics"


def test_the_rules_of_a_question_are_told_to_the_browser(browser: Client, begin: Callable[..., Draft]) -> None:
    rules = {"minLength": 2, "maxLength": 9, "pattern": "^[a-z]+$", "message": "Small letters."}
    page = show(browser, begin(inputs=[*QUESTIONS, {"key": "A", "label": "A", "validations": rules}]), "setup")
    for told in ('minlength="2"', 'maxlength="9"', 'data-pattern="^[a-z]+$"', 'data-message="Small letters."'):
        assert told in page
    assert 'min="1"' in page


# --- a draft that was left for a week


def test_a_replaced_release_keeps_what_was_typed(browser: Client, draft: Draft, begin: Callable[..., Draft]) -> None:
    post(browser, draft, "basics", input__TITLE="Reading")
    draft.release.status = "superseded"
    draft.release.save()
    begin(None, version="2.0.0")
    answer = browser.post(f"/deploy/{draft.pk}?phase=basics", {"input-TITLE": "Reading list"}, follow=True)
    assert "Importer 2.0.0 has replaced the release you began with." in answer.text
    assert 'value="Reading list"' in answer.text
    assert "Step 1 of 2" in answer.text


def test_an_account_that_went_away_is_named(browser: Client, draft: Draft, make_connection: Make) -> None:
    connection = make_connection(draft.tenant, "notion", display_name="Our wiki")
    post(browser, draft, "connect", **{"connection-notion": str(connection.pk)})
    Connection.everyone.update(status="revoked")
    assert "Our wiki, which was chosen here, can’t be used any more." in show(browser, draft, "connect")


def test_a_provider_that_was_switched_off_says_so(browser: Client, draft: Draft, make_connection: Make) -> None:
    make_connection(draft.tenant, "notion", display_name="Our wiki")
    Integration.objects.filter(slug="notion").update(enabled=False)
    page = show(browser, draft, "connect")
    assert "Notion is switched off here at the moment." in page
    assert "Our wiki" not in page
    assert "Notion is switched off here" in show(browser, draft, "review")
    assert post(browser, draft, "review") == "connect&check=1"
