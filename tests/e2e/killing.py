"""`kill -9` of worker, supervisor and web while pipelines stand at each of their steps.

For each killed process one deployment stands at each step, all at the same time; they are killed at, let go on, and
looked at together.
"""

import json
import threading
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from deployments.plans import STEPS
from tests.e2e.api import Api
from tests.e2e.census import Census, children
from tests.e2e.holding import LAUNCH, Held
from tests.e2e.stack import Stack

WORKER, SUPERVISOR, WEB = "worker", "supervisor", "web"
NAMES = [step.name for step in STEPS]
# A worker dies when a step's work is done and not recorded; the others while it is all still to be done.
MOMENT = {WORKER: "done", SUPERVISOR: "running", WEB: "running"}
ALL = [*((killed, step) for killed in MOMENT for step in NAMES), (WEB, LAUNCH)]
PATIENCE = 180.0  # seconds; a lease must run out, and a machine may be slow
REST = {"running", "failed"}

FACTS = """
import json
from deployments.models import ApiKey, Deployment
from django_tasks_db.models import DBTaskResult
busy = [task.args_kwargs["args"][0] for task in DBTaskResult.objects.filter(status="RUNNING")]
for row in Deployment.everyone.all():
    print(json.dumps({
        "slug": row.slug, "url": row.url, "lease": row.lease, "operation": row.operation,
        "keys": ApiKey.everyone.filter(app=row.app_id).count(),
        "open": [log.step for log in row.logs.filter(outcome="running")],
        "story": [f"{log.step} {log.outcome}" for log in row.logs.all()],
        "tasks": busy.count(str(row.pk)),
    }))
"""


@dataclass
class Case:
    """One deployment: what was killed when it stood where, and what became of it."""

    killed: str
    step: str
    id: str = ""
    seen: dict[str, Any] = field(default_factory=dict, repr=False)
    status: str = ""  # when it first came to rest
    failure: dict[str, Any] | None = None
    after_retry: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    children: int = 0
    most_children: int = 0
    answer: str = ""

    @property
    def slug(self) -> str:
        """Under which it is launched."""
        return f"{self.killed}-{self.step}".replace("_", "-")


class Killing:
    """Holds, kills and mends, one kind of process after the other."""

    def __init__(self, stack: Stack, api: Api, census: Census) -> None:
        self.stack, self.api, self.census = stack, api, census
        self.cases = {(killed, step): Case(killed, step) for killed, step in ALL}

    def run(self) -> None:
        """All of it. The leases of the dead workers run out while the web process dies."""
        for killed in (SUPERVISOR, WORKER, WEB):
            self._kill_at_each_step(killed)
            self._mend(killed)
            if killed == SUPERVISOR:
                self._await(REST, killed)  # these keep the workers busy, all of whom are to die next
        self._await(REST)
        for case in self.cases.values():
            case.status, case.failure = case.seen["status"], case.seen["failure"]
            if case.status == "failed":
                self.api.post(f"/deployments/{case.id}/retry")
        self._await(REST)
        self._look()

    def destroy(self) -> None:
        """End all of it: others need the machine."""
        for case in self.cases.values():
            self.api.post(f"/deployments/{case.id}/destroy")
        self._await({"destroyed"})

    def _kill_at_each_step(self, killed: str) -> None:
        """From the launch of its deployments to the moment after."""
        with Held(self.stack.database_url) as held:
            for step in NAMES:
                case = self.cases[killed, step]
                held.at(case.slug, step, MOMENT[killed])
                case.id = self.api.launch("quick", case.slug)
            held.wait()
            if killed == WEB:
                self._stand_at_launch(held, self.cases[WEB, LAUNCH])
            self._kill(killed)
            held.release()

    def _stand_at_launch(self, held: Held, case: Case) -> None:
        """One more, for which the web process stands between the launch and its task."""
        held.at(case.slug, LAUNCH, "")
        threading.Thread(target=self._launch_in_vain, args=(case.slug,), daemon=True).start()
        held.wait()
        case.id = held.id_of(case.slug)

    def _launch_in_vain(self, slug: str) -> None:
        """Who should answer will be dead."""
        with Api(self.stack) as api, suppress(httpx2.HTTPError):
            api.launch("quick", slug)

    def _kill(self, killed: str) -> None:
        if killed == SUPERVISOR:
            self.stack.kill_tools()
        else:
            self.stack.kill(killed)

    def _mend(self, killed: str) -> None:
        """As a service manager does."""
        if killed == SUPERVISOR:
            self.stack.mend_tools()
        elif killed == WORKER:
            self.stack.start_crew(len(NAMES))
        else:
            self.stack.start_web("web", self.stack.port)
            self.stack.wait_for(f"{self.stack.url}/readyz")

    def _await(self, rest: set[str], killed: str = "") -> None:
        """Until all of them are at rest, or patience is over: then those that are not are stuck."""
        deadline = time.monotonic() + PATIENCE
        waiting = [case for case in self.cases.values() if killed in {"", case.killed}]
        while waiting and time.monotonic() < deadline:
            waiting = [case for case in waiting if self._seen(case)["status"] not in rest]
            time.sleep(0.5)

    def _seen(self, case: Case) -> dict[str, Any]:
        case.seen = self.api.get(f"/deployments/{case.id}")
        return case.seen

    def _look(self) -> None:
        """What there is once it is over."""
        found = {row["slug"]: row for row in map(json.loads, self.stack.shell(FACTS).splitlines())}
        for case in self.cases.values():
            case.after_retry, case.facts = case.seen["status"], found[case.slug]
            case.answer = answer(case.facts["url"])
        now = children()
        for case in self.cases.values():
            case.children, case.most_children = now[case.id], self.census.most[case.id]


def answer(url: str) -> str:
    """What the tool says; it may be on its way up."""
    deadline = time.monotonic() + 15
    while url and time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as found:
            return str(found.read().decode())
        time.sleep(0.1)
    return ""
