"""One worker at a time, and never one that was given up."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from deployments import lease as module
from deployments.lease import Lease, LeaseLost
from deployments.models import Deployment
from tenants.models import Tenant
from tests.deployments.fakes import deployed, release_of

pytestmark = pytest.mark.postgres


@pytest.fixture
def deployment(tenant: Tenant, tmp_path: Path, settings: Any) -> Deployment:
    settings.DATA_DIR = tmp_path / "data"
    return deployed(tenant, release_of(tmp_path / "clock"))


def over(deployment: Deployment) -> None:
    Deployment.everyone.filter(pk=deployment.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_it_is_taken_once(deployment: Deployment) -> None:
    first, second = Lease(deployment.pk), Lease(deployment.pk)
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()


def test_it_is_taken_over_when_it_is_over(deployment: Deployment) -> None:
    first, second = Lease(deployment.pk), Lease(deployment.pk)
    assert first.take()
    over(deployment)
    assert second.take()
    assert not first.renew()
    with pytest.raises(LeaseLost):
        first.check()
    with pytest.raises(LeaseLost), first.writing():
        pytest.fail("it must not get here")
    first.release()
    with second.writing() as row:
        assert row == deployment


@pytest.mark.parametrize("change", [{"operation": ""}, {"status": "failed"}, {"status": "destroyed"}])
def test_it_is_for_what_is_under_way(deployment: Deployment, change: dict[str, str]) -> None:
    lease = Lease(deployment.pk)
    assert lease.take()
    Deployment.everyone.update(**change)
    with pytest.raises(LeaseLost), lease.writing():
        pytest.fail("it must not get here")
    lease.release()
    assert not Lease(deployment.pk).take()
    deployment.refresh_from_db()
    assert deployment.lease == "", "a retry must find it free"


def test_it_is_lost_when_something_else_is_to_be_done(deployment: Deployment) -> None:
    lease = Lease(deployment.pk)
    assert lease.take()
    Deployment.everyone.update(operation="destroy")
    assert not Lease(deployment.pk).take(), "the worker may be in the middle of something"
    assert not lease.renew()
    with pytest.raises(LeaseLost):
        lease.check()
    lease.release()
    assert Lease(deployment.pk).take()


def test_a_transaction_whose_lease_was_lost_on_the_way_is_rolled_back(deployment: Deployment) -> None:
    lease = Lease(deployment.pk)
    assert lease.take()
    with pytest.raises(LeaseLost), lease.transaction():
        Deployment.everyone.update(name="changed", lease="somebody else")
    deployment.refresh_from_db()
    assert deployment.name == "Clock"


def test_it_is_lost_by_the_clock_too(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = Lease(deployment.pk)
    assert lease.take()
    lease.check()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + module.LENGTH + 1)
    with pytest.raises(LeaseLost):
        lease.check()


def test_it_is_prolonged_while_the_work_goes_on(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = _renewals(monkeypatch, lambda: True)
    lease = Lease(deployment.pk)
    assert lease.take()
    with lease.kept():
        _wait_for(lambda: len(renewed) > 2)
    count = len(renewed)
    time.sleep(0.05)
    assert len(renewed) == count
    deployment.refresh_from_db()
    assert deployment.lease_until is None


def test_a_database_that_stumbles_does_not_end_it(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble() -> bool:
        raise OperationalError

    renewed = _renewals(monkeypatch, stumble)
    lease = Lease(deployment.pk)
    assert lease.take()
    with lease.kept():
        _wait_for(lambda: len(renewed) > 2)
        lease.check()


def _renewals(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], bool]) -> list[Lease]:
    renewed: list[Lease] = []

    def renew(lease: Lease) -> bool:
        renewed.append(lease)
        return answer()

    monkeypatch.setattr(module, "RENEW_EVERY", 0.01)
    monkeypatch.setattr(Lease, "renew", renew)
    return renewed


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
