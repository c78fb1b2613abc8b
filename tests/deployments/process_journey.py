"""What test_process_runtime looks at: deploys small tools for real, and prints what came of it as JSON.

Run by `manage.py shell` in a process of its own, whose database other processes share.
"""

import json
import os
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from deployments import environment, pipeline, runtimes
from deployments.launch import launch
from deployments.models import Deployment
from deployments.publish import publish
from deployments.runtimes import folders
from tenants.models import Tenant
from tests.deployments.tools import APP, write_tool

GOOD = f"""
import os, sys
print("names", *sorted(os.environ))
print("where", os.getcwd(), sys.prefix)
print("session", os.environ["SESSION"])
{APP}
"""
BAD = "import sys; print('no luck today'); sys.exit(3)"


def good(folder: Path) -> dict[str, Any]:
    """A tool that works, restarts and stops."""
    deployment = deploy(folder / "good", GOOD)
    runtime = runtimes.current()
    first = runtime.state(deployment)
    runtime.start(deployment)
    second = runtime.state(deployment)
    runtime.start(deployment, restart=True)
    third = runtime.state(deployment)
    page = answer(deployment.url)
    return {
        "id": str(deployment.pk),
        "status": deployment.status,
        "page": page,
        "pids": [first.pid, second.pid, third.pid],
        "log": log_with(deployment, "session"),
        "home": str(folders.home(deployment)),
        "release": str(deployment.release_id),
        "secrets": environment.secret_values(deployment),
    }


def bad(folder: Path) -> dict[str, Any]:
    """A tool that ends at once."""
    deployment = deploy(folder / "bad", BAD)
    last = deployment.logs.latest("id")
    runtime = runtimes.current()
    runtime.stop(deployment)
    runtime.stop(deployment)
    return {
        "failure": deployment.failure,
        "output": last.metadata["output"],
        "stopped": runtime.state(deployment).status,
    }


def uninstallable(folder: Path) -> dict[str, Any]:
    """A tool whose requirements can't be met. Needs no index: the file is not even readable."""
    deployment = deploy(folder / "uninstallable", GOOD, requirements="./nothing-here\n")
    return {"failure": deployment.failure, "output": deployment.logs.latest("id").metadata["output"]}


def deploy(
    folder: Path,
    app: str,
    requirements: str = "",
    *,
    service: dict[str, Any] | None = None,
    health: str = "/healthz",
    inputs: dict[str, str] | None = None,
) -> Deployment:
    """Publish, launch and run the pipeline."""
    extra = {
        "slug": folder.name,
        "secrets": {"SESSION": "random_hex"},
        "readiness": {"maxRetries": 90, "healthPath": health},
        "userInputs": [{"key": key, "label": key} for key in inputs or {}],
        "services": [service or {"role": "web", "startCommand": "python app.py && true"}],
    }
    write_tool(folder, manifest={"name": folder.name}, template=extra, app=app)
    if requirements:
        (folder / "requirements.txt").write_text(requirements)
    tenant, _ = Tenant.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    release = publish(folder)
    deployment = launch(
        tenant=tenant, user=None, release=release, name=folder.name, slug=folder.name, inputs=inputs or {}, chosen={}
    )
    for _ in range(5):
        # As the sweep does: on a machine that is very busy a worker may lose its lease, and the next goes on.
        pipeline.run(deployment.pk)
        deployment.refresh_from_db()
        if deployment.status != Deployment.Status.DEPLOYING:
            break
    return deployment


def answer(url: str) -> str:
    """The tool's page, once it has come back."""
    for _ in range(60):
        try:
            with urllib.request.urlopen(url, timeout=5) as page:
                return str(page.read().decode())
        except OSError:
            time.sleep(0.5)
    return "nothing"


def log_with(deployment: Deployment, word: str) -> str:
    """The tool's log, once a line begins with `word`: the supervisor reads a tool's output in its own time."""
    log = ""
    for _ in range(60):
        log = runtimes.current().logs(deployment)
        if any(line.startswith(word) for line in log.splitlines()):
            break
        time.sleep(0.5)
    return log


def main() -> None:
    """Everything, in the folder that the environment names."""
    folder = Path(os.environ["JOURNEY_DIR"])
    told = {"good": good(folder), "bad": bad(folder), "uninstallable": uninstallable(folder)}
    sys.stdout.write(json.dumps(told))
