"""Where runtimes keep a tool's things: `DATA_DIR/tools/<deployment id>/`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from deployments.models import Deployment
from deployments.runtimes import RuntimeFailed


def all_tools() -> Path:
    """Everything of all deployments."""
    return Path(settings.DATA_DIR) / "tools"


def all_private() -> Iterator[Path]:
    """HOME of every deployment."""
    yield from all_tools().glob("*/home")


def home(deployment: Deployment) -> Path:
    """Everything of one deployment."""
    return all_tools() / str(deployment.pk)


def releases(deployment: Deployment) -> Path:
    """A folder for each release that the tool runs or may go back to."""
    return home(deployment) / "releases"


def release(deployment: Deployment) -> Path:
    """What belongs to the deployment's present release alone."""
    return releases(deployment) / str(deployment.release_id)


def code(deployment: Deployment) -> Path:
    """The tool's own working copy of its release, in which it runs."""
    return release(deployment) / "app"


def venv(deployment: Deployment) -> Path:
    """A link to the virtual environment in use for that release."""
    return release(deployment) / "venv"


def venvs(deployment: Deployment) -> Path:
    """Where those environments are."""
    return release(deployment) / "venvs"


def private(deployment: Deployment) -> Path:
    """The process's HOME."""
    return home(deployment) / "home"


def log(deployment: Deployment) -> Path:
    """What the process writes."""
    return home(deployment) / "logs" / "tool.log"


def make(deployment: Deployment) -> None:
    """Create the folders, readable for nobody else."""
    root = home(deployment)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    root.chmod(root.stat().st_mode & 0o770)
    _adopt_single_copy(deployment)
    for folder in (release(deployment), private(deployment), log(deployment).parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def delete(deployment: Deployment) -> None:
    """Delete all of it. Raises `RuntimeFailed`."""
    try:
        shutil.rmtree(home(deployment))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise RuntimeFailed(
            f"The tool's folder can't be deleted: {error.strerror}.", "Ask an operator to look at it, then retry."
        ) from None


def _adopt_single_copy(deployment: Deployment) -> None:
    """Installations once kept one copy for a deployment, that of its release, beside the rest. Move it to its place."""
    root, place = home(deployment), release(deployment)
    if not (root / "app").is_dir() or code(deployment).exists():
        return
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (root / "venvs").is_dir():
        (root / "venvs").rename(place / "venvs")
        (root / "venvs").symlink_to(place / "venvs")  # its programs begin with a line that names the old place
        (root / "venv").rename(venv(deployment))
    (root / "app").rename(code(deployment))
