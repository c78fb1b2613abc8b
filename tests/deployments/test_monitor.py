"""Tools that run are asked again and again whether they are well."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from deployments import health, monitor, runtimes
from deployments.models import Activity, Deployment, Event
from deployments.runtimes import RuntimeState, Status
from tenants.models import Tenant, User
from tests.deployments.fakes import FakeRuntime
from tests.scenery import make_deployment, make_release

BAD, GOOD = (False, "status 500"), (True, "status 200")


class Asked:
    """What tools answer, by port, and who was asked."""

    def __init__(self) -> None:
        self.answers: dict[int, tuple[bool, str]] = {}
        self.ports: list[int] = []

    def __call__(self, port: int, path: str) -> tuple[bool, str]:
        self.ports.append(port)
        return self.answers.get(port, GOOD)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    fake = FakeRuntime(status=Status.RUNNING)
    monkeypatch.setattr(runtimes, "current", lambda: fake)
    return fake


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    monkeypatch.setattr(health, "ask", asked)
    return asked


@pytest.fixture
def deployment(tenant: Tenant, runtime: FakeRuntime, tools: Asked) -> Deployment:
    return make_deployment(tenant, make_release(integrations=[]), port=8101)


def check(times: int = 1) -> None:
    """So many rounds, each long after the one before."""
    for _ in range(times):
        Deployment.everyone.update(health_checked_at=timezone.now() - timedelta(hours=1))
        monitor.check()


def now(deployment: Deployment) -> tuple[str, int]:
    deployment.refresh_from_db()
    return deployment.status, deployment.health_failures


def told() -> int:
    return Event.everyone.filter(kind="deployment.changed").count()


# --- what is found


def test_a_tool_that_answers_stays_as_it_is_and_nobody_is_told(deployment: Deployment) -> None:
    check(3)
    assert now(deployment) == ("running", 0)
    assert told() == 0
    assert not Activity.everyone.exists()


def test_two_bad_answers_are_not_enough(deployment: Deployment, tools: Asked) -> None:
    tools.answers[8101] = BAD
    check(2)
    assert now(deployment) == ("running", 2)
    assert told() == 0


def test_the_third_in_a_row_makes_it_degraded(deployment: Deployment, tools: Asked) -> None:
    tools.answers[8101] = BAD
    check(3)
    assert now(deployment) == ("degraded", 3)
    assert told() == 1
    noted = Activity.everyone.get()
    assert (noted.actor, noted.action) == (None, monitor.DEGRADED)
    assert noted.detail == "Asked at /healthz, it answered with status 500."


def test_it_is_degraded_once_however_long_that_lasts(deployment: Deployment, tools: Asked) -> None:
    tools.answers[8101] = BAD
    check(9)
    assert now(deployment) == ("degraded", 3)
    assert told() == 1
    assert Activity.everyone.count() == 1


def test_a_good_answer_in_between_begins_anew(deployment: Deployment, tools: Asked) -> None:
    for answer in (BAD, BAD, GOOD, BAD, BAD):
        tools.answers[8101] = answer
        check()
    assert now(deployment) == ("running", 2)


def test_the_first_good_answer_makes_it_well_again(deployment: Deployment, tools: Asked) -> None:
    tools.answers[8101] = BAD
    check(3)
    tools.answers[8101] = GOOD
    check()
    assert now(deployment) == ("running", 0)
    assert told() == 2
    assert Activity.everyone.latest("pk").action == monitor.RECOVERED


def test_a_tool_without_process_is_not_asked(deployment: Deployment, tools: Asked, runtime: FakeRuntime) -> None:
    runtime.state = lambda deployment: RuntimeState(Status.ENDED, exit_code=3)  # type: ignore[method-assign]
    check(3)
    assert now(deployment)[0] == "degraded"
    assert Activity.everyone.get().detail == "It has no process. The last one ended with exit code 3."
    assert tools.ports == []


def test_what_runs_tools_may_be_silent_while_they_answer(deployment: Deployment, runtime: FakeRuntime) -> None:
    runtime.status = Status.UNKNOWN
    check(3)
    assert now(deployment) == ("running", 0)


def test_a_look_that_fails_says_nothing_about_the_tool(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(port: int, path: str) -> Any:
        raise MemoryError

    monkeypatch.setattr(health, "ask", fail)
    check(3)
    assert now(deployment) == ("running", 0)


# --- who is asked, and by whom


@pytest.mark.parametrize("status", ["deploying", "failed", "suspended", "destroyed"])
def test_only_what_runs_is_asked(deployment: Deployment, tools: Asked, status: str) -> None:
    Deployment.everyone.update(status=status)
    check()
    assert tools.ports == []


def test_what_is_being_changed_is_left_alone(deployment: Deployment, tools: Asked) -> None:
    Deployment.everyone.update(operation="restart", current_step="boot")
    check()
    assert tools.ports == []


def test_an_operation_that_begins_meanwhile_makes_the_finding_stale(deployment: Deployment, tools: Asked) -> None:
    tools.answers[8101] = BAD
    check(2)
    visits = list(_claimed())
    Deployment.everyone.update(operation="restart", current_step="boot")
    assert not monitor._record(visits[0], "It has no process.")
    assert now(deployment) == ("running", 2)


def _claimed() -> Iterator[monitor.Visit]:
    Deployment.everyone.update(health_checked_at=None)
    return monitor._visits()


def test_nobody_is_asked_twice_in_a_short_time(deployment: Deployment, tools: Asked) -> None:
    monitor.check()
    monitor.check()
    assert tools.ports == [8101]


def test_of_two_workers_one_asks(tenant: Tenant, deployment: Deployment) -> None:
    """The first one has read both rows when the second one comes and is faster with one of them."""
    make_deployment(tenant, deployment.release, slug="second", port=8102)
    first, second = monitor._visits(), monitor._visits()
    asked = [next(first).port, *(visit.port for visit in second), *(visit.port for visit in first)]
    assert sorted(asked) == [8101, 8102]


def test_a_release_that_can_not_be_read_stops_nobody_else(tenant: Tenant, deployment: Deployment, tools: Asked) -> None:
    broken = make_release("broken", integrations=[])
    broken.template = {"slug": "broken"}
    broken.save()
    make_deployment(tenant, broken, slug="broken", port=8102)
    check()
    assert tools.ports == [8101]


def test_many_are_asked_at_the_same_time(tenant: Tenant, deployment: Deployment, tools: Asked) -> None:
    for port in range(8102, 8110):
        make_deployment(tenant, deployment.release, slug=f"tool-{port}", port=port)
    check()
    assert sorted(tools.ports) == list(range(8101, 8110))


# --- what people see


def test_people_see_why(
    client_for: Callable[[User], Client], member: User, deployment: Deployment, tools: Asked
) -> None:
    tools.answers[8101] = BAD
    check(3)
    page = client_for(member).get(f"/deployments/{deployment.pk}").text
    assert 'data-status="degraded"' in page
    assert "Asked at /healthz, it answered with status 500." in page


def test_what_is_well_again_is_no_longer_explained(deployment: Deployment, tools: Asked) -> None:
    tools.answers[8101] = BAD
    check(3)
    deployment.refresh_from_db()
    assert monitor.last_finding(deployment)
    tools.answers[8101] = GOOD
    check()
    deployment.refresh_from_db()
    assert monitor.last_finding(deployment) == ""
