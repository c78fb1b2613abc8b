"""Where the process runtime keeps a tool's things: `DATA_DIR/tools/<deployment id>/`."""

from pathlib import Path

from django.conf import settings

from deployments.models import Deployment


def home(deployment: Deployment) -> Path:
    """Everything of one deployment."""
    return Path(settings.DATA_DIR) / "tools" / str(deployment.pk)


def code(deployment: Deployment) -> Path:
    """The tool's own working copy of its release, in which it runs."""
    return home(deployment) / "app"


def venv(deployment: Deployment) -> Path:
    """A link to the virtual environment in use."""
    return home(deployment) / "venv"


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
    root.chmod(0o700)
    for folder in (private(deployment), log(deployment).parent):
        folder.mkdir(exist_ok=True, mode=0o700)
