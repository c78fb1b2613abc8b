"""What test_process_runtime looks at: deploys small tools for real, and prints what came of it as JSON.

Run by `manage.py shell` in a process of its own, whose database other processes share.
"""

import json
import os
import shutil
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings

from deployments import environment, pipeline, runtimes
from deployments.launch import launch
from deployments.models import Deployment, Release
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
    assert deployment.url, deployment.failure
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


NOSY = f"""
import os, pathlib, resource
def look(name, path):
    try:
        path.read_bytes() if path.is_file() else list(path.iterdir())
        print("look", name, "seen", flush=True)
    except OSError:
        print("look", name, "closed", flush=True)
data = pathlib.Path(os.environ["DATA"])
print("who", os.getuid(), os.getgid(), *os.getgroups(), flush=True)
for name in ("vault.key", "secret.key", "vendo.sqlite3", "supervisor", "tools"):
    look(name, data / name)
look("the other tool", data / "tools" / os.environ["OTHER"] / "home")
look("its own home", pathlib.Path(os.environ["HOME"]))
(pathlib.Path(os.environ["HOME"]) / "note").write_text("kept")
pathlib.Path("written-here").write_text("kept")
print("limits", resource.getrlimit(resource.RLIMIT_CORE)[1], resource.getrlimit(resource.RLIMIT_NOFILE)[1],
      resource.getrlimit(resource.RLIMIT_DATA)[1], resource.getrlimit(resource.RLIMIT_NPROC)[1], flush=True)
{APP}
"""


def apart(folder: Path) -> dict[str, Any]:
    """A tool that looks around. It is no Python tool to us: ours may be where other users can't reach it."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin:/bin")
    if os.geteuid() != 0 or python is None:
        return {"skipped": "Tools are users of their own where we are root and there is a Python for everybody."}
    other = Deployment.everyone.earliest("created_at")
    env = {"DATA": str(settings.DATA_DIR), "OTHER": str(other.pk)}
    service = {"role": "web", "startCommand": f"{python} app.py", "env": env}
    deployment = deploy(folder / "nosy", NOSY, service=service, runtime="other")
    log = log_with(deployment, "limits")
    runtime = runtimes.current()
    runtime.remove(deployment)
    runtime.remove(deployment)
    removed = [runtime.state(deployment).status, folders.home(deployment).exists()]
    return {"status": deployment.status, "failure": deployment.failure, "log": log, "removed": removed}


def upgraded(folder: Path) -> dict[str, Any]:
    """A tool of which a newer release is put in place, started, and given up again."""
    deployment = deploy(folder / "upgraded", APP.replace("ok", "one"))
    assert deployment.url, deployment.failure
    runtime, old = runtimes.current(), deployment.release
    new = next_release(folder / "upgraded", APP.replace("ok", "two"))
    pages = [answer(deployment.url)]
    for release, previous in ((new, old), (old, new)):
        deployment.previous_release, deployment.release = previous, release
        deployment.save()
        runtime.prepare(deployment, lambda: None)
        pages.append(answer(deployment.url))
        runtime.start(deployment, restart=True)
        pages.append(answer(deployment.url))
    return {"pages": pages, "copies": len(list(folders.releases(deployment).iterdir()))}


def next_release(folder: Path, app: str) -> Release:
    """Version 2 of the tool in a folder."""
    template = json.loads((folder / "template.json").read_text()) | {"version": "2.0.0"}
    manifest = json.loads((folder / "vendo.yaml").read_text())
    return publish(write_tool(folder, manifest=manifest, template=template, app=app))


def deploy(
    folder: Path,
    app: str,
    requirements: str = "",
    *,
    service: dict[str, Any] | None = None,
    health: str = "/healthz",
    inputs: dict[str, str] | None = None,
    runtime: str = "python",
) -> Deployment:
    """Publish, launch and run the pipeline."""
    extra = {
        "slug": folder.name,
        "secrets": {"SESSION": "random_hex"},
        "readiness": {"maxRetries": 90, "healthPath": health},
        "userInputs": [{"key": key, "label": key} for key in inputs or {}],
        "services": [service or {"role": "web", "startCommand": "python app.py && true"}],
    }
    write_tool(folder, manifest={"name": folder.name, "runtime": runtime}, template=extra, app=app)
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
    told |= {"apart": apart(folder), "upgraded": upgraded(folder)}
    sys.stdout.write(json.dumps(told))
