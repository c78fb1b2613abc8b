"""Which release of a tool new deployments get. What runs already keeps the release it has."""

from pathlib import Path

from django.db import transaction

from deployments.models import Release, Tool


class ReleaseRefused(Exception):
    """The release can't get that status; the text says why."""


def activate(release: Release) -> None:
    """New deployments get this one, and the one that they got so far counts as superseded.

    Raises `ReleaseRefused` where our copy of its files is gone. Does nothing where it is the active one.
    """
    with transaction.atomic():
        row = _locked(release)
        if row.status != Release.Status.ACTIVE:
            if row.source_dir and not Path(row.source_dir).is_dir():
                raise ReleaseRefused(f"{row}: our copy of its files is gone. Publish a new version.")
            supersede(row.tool)
            _save(row, Release.Status.ACTIVE)
    release.status = row.status


def withdraw(release: Release) -> None:
    """Nobody gets this one any more, and publishing its version again is refused."""
    with transaction.atomic():
        row = _locked(release)
        if row.status != Release.Status.WITHDRAWN:
            _save(row, Release.Status.WITHDRAWN)
    release.status = row.status


def supersede(tool: Tool) -> None:
    """No release is the active one. Its caller makes another one that, in the same transaction."""
    tool.releases.filter(status=Release.Status.ACTIVE).update(status=Release.Status.SUPERSEDED)


def _locked(release: Release) -> Release:
    """The row as it is now. The tool's row is locked, as publishing does, so that one change follows the other."""
    tool = Tool.objects.select_for_update().get(pk=release.tool_id)
    return tool.releases.get(pk=release.pk)


def _save(row: Release, status: Release.Status) -> None:
    row.status = status
    row.save(update_fields=["status"])
