"""Makes a release of a tool's folder: checked, copied, and named by what is in it."""

import hashlib
import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from deployments import toolfiles
from deployments.declaration import TEMPLATE
from deployments.manifest import ManifestError, Problem, ToolSource, read_tool
from deployments.models import Release, Tool
from deployments.problems import place, show
from deployments.releases import activate, supersede


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing led to: a release, and whether it is new."""

    release: Release
    is_new: bool


def publish(path: Path | str) -> Release:
    """The active release of the tool in folder `path`, made unless that very content is published already.

    Raises `ManifestError` with a line for every thing to change.
    """
    return publication(path).release


def publication(path: Path | str) -> Publication:
    """Like `publish`, and tells whether the release is new."""
    source = read_tool(Path(path))
    if found := [*unsupported(source)]:
        raise ManifestError(found)
    release_id = uuid.uuid4()
    folder = releases_dir() / str(release_id)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        toolfiles.copy(source.path, folder)
        result = _publish(source, release_id, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if not result.is_new:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def releases_dir() -> Path:
    """Where our own copies of published tools are."""
    return Path(settings.DATA_DIR) / "releases"


def unsupported(source: ToolSource) -> list[Problem]:
    """What the format allows and this installation can't do."""
    found = []
    if source.template.services[0].image is not None and settings.RUNTIME != "docker":
        where = place(TEMPLATE, "services", 0, "image")
        fix = "Tools run as processes here: remove it, or run the dashboard with VENDO_RUNTIME=docker."
        found.append(Problem(where, "a tool in source form", "a container image", fix))
    return found


def _publish(source: ToolSource, release_id: uuid.UUID, folder: Path) -> Publication:
    manifest = source.manifest.model_dump(mode="json")
    template = source.template.model_dump(mode="json", by_alias=True)
    digest = digest_of(manifest, template, folder)
    if not template["version"]:  # derived: a version for each content
        template["version"] = f"0+{digest[:8]}"
    try:
        with transaction.atomic():
            tool = _tool(template)
            if existing := _existing(tool, template["version"], digest):
                _restore(existing, folder)
                activate(existing)
                return Publication(existing, is_new=False)
            release = Release(
                id=release_id,
                tool=tool,
                version=template["version"],
                manifest=manifest,
                template=template,
                source_dir=str(folder),
                digest=digest,
            )
            supersede(tool)
            release.save(force_insert=True)
    except IntegrityError:
        # Somebody published the same tool between our look and our insert.
        problem = Problem(TEMPLATE, "one publication at a time", "another one of this tool", "Publish again.")
        raise ManifestError([problem]) from None
    return Publication(release, is_new=True)


def _tool(template: dict[str, Any]) -> Tool:
    """The tool's row with its present name, locked so that two publications go one after the other."""
    shown = {"name": template["name"], "description": template["description"]}
    tool, _ = Tool.objects.select_for_update().update_or_create(slug=template["slug"], defaults=shown)
    return tool


def _existing(tool: Tool, version: str, digest: str) -> Release | None:
    """The release of that very content; raises where the version's content is another one, or the version withdrawn."""
    release = tool.releases.filter(version=version).first()
    if release is None:
        return None
    if release.digest != digest or release.status == Release.Status.WITHDRAWN:
        withdrawn = release.status == Release.Status.WITHDRAWN
        found = f"{show(version)}, which was " + ("withdrawn" if withdrawn else "published with other content")
        fix = f"A release never changes: raise version in {TEMPLATE}."
        raise ManifestError([Problem(place(TEMPLATE, "version"), "a version not used yet", found, fix)])
    return release


def _restore(release: Release, folder: Path) -> None:
    """Put the copy just made in place of the release's own, if that is gone: their content is the same."""
    if not Path(release.source_dir).is_dir():
        folder.rename(release.source_dir)


def digest_of(manifest: dict[str, Any], template: dict[str, Any], folder: Path) -> str:
    """SHA-256 over what the tool declares and every file, with its path."""
    digest = hashlib.sha256()
    digest.update(json.dumps([manifest, template], sort_keys=True, ensure_ascii=True).encode())
    for line in toolfiles.fingerprint(folder):
        digest.update(line.encode(errors="surrogateescape") + b"\n")
    return digest.hexdigest()
