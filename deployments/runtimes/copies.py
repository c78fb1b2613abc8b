"""A tool's working copies: one for each release that it runs or may go back to."""

import secrets
import shutil
from pathlib import Path

from deployments import toolfiles
from deployments.models import Deployment
from deployments.runtimes import folders


def make(deployment: Deployment) -> None:
    """The copy of the deployment's release appears complete or not at all; once there it is the tool's own."""
    target = folders.code(deployment)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        toolfiles.copy(Path(deployment.release.source_dir), draft)
        draft.rename(target)
    except OSError:
        # Another worker, which we took over from or which took over from us, was first.
        if not target.exists():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def drop_old(deployment: Deployment) -> None:
    """Delete the copies of releases that the tool neither runs nor may go back to."""
    kept = {str(deployment.release_id), str(deployment.previous_release_id)}
    for folder in folders.releases(deployment).iterdir():
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
