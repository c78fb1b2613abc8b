"""The activity tab: who did what."""

from collections.abc import Callable
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from connections.models import Integration
from deployments.activity import note
from deployments.models import Activity, Deployment
from tenants.models import Tenant, User
from tests.scenery import make_deployment, make_release

type SignIn = Callable[[User], Client]


@pytest.fixture
def deployment(tenant: Tenant, notion: Integration, googledrive: Integration) -> Deployment:
    return make_deployment(tenant, make_release())


@pytest.fixture
def browser(client_for: SignIn, member: User) -> Client:
    return client_for(member)


def test_people_and_vendo_are_told_apart(browser: Client, deployment: Deployment, owner: User) -> None:
    note(deployment, "restarted", by=owner)
    note(deployment, "found it degraded", detail="The last answer was status 500.")
    page = browser.get(f"/deployments/{deployment.pk}/activity").text
    assert "owner@acme.example restarted" in page
    assert "Vendo found it degraded" in page
    assert "The last answer was status 500." in page


def test_who_is_gone_keeps_the_name(browser: Client, deployment: Deployment, owner: User) -> None:
    note(deployment, "restarted", by=owner)
    owner.delete()
    assert Activity.everyone.get().actor is None
    page = browser.get(f"/deployments/{deployment.pk}/activity").text
    assert "owner@acme.example restarted" in page


def test_those_who_were_noted_before_names_were_get_theirs(deployment: Deployment, owner: User) -> None:
    known, nobody = note(deployment, "restarted", by=owner), note(deployment, "found it degraded")
    Activity.everyone.update(actor_name="")
    fill = import_module("deployments.migrations.0007_who_it_was_stays").fill
    fill(apps, connection.schema_editor())
    names = dict(Activity.everyone.values_list("pk", "actor_name"))
    assert names == {known.pk: owner.email, nobody.pk: ""}


def test_the_newest_comes_first(browser: Client, deployment: Deployment) -> None:
    note(deployment, "suspended")
    note(deployment, "resumed")
    page = browser.get(f"/deployments/{deployment.pk}/activity").text
    assert page.index("Vendo resumed") < page.index("Vendo suspended")


def test_a_long_history_comes_in_pages(browser: Client, deployment: Deployment) -> None:
    for number in range(51):
        note(deployment, f"did thing {number}.")
    first, second = (browser.get(f"/deployments/{deployment.pk}/activity?page={page}").text for page in (1, 2))
    assert "did thing 1." in first
    assert "did thing 0." not in first
    assert "did thing 0." in second
    assert f'hx-get="/deployments/{deployment.pk}/activity?page=2"' in second


def test_a_deployment_has_its_own_history_and_no_other(browser: Client, deployment: Deployment) -> None:
    note(make_deployment(deployment.tenant, deployment.release, slug="second"), "restarted")
    page = browser.get(f"/deployments/{deployment.pk}/activity").text
    assert "restarted" not in page
    assert "Nothing has happened since the launch" in page


def test_what_is_noted_fits(deployment: Deployment) -> None:
    note(deployment, "changed settings", detail="A" * 500)
    assert len(Activity.everyone.get(deployment=deployment).detail) == 200


def test_history_is_kept_when_somebody_leaves(browser: Client, deployment: Deployment, owner: User) -> None:
    note(deployment, "restarted", by=owner)
    owner.delete()
    assert "restarted" in browser.get(f"/deployments/{deployment.pk}/activity").text
