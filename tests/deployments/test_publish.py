"""A tool's folder becomes a release."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from deployments import publish as module
from deployments.manifest import ManifestError, published
from deployments.models import Release, Tool
from deployments.publish import publication, publish
from tests.deployments.tools import write_tool

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    return write_tool(tmp_path / "clock")


def version(tool: Path, number: str) -> Path:
    return write_tool(tool, template={"version": number})


def problem(tool: Path) -> str:
    with pytest.raises(ManifestError) as caught:
        publish(tool)
    (only,) = caught.value.problems
    return str(only)


def copied(release: Release) -> list[str]:
    root = Path(release.source_dir)
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def test_a_tool_and_its_release_are_stored(tool: Path) -> None:
    release = publish(tool)
    assert (release.tool.slug, release.tool.name, release.version) == ("clock", "Clock", "1.0.0")
    assert release.tool.active_release == release
    assert published(release).name == "Clock"


def test_the_files_are_copied_without_what_is_private_or_made(tool: Path) -> None:
    for name in (
        ".env",
        ".env.local",
        ".env.example",
        ".git/config",
        "__pycache__/app.pyc",
        "mine/pyvenv.cfg",
        ".ruff_cache/x",
        "pages/index.html",
    ):
        (tool / name).parent.mkdir(exist_ok=True)
        (tool / name).write_text("x")
    (tool / "app.py").chmod(0o755)
    release = publish(tool)
    assert copied(release) == [".env.example", "app.py", "pages/index.html", "template.json", "vendo.yaml"]
    assert (Path(release.source_dir) / "app.py").stat().st_mode & 0o111


def test_the_same_content_is_published_once(tool: Path, data_dir: Path) -> None:
    first, second = publication(tool), publication(tool)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.release == second.release
    assert len(list((data_dir / "releases").iterdir())) == 1


def test_a_version_never_changes_its_content(tool: Path, data_dir: Path) -> None:
    publish(tool)
    (tool / "app.py").write_text("# changed")
    assert problem(tool) == (
        'template.json version: expected a version not used yet, found "1.0.0", which was published with other '
        "content. A release never changes: raise version in template.json."
    )
    assert len(list((data_dir / "releases").iterdir())) == 1


def test_a_new_version_supersedes_the_old_one(tool: Path) -> None:
    old, new = publish(tool), publish(version(tool, "1.1.0"))
    old.refresh_from_db()
    assert (old.status, new.status) == (Release.Status.SUPERSEDED, Release.Status.ACTIVE)


def test_publishing_an_old_version_again_makes_it_the_active_one(tool: Path) -> None:
    old, new = publish(tool), publish(version(tool, "1.1.0"))
    assert publish(version(tool, "1.0.0")) == old
    new.refresh_from_db()
    assert new.status == Release.Status.SUPERSEDED
    assert old.tool.active_release == old


def test_a_withdrawn_version_stays_withdrawn(tool: Path) -> None:
    Release.objects.filter(pk=publish(tool).pk).update(status=Release.Status.WITHDRAWN)
    assert "which was withdrawn" in problem(tool)


def test_a_tool_without_a_template_is_versioned_by_its_content(tool: Path) -> None:
    (tool / "template.json").unlink()
    first = publish(tool)
    (tool / "app.py").write_text("# changed")
    second = publish(tool)
    assert first.version.startswith("0+")
    assert first.version != second.version
    assert published(second).version == second.version


def test_links_stay_inside(tool: Path) -> None:
    (tool / "pages").mkdir()
    (tool / "pages" / "main.py").symlink_to(tool / "app.py")
    (tool / "also").symlink_to("pages")
    release = publish(tool)
    root = Path(release.source_dir)
    assert (root / "pages" / "main.py").readlink() == Path("../app.py")
    assert (root / "also").readlink() == Path("pages")


@pytest.mark.parametrize(
    ("target", "words"), [("/etc/passwd", "leads out"), ("../secret", "leads out"), ("nowhere", "to nothing")]
)
def test_links_that_lead_out_are_refused(tool: Path, target: str, words: str, data_dir: Path) -> None:
    (tool.parent / "secret").write_text("x")
    (tool / "link").symlink_to(target)
    assert words in problem(tool)
    assert list((data_dir / "releases").iterdir()) == []


def test_a_tool_that_is_too_large_is_refused(tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.toolfiles.MAX_BYTES", 10)
    assert "MiB in all" in problem(tool)


def test_a_failure_leaves_nothing_behind(tool: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(module, "digest_of", fail)
    with pytest.raises(RuntimeError):
        publish(tool)
    assert list((data_dir / "releases").iterdir()) == []
    assert not Tool.objects.exists()


def test_what_can_not_run_here_is_refused(tool: Path) -> None:
    template = {"services": [{"role": "web", "image": "nginx"}]}
    assert problem(write_tool(tool, template=template)).startswith("template.json services[0].image")


def test_the_command_says_what_it_did(tool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("publish_tool", str(tool))
    call_command("publish_tool", str(tool))
    assert capsys.readouterr().out.splitlines() == [
        "Published Clock 1.0.0.",
        "Clock 1.0.0 is already published; nothing changed.",
    ]


def test_the_command_lists_what_to_change(tool: Path) -> None:
    write_tool(tool, manifest={"runtime": "php"})
    with pytest.raises(CommandError, match=r"was not published:\n  vendo\.yaml runtime: expected"):
        call_command("publish_tool", str(tool))


def test_the_command_wants_a_folder(tool: Path) -> None:
    shutil.rmtree(tool)
    with pytest.raises(CommandError, match="is not a folder"):
        call_command("publish_tool", str(tool))


def test_the_command_says_why_a_layout_is_not_used(tool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("publish_tool", str(write_tool(tool, template={"wizardLayout": {"version": 2, "subSteps": []}})))
    assert capsys.readouterr().out.splitlines()[:3] == [
        "Published Clock 1.0.0.",
        "Its layout can't be used, so the wizard has one page:",
        'template.json wizardLayout.version: expected 1, found 2. Write `"version": 1`; it is the version of the '
        "layout's format.",
    ]


def test_publishing_again_brings_lost_files_back(tool: Path) -> None:
    release = publish(tool)
    shutil.rmtree(release.source_dir)
    assert publish(tool) == release
    assert copied(release) == ["app.py", "template.json", "vendo.yaml"]


def test_an_image_can_be_published_where_containers_run(tool: Path, settings: Any) -> None:
    settings.RUNTIME = "docker"
    service = {"role": "web", "image": "clock:1", "port": 8000}
    found = published(publish(write_tool(tool, template={"services": [service]}))).service
    assert (found.image, found.port, found.command) == ("clock:1", 8000, "")
