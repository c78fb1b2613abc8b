"""Who looks after containers: when it starts one again, and when it leaves things alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed, RuntimeState, Status, keeper
from deployments.runtimes.keeper import Keeper
from tenants.models import Tenant
from tests.deployments.fakes import FakeRuntime

pytestmark = pytest.mark.django_db


@dataclass
class Crashing(FakeRuntime):
    """Whatever is started ends at once."""

    def start(self, deployment: Deployment, *, restart: bool = False) -> None:
        super().start(deployment, restart=restart)
        self.status = Status.ENDED

    def state(self, deployment: Deployment) -> RuntimeState:
        return RuntimeState(self.status, since=datetime.now(UTC))


@pytest.fixture(autouse=True)
def containers(monkeypatch: pytest.MonkeyPatch) -> list[Deployment]:
    """Those that have one."""
    found: list[Deployment] = []
    monkeypatch.setattr(keeper, "_with_container", lambda: [deployment.pk for deployment in found])
    return found


def test_a_tool_that_should_run_is_started(tenant: Tenant, make_deployment: Callable[..., Deployment]) -> None:
    make_deployment(tenant)
    runtime = FakeRuntime()
    Keeper(runtime).look()
    assert runtime.calls == ["start"]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.STARTING, Status.FALTERING])
def test_a_tool_that_runs_is_left_alone(
    tenant: Tenant, make_deployment: Callable[..., Deployment], status: Status
) -> None:
    make_deployment(tenant)
    runtime = FakeRuntime(status=status)
    Keeper(runtime).look()
    assert runtime.calls == []


@pytest.mark.parametrize(
    "fields",
    [
        {"operation": "restart"},
        {"status": "failed"},
        {"status": "deploying"},
        {"status": "suspended", "desired_state": "suspended"},
        {"status": "destroyed", "desired_state": "destroyed"},
    ],
)
def test_a_tool_in_other_hands_is_left_alone(
    tenant: Tenant, make_deployment: Callable[..., Deployment], fields: dict[str, str]
) -> None:
    make_deployment(tenant, **fields)
    runtime = FakeRuntime()
    Keeper(runtime).look()
    assert runtime.calls == []


def test_a_tool_that_ends_again_and_again_is_started_ever_less_often(
    tenant: Tenant, make_deployment: Callable[..., Deployment]
) -> None:
    make_deployment(tenant)
    runtime, now = Crashing(), 0.0
    tireless = Keeper(runtime, clock=lambda: now)
    starts = []
    for _ in range(2000):
        before = len(runtime.calls)
        tireless.look()
        if len(runtime.calls) > before:
            starts.append(now)
        now += 1.0
    pauses = [later - sooner for sooner, later in pairwise(starts)]
    assert pauses[:5] == [2, 4, 8, 16, 32]
    assert max(pauses) == keeper.LONGEST


def test_a_container_of_a_tool_that_should_not_run_is_stopped(
    tenant: Tenant, make_deployment: Callable[..., Deployment], containers: list[Deployment]
) -> None:
    containers.append(make_deployment(tenant, status="suspended", desired_state="suspended"))
    runtime = FakeRuntime(status=Status.RUNNING)
    Keeper(runtime).look()
    assert runtime.calls == ["stop"]


def test_nothing_is_done_while_the_engine_is_silent(tenant: Tenant, make_deployment: Callable[..., Deployment]) -> None:
    make_deployment(tenant)
    runtime = FakeRuntime(status=Status.UNKNOWN)
    with pytest.raises(RuntimeFailed, match="No container engine answers"):
        Keeper(runtime).look()
    assert runtime.calls == []


def test_a_start_that_fails_does_not_keep_others_from_theirs(
    tenant: Tenant, make_deployment: Callable[..., Deployment]
) -> None:
    make_deployment(tenant)
    make_deployment(tenant, slug="second")
    runtime = FakeRuntime(refusal=RuntimeFailed("No room.", "Make some."))
    Keeper(runtime).look()
    assert runtime.calls == ["start", "start"]
