"""What test_docker_runtime looks at: deploys small tools into containers, and prints what came of it as JSON.

Run by `manage.py shell` in a process of its own, whose database other processes share.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings

from deployments import environment, runtimes
from deployments.models import Deployment
from deployments.runtimes import engine, folders
from deployments.runtimes.keeper import Keeper
from tests.deployments.process_journey import BAD, answer, deploy, log_with, upgraded
from tests.deployments.tools import APP

TOLD = f"""
import os, sys, pathlib
import vendo
seen = pathlib.Path(os.environ["HOME"], "starts")
seen.write_text(seen.read_text() + "x" if seen.exists() else "x")
print("names", *sorted(os.environ))
print("where", os.getcwd(), sys.prefix, vendo.__file__)
print("who", os.getuid(), os.getgid())
print("session", os.environ["SESSION"])
print("starts", len(seen.read_text()))
{APP}
"""


def good(folder: Path) -> dict[str, Any]:
    """A tool that works, restarts, writes on, and is removed."""
    deployment = deploy(folder / "good", TOLD, requirements="vendo>=99  # any version of an index loses to ours\n")
    assert deployment.url, deployment.failure
    runtime = runtimes.current()
    first, before = runtime.state(deployment), log_with(deployment, "starts")
    runtime.start(deployment)
    second = runtime.state(deployment)
    position = runtime.output(deployment).position
    runtime.start(deployment, restart=True)
    third, page = runtime.state(deployment), answer(deployment.url)
    log_with(deployment, "starts 2")
    told = {
        "status": deployment.status,
        "failure": deployment.failure,
        "page": page,
        "pids": [first.pid, second.pid, third.pid],
        "log": before,
        "since": runtime.output(deployment, position).lines,
        "all": runtime.output(deployment).lines,
        "last": runtime.output(deployment, lines=1).lines,
        "facts": facts(deployment),
        "secrets": environment.secret_values(deployment),
        "port": deployment.port,
        "owner": folders.private(deployment).stat().st_uid,
        "leftovers": [path.name for path in folders.release(deployment).iterdir() if path.name.startswith(".")],
    }
    told["files"] = with_secrets(told["secrets"])
    return told | {"removed": removed(deployment)}


def removed(deployment: Deployment) -> dict[str, Any]:
    """The same tool, removed twice."""
    runtime = runtimes.current()
    runtime.remove(deployment)
    runtime.remove(deployment)
    return {
        "status": runtime.state(deployment).status,
        "folder": folders.home(deployment).exists(),
        "containers": containers(deployment),
    }


def facts(deployment: Deployment) -> dict[str, Any]:
    """What the engine says about its container."""
    with engine.engine() as client:
        container = engine.find(client, deployment)
        assert container is not None
        attributes = container.attrs
    return {
        "names": containers(deployment),
        "labels": container.labels,
        "ports": attributes["NetworkSettings"]["Ports"],
        "policy": attributes["HostConfig"]["RestartPolicy"],
        "pids_limit": attributes["HostConfig"]["PidsLimit"],
        "memory": attributes["HostConfig"]["Memory"],
        "caps": attributes["HostConfig"].get("CapDrop"),
    }


def containers(deployment: Deployment) -> list[str]:
    """The names of all containers that belong to it."""
    with engine.engine() as client:
        found = client.containers.list(all=True, filters={"label": f"{engine.MARK}={deployment.pk}"})
        return [str(container.name) for container in found]


def with_secrets(secrets: list[str]) -> list[str]:
    """Files of ours in which one of the secrets stands."""
    hidden = [value.encode() for value in secrets]
    files = [path for path in Path(settings.DATA_DIR).rglob("*") if path.is_file() and not path.is_symlink()]
    return [str(path) for path in files if any(value in path.read_bytes() for value in hidden)]


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
        "kept": runtime.logs(deployment),
        "containers": containers(deployment),
    }


def uninstallable(folder: Path) -> dict[str, Any]:
    """Requirements that can't be met. Needs no index: the file is not even readable."""
    deployment = deploy(folder / "uninstallable", TOLD, requirements="./nothing-here\n")
    return {
        "failure": deployment.failure,
        "output": deployment.logs.latest("id").metadata["output"],
        "containers": containers(deployment),
    }


def from_image(folder: Path) -> dict[str, Any]:
    """A tool that is an image, listens on a port of its own, and keeps something in HOME."""
    command = (
        "cd $HOME && echo x >> starts && echo port $PORT starts $(wc -l < starts 2>/dev/null || echo) "
        "&& exec python -m http.server --bind 0.0.0.0 $PORT"
    )
    service = {"role": "web", "image": settings.DOCKER_IMAGE, "port": 9123, "startCommand": command}
    deployment = deploy(folder / "image", "", service=service, health="/starts")
    runtime = runtimes.current()
    runtime.start(deployment, restart=True)
    page = answer(f"{deployment.url}/starts")
    log = log_with(deployment, "port")
    runtime.remove(deployment)
    with engine.engine() as client:
        volumes = [volume.name for volume in client.volumes.list()]
    return {
        "status": deployment.status,
        "failure": deployment.failure,
        "page": page,
        "log": log,
        "volumes": volumes,
        "volume": engine.volume(deployment),
    }


CRASHING = f"""
import os, pathlib, sys
seen = pathlib.Path(os.environ["HOME"], "starts")
seen.write_text(seen.read_text() + "x" if seen.exists() else "x")
print("greeting", os.environ["GREETING"])
if pathlib.Path(os.environ["HOME"], "broken").exists():
    sys.exit(3)
{APP}
"""


def crashing(folder: Path) -> dict[str, Any]:
    """A tool that ran well, then crashes until the engine gives up, and is started again with today's environment."""
    service = {"role": "web", "startCommand": "python app.py", "env": {"GREETING": "${inputs.WORD}"}}
    deployment = deploy(folder / "crashing", CRASHING, service=service, inputs={"WORD": "first"})
    runtime, broken = runtimes.current(), folders.private(deployment) / "broken"
    broken.touch()
    with engine.engine() as client:
        container = engine.find(client, deployment)
        assert container is not None
        container.kill()
    before = until(deployment, "ended")
    broken.unlink()
    environment.write_inputs(deployment, {"WORD": "changed"})
    environment.resolve(deployment)
    keeper = Keeper(runtime)
    keeper.look()
    after = until(deployment, "running")
    greeting = log_with(deployment, "greeting changed")
    deployment.desired_state = Deployment.Desired.SUSPENDED
    deployment.save()
    keeper.look()
    return {
        "before": before,
        "after": after,
        "environment": "changed" if "greeting changed" in greeting else greeting,
        "suspended": runtime.state(deployment).status,
    }


def until(deployment: Deployment, status: str) -> str:
    """The status that it has in the end, which should be that one."""
    found = ""
    for _ in range(120):
        found = runtimes.current().state(deployment).status
        if found == status:
            break
        time.sleep(0.5)
    return found


def main() -> None:
    """Those parts that the environment names, in the folder that it names."""
    folder = Path(os.environ["JOURNEY_DIR"])
    parts = {"good": good, "bad": bad, "uninstallable": uninstallable, "upgraded": upgraded, "image": from_image}
    parts["crashing"] = crashing
    told, times = {}, {}
    for name in os.environ["JOURNEY_PARTS"].split(","):
        began = time.monotonic()
        told[name] = parts[name](folder)
        times[name] = round(time.monotonic() - began, 1)
    sys.stdout.write(json.dumps(told | {"times": times}))
