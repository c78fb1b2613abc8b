from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vendo import Connection, EnvBootstrap, EnvVar, _watch
from vendo.errors import AuthError, NotConnected, UpstreamError
from vendo.reconciler import Plan, Reconciler, State, Variable, plan, wanted
from vendo.testing import MockClient, fake_connection
from waiting import wait_until


def telegram(token: str = "t", **fields: object) -> Connection:
    bootstrap = EnvBootstrap((EnvVar("TELEGRAM_BOT_TOKEN", "credential"),), "gateway")
    return fake_connection("telegram", credential={"TELEGRAM_BOT_TOKEN": token}, env_bootstrap=bootstrap, **fields)


STATES = st.dictionaries(st.sampled_from("ABCD"), st.builds(Variable, st.sampled_from("xy"), st.booleans()))


@given(before=STATES, after=STATES)
@settings(database=None)
def test_a_plan_leads_from_one_to_the_other_with_nothing_in_vain(before: State, after: State) -> None:
    todo = plan(before, after)
    values = {name: one.value for name, one in before.items()}
    assert all(values.get(name) != value for name, value in todo.set.items())
    assert set(todo.unset) <= values.keys()
    reached = {name: value for name, value in {**values, **todo.set}.items() if name not in todo.unset}
    assert reached == {name: one.value for name, one in after.items()}
    assert not todo.restart or todo


@pytest.mark.parametrize("restart", [True, False])
def test_a_restart_only_for_what_needs_it(restart: bool) -> None:
    state = {"A": Variable("a", restart)}
    assert plan({}, state) == Plan({"A": "a"}, (), restart)
    assert plan(state, {}) == Plan({}, ("A",), restart)
    assert plan(state, {"A": Variable("b", restart)}).restart is restart
    assert not plan(state, state)
    assert "'a'" not in repr((plan({}, state), state))


@pytest.mark.parametrize(
    ("value_from", "expected"),
    [
        ("access_token", "fresh"),
        ("api_key", "k"),
        ("base_url", "https://b"),
        ("credential.OTHER", "o"),
        ("context.ref", "r"),
        ("metadata.deep.er", "7"),
        ("metadata.flag", "true"),
        ("metadata.deep", None),
        ("context.nothing", None),
        ("invented", None),
        ("", None),
    ],
)
def test_where_a_value_comes_from(value_from: str, expected: str | None) -> None:
    connection = fake_connection(
        api_key="k",
        base_url="https://b",
        credential={"OTHER": "o"},
        context={"ref": "r"},
        metadata={"deep": {"er": 7}, "flag": True},
        env_bootstrap=EnvBootstrap((EnvVar("A", value_from),)),
    )
    assert wanted([connection], lambda _: "fresh") == ({"A": Variable(expected)} if expected else {})


def test_what_is_not_connected_fills_nothing() -> None:
    def gone(slug: str) -> str:
        raise NotConnected("gone", slug=slug)

    token = fake_connection(env_bootstrap=EnvBootstrap((EnvVar("A", "access_token"),)))
    assert wanted([telegram(status="needs_reauth"), telegram(status="available"), token], gone) == {}
    assert wanted([telegram()], gone) == {"TELEGRAM_BOT_TOKEN": Variable("t", restart=True)}


def test_it_applies_what_is_new_and_nothing_twice() -> None:
    mock, plans = MockClient(), list[Plan]()
    reconciler = Reconciler(plans.append, client=mock)
    mock.connect("telegram", connection=telegram())
    assert reconciler.reconcile() == Plan({"TELEGRAM_BOT_TOKEN": "t"}, (), restart=True)
    reconciler.reconcile()
    mock.disconnect("telegram")
    reconciler.reconcile()
    assert plans == [Plan({"TELEGRAM_BOT_TOKEN": "t"}, (), True), Plan({}, ("TELEGRAM_BOT_TOKEN",), True)]


def test_what_the_process_was_started_with_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "t")
    mock, plans = MockClient(), list[Plan]()
    mock.connect("telegram", connection=telegram())
    Reconciler(plans.append, client=mock).reconcile()
    assert plans == []
    Reconciler(plans.append, client=mock, before={}).reconcile()
    assert len(plans) == 1


def test_what_could_not_be_applied_is_not_taken_for_done() -> None:
    def fail(_: Plan) -> None:
        raise OSError("disk full")

    mock, plans = MockClient(), list[Plan]()
    mock.connect("telegram", connection=telegram())
    reconciler = Reconciler(fail, client=mock, before={})
    with pytest.raises(OSError, match="disk full"):
        reconciler.reconcile()
    reconciler._apply = plans.append
    reconciler.reconcile()
    assert len(plans) == 1


def test_it_follows_until_it_is_closed() -> None:
    plans: list[Plan] = []
    with MockClient() as mock:
        mock.connect("telegram", connection=telegram("1"))
        reconciler = Reconciler(plans.append, before={})
        thread = reconciler.start()
        wait_until(lambda: len(plans) == 1)
        mock.connect("telegram", connection=telegram("2"))
        wait_until(lambda: len(plans) == 2)
        mock.disconnect("telegram")
        wait_until(lambda: len(plans) == 3)
        reconciler.close()
        thread.join(5)
    assert not thread.is_alive()
    assert [dict(one.set) for one in plans] == [{"TELEGRAM_BOT_TOKEN": "1"}, {"TELEGRAM_BOT_TOKEN": "2"}, {}]


def test_closed_before_it_runs() -> None:
    reconciler = Reconciler(print, client=MockClient())
    reconciler.close()
    reconciler.run()


@pytest.mark.parametrize("failure", [UpstreamError("down"), AuthError("revoked")])
def test_a_failure_that_passes_is_waited_out(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_watch, "FIRST_PAUSE", 0.001)
    answers: list[Exception | None] = [failure, failure, None]
    mock, done = MockClient(), list[int]()
    reconciler = Reconciler(print, client=mock)

    def reconcile() -> Plan:
        answer = answers.pop(0)
        if answer:
            raise answer
        done.append(1)
        reconciler.close()
        return Plan()

    monkeypatch.setattr(reconciler, "reconcile", reconcile)
    if isinstance(failure, AuthError):
        with pytest.raises(AuthError):
            reconciler.run()
    else:
        reconciler.run()
        assert done
