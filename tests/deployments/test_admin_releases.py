"""Operators upload, activate and withdraw releases, and see how a release's wizard is."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from deployments.models import Release, Tool
from deployments.publish import publish
from tenants.models import User
from tests.deployments.test_archives import zipped
from tests.deployments.test_layout import asking, connecting, inputs, layout, page
from tests.deployments.tools import write_tool

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/deployments/release/", "/admin/deployments/release/add/"


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    return write_tool(tmp_path / "clock")


def as_zip(tool: Path, prefix: str = "clock/") -> SimpleUploadedFile:
    files = {f"{prefix}{path.name}": path.read_bytes() for path in tool.iterdir()}
    return SimpleUploadedFile("clock.zip", zipped(files).read(), "application/zip")


def upload(operator: Client, tool: Path) -> Any:
    return operator.post(ADD, {"archive": as_zip(tool)})


def release_page(release: Release) -> str:
    return reverse("admin:deployments_release_change", args=[release.pk])


def told(response: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]


def choose(operator: Client, action: str, *chosen: Release) -> Any:
    """And confirm it."""
    ids = [str(release.pk) for release in chosen]
    return operator.post(LIST, {"action": action, "_selected_action": ids, "confirmed": "yes"})


def status(release: Release) -> str:
    return Release.objects.get(pk=release.pk).status


def test_an_upload_becomes_the_active_release(operator: Client, tool: Path) -> None:
    response = upload(operator, tool)
    release = Release.objects.get()
    assert response.headers["Location"] == release_page(release)
    assert told(response) == ["clock 1.0.0 is what new deployments get now."]
    assert Tool.objects.get().active_release == release
    assert (Path(release.source_dir) / "app.py").exists()


def test_the_same_upload_again_is_the_same_release(operator: Client, tool: Path) -> None:
    assert upload(operator, tool).headers["Location"] == upload(operator, tool).headers["Location"]
    assert Release.objects.count() == 1


def test_the_form_asks_for_a_file_and_nothing_else(operator: Client) -> None:
    text = operator.get(ADD).content.decode()
    assert 'type="file" name="archive"' in text
    assert "Upload a release" in text
    assert "_addanother" not in text
    assert 'name="manifest"' not in text
    assert ADD in operator.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"manifest": {"runtime": "php"}}, "vendo.yaml runtime: expected"),
        ({"template": {"userInputs": inputs(A="x"), "wizardLayout": layout(page("a", asking("y")))}}, "wizardStep"),
    ],
)
def test_what_publishing_refuses_is_told_line_by_line(
    operator: Client, tool: Path, change: dict[str, Any], words: str
) -> None:
    response = upload(operator, write_tool(tool, **change))
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not Release.objects.exists()


def test_a_version_with_other_content_is_refused(operator: Client, tool: Path) -> None:
    upload(operator, tool)
    (tool / "app.py").write_text("# changed")
    assert "raise version in template.json" in upload(operator, tool).content.decode()
    assert Release.objects.count() == 1


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04"])
def test_what_is_no_zip_is_refused(operator: Client, content: bytes, data_dir: Path) -> None:
    response = operator.post(ADD, {"archive": SimpleUploadedFile("clock.zip", content)})
    assert response.status_code == 200
    assert 'class="errorlist"' in response.content.decode()
    assert not data_dir.exists()


def test_a_file_that_is_too_large_is_refused(operator: Client, tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.admin_releases.MAX_BYTES", 10)
    assert "The file is larger than" in upload(operator, tool).content.decode()


def test_an_older_release_can_be_made_the_active_one_again(operator: Client, tool: Path) -> None:
    old, new = publish(tool), publish(write_tool(tool, template={"version": "1.1.0"}))
    assert told(choose(operator, "activate", old)) == ["clock 1.0.0 is what new deployments get now."]
    assert (status(old), status(new)) == ("active", "superseded")
    assert LogEntry.objects.get().change_message == "It is what new deployments get now."


def test_one_release_of_a_tool_at_a_time(operator: Client, tool: Path) -> None:
    old, new = publish(tool), publish(write_tool(tool, template={"version": "1.1.0"}))
    assert told(choose(operator, "activate", old, new)) == ["Choose one release of Clock, not several."]
    assert (status(old), status(new)) == ("superseded", "active")


def test_a_release_without_its_files_is_not_activated(operator: Client, tool: Path) -> None:
    old, new = publish(tool), publish(write_tool(tool, template={"version": "1.1.0"}))
    shutil.rmtree(old.source_dir)
    assert "our copy of its files is gone" in told(choose(operator, "activate", old))[0]
    assert (status(old), status(new)) == ("superseded", "active")


def test_a_tool_whose_release_is_withdrawn_can_not_be_deployed(
    operator: Client, tool: Path, owner: User, client_for: Callable[[User], Client]
) -> None:
    release, browser = publish(tool), client_for(owner)
    assert "Clock" in browser.get("/tools").content.decode()
    assert told(choose(operator, "withdraw", release)) == ["clock 1.0.0 is withdrawn."]
    assert status(release) == "withdrawn"
    assert "Clock" not in browser.get("/tools").content.decode()
    assert "no release" in operator.get("/admin/deployments/tool/").content.decode()


def test_a_withdrawn_release_can_be_called_back(operator: Client, tool: Path) -> None:
    release = publish(tool)
    choose(operator, "withdraw", release)
    choose(operator, "activate", release)
    assert status(release) == "active"


@pytest.mark.parametrize(("action", "words"), [("activate", "New deployments get these"), ("withdraw", "What runs")])
def test_either_is_asked_about_first(operator: Client, tool: Path, action: str, words: str) -> None:
    old, new = publish(tool), publish(write_tool(tool, template={"version": "1.1.0"}))
    asked = operator.post(LIST, {"action": action, "_selected_action": [str(old.pk)]})
    assert words in asked.text and "clock 1.0.0" in asked.text
    assert (status(old), status(new)) == ("superseded", "active")


def test_somebody_who_may_only_look_decides_nothing(tool: Path, client_for: Callable[[User], Client]) -> None:
    looker = User.objects.create_user("looker@vendo.example", "correct horse battery", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_release"))
    client, release = client_for(looker), publish(tool)
    assert client.get(release_page(release)).status_code == 200
    assert upload(client, tool).status_code == 403
    choose(client, "withdraw", release)
    assert status(release) == "active"


def test_a_release_shows_the_pages_of_its_wizard(operator: Client, tool: Path) -> None:
    same = {"integrations": ["notion"]}
    wizard = layout(page("start", connecting("*")), page("more", asking("*"), optional=True))
    more = {"wizardLayout": wizard, "userInputs": inputs(TITLE=None)}
    text = operator.get(release_page(publish(write_tool(tool, manifest=same, template=same | more)))).content.decode()
    assert "<div>start: Start: name and address, Notion</div>" in text
    assert "<div>more: More (can be skipped): TITLE</div>" in text
    assert "as laid out" in text


def test_a_release_says_why_its_layout_is_not_used(operator: Client, tool: Path) -> None:
    response = upload(operator, write_tool(tool, template={"wizardLayout": layout(page("a b", asking()))}))
    assert told(response)[1:] == ["Its layout can't be used: see below why."]
    text = operator.get(response.headers["Location"]).content.decode()
    assert "<div>template.json wizardLayout.subSteps[0].id: expected text that matches" in text
    assert "<div>setup: Set up: name and address</div>" in text
    assert "one page: broken layout" in operator.get(LIST).content.decode()


def test_a_row_of_a_format_of_old_still_opens(operator: Client, make_release: Callable[..., Release]) -> None:
    release = make_release()
    Release.objects.filter(pk=release.pk).update(template={"slug": 3, "services": []})
    assert "can&#x27;t be read" in operator.get(release_page(release)).content.decode()
    assert operator.get(LIST).status_code == 200
