from collections.abc import Callable
from typing import Any

import pytest

from connections import vault
from connections.models import Connection
from deployments.launch import LaunchRefused
from deployments.models import Deployment, Release
from tenants.models import Tenant, User
from tests.scenery import make_deployment, make_release
from tests.wizard.conftest import fill_in
from wizard import draft as drafts
from wizard import needs
from wizard.models import Draft

type Make = Callable[..., Connection]


def ready(draft: Draft) -> None:
    fill_in(draft, name="Ours", slug="ours", DATABASE="pages", SECRET="hush-hush")


def test_a_draft_begins_with_a_name_and_a_free_address(tenant: Tenant, member: User, release: Release) -> None:
    make_deployment(tenant, release, slug="importer")
    draft = drafts.start(tenant, member, release)
    assert (draft.name, draft.slug) == ("Importer", "importer-2")


def test_the_only_account_is_selected_without_asking(draft: Draft, make_connection: Make) -> None:
    connection = make_connection(draft.tenant, "notion")
    assert needs.chosen(draft) == {"notion": connection}


def test_of_two_accounts_none_is_selected(draft: Draft, make_connection: Make) -> None:
    make_connection(draft.tenant, "notion", account_id="a")
    make_connection(draft.tenant, "notion", account_id="b")
    assert [need.integration.slug for need in needs.missing(draft)] == ["notion"]


def test_going_on_without_is_remembered(draft: Draft, make_connection: Make) -> None:
    make_connection(draft.tenant, "googledrive")
    drafts.select(draft, {"googledrive": None})
    assert needs.chosen(draft) == {}


def test_a_disconnected_account_is_no_longer_selected(draft: Draft, make_connection: Make) -> None:
    connection = make_connection(draft.tenant, "notion")
    drafts.select(draft, {"notion": connection})
    Connection.everyone.update(status=Connection.Status.REVOKED)
    assert needs.missing(draft)


def test_somebody_elses_account_is_never_selected(draft: Draft, other_tenant: Tenant, make_connection: Make) -> None:
    theirs = make_connection(other_tenant, "notion")
    drafts.select(draft, {"notion": theirs})
    assert needs.missing(draft)


def test_answers_start_from_the_defaults(draft: Draft) -> None:
    assert drafts.answers(draft) == {"MODE": "fast"}


def test_answers_are_kept_in_the_vault(draft: Draft) -> None:
    ready(draft)
    assert "hush-hush" not in Draft.everyone.get(pk=draft.pk).inputs
    assert "hush-hush" in (vault.reveal(draft, "inputs") or "")


def test_launch_makes_the_deployment_and_forgets_the_answers(draft: Draft, member: User, make_connection: Make) -> None:
    connection = make_connection(draft.tenant, "notion")
    ready(draft)
    deployment = drafts.launch(draft, member)
    draft.refresh_from_db()
    assert (draft.deployment, draft.inputs) == (deployment, None)
    assert (deployment.name, deployment.slug) == ("Ours", "ours")
    assert deployment.chosen == {"notion": str(connection.pk)}


def test_launching_twice_gives_the_same_deployment(draft: Draft, member: User, make_connection: Make) -> None:
    make_connection(draft.tenant, "notion")
    ready(draft)
    assert drafts.launch(draft, member) == drafts.launch(draft, member)
    assert Deployment.everyone.count() == 1


def test_a_refused_launch_keeps_the_draft(draft: Draft, member: User) -> None:
    ready(draft)
    with pytest.raises(LaunchRefused):
        drafts.launch(draft, member)
    draft.refresh_from_db()
    assert draft.deployment is None
    assert drafts.answers(draft)["SECRET"] == "hush-hush"


def test_a_draft_moves_on_to_the_release_that_replaced_its_own(draft: Draft) -> None:
    fill_in(draft, DATABASE="pages", MODE="thorough")
    Release.objects.update(status=Release.Status.SUPERSEDED)
    newer = make_release(version="2.0.0", inputs=[{"key": "DATABASE", "label": "Database"}])
    draft = Draft.everyone.get(pk=draft.pk)
    assert drafts.keep_current(draft)
    assert draft.release == newer
    assert drafts.answers(draft) == {"DATABASE": "pages"}


def test_a_withdrawn_tool_cannot_be_deployed(draft: Draft) -> None:
    Release.objects.update(status=Release.Status.WITHDRAWN)
    draft.release.refresh_from_db()
    assert not drafts.keep_current(draft)


def test_what_is_lost_without_an_integration_is_said_in_words(draft: Draft) -> None:
    need: Any = needs.need(draft, "googledrive")
    assert need.loss == "Without it the tool can’t list and read the files of a Google Drive."
