"""`manage.py validate_tool`: what an author is told before anything is published."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.deployments.test_layout import asking, connecting, inputs, layout, page
from tests.deployments.tools import write_tool


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    return tmp_path / "clock"


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command and gives back its lines."""

    def run(tool: Path, **options: Any) -> list[str]:
        call_command("validate_tool", str(tool), **options)
        return capsys.readouterr().out.splitlines()

    return run


def with_layout(tool: Path, *pages: dict[str, Any], questions: Any = (), integrations: Any = ()) -> Path:
    same = {"integrations": list(integrations)}
    return write_tool(
        tool, manifest=same, template=same | {"wizardLayout": layout(*pages), "userInputs": list(questions)}
    )


def test_a_sound_tool_is_described_page_by_page(tool: Path, said: Any) -> None:
    folded = inputs(TITLE="basics", COLOUR=None)
    folded[1]["visibility"] = "advanced"
    pages = page("name", {"type": "deployment_name"}), page("rest", connecting("*"), asking("*"), optional=True)
    optional = [{"provider": "notion", "optional": True}]
    assert said(with_layout(tool, *pages, questions=[*folded[1:]], integrations=optional))[:4] == [
        "Clock 1.0.0 can be published.",
        "Its wizard asks, before the review:",
        "  name: Name: name and address",
        "  rest: Rest (can be skipped): Notion (optional), COLOUR (folded)",
    ]


def test_a_tool_that_derives_its_template_is_described_too(tool: Path, said: Any) -> None:
    write_tool(tool, manifest={"env": {"required": ["TEAM"]}})
    (tool / "template.json").unlink()
    assert said(tool) == [
        "Clock (versioned by its content) can be published.",
        "Its wizard asks, before the review:",
        "  setup: Set up: name and address, TEAM",
    ]


def test_it_needs_no_database_and_leaves_nothing(tool: Path, said: Any, settings: Any) -> None:
    settings.DATA_DIR = tool.parent / "data"
    assert said(write_tool(tool))
    assert not settings.DATA_DIR.exists()


def test_all_that_publishing_would_refuse_is_told(tool: Path) -> None:
    write_tool(tool, manifest={"runtime": "php"})
    with pytest.raises(CommandError, match=r"can't be published:\n  vendo\.yaml runtime: expected"):
        call_command("validate_tool", str(tool))


def test_files_that_publishing_would_refuse_are_told(tool: Path) -> None:
    (write_tool(tool) / "link").symlink_to("/etc/passwd")
    with pytest.raises(CommandError, match="link: expected a link inside the tool"):
        call_command("validate_tool", str(tool))


def test_it_wants_a_folder(tool: Path) -> None:
    with pytest.raises(CommandError, match="is not a folder"):
        call_command("validate_tool", str(tool))


def test_a_layout_that_does_not_parse_is_worth_a_second_look(tool: Path, said: Any) -> None:
    lines = said(with_layout(tool, page("a b", asking())))
    assert lines[2].startswith("  setup: Set up: name and address")
    assert lines[3].startswith("Worth a second look: template.json wizardLayout.subSteps[0].id: expected text")
    assert lines[3].endswith("Until then the wizard has one page.")


def test_a_group_of_nobody_and_the_empty_page_it_makes_are_worth_one(tool: Path, said: Any) -> None:
    lines = said(with_layout(tool, page("a", asking("*")), page("b", asking("basics")), questions=inputs(A=None)))
    assert lines[3:] == [
        "Worth a second look: template.json wizardLayout.subSteps[1].sections[0].groups[0]: "
        'no input has the wizardStep "basics".',
        "Worth a second look: template.json wizardLayout.subSteps[1]: nothing is asked on it, so the wizard leaves it "
        "out.",
    ]


def test_a_page_that_can_be_skipped_only_to_be_missed_is_worth_one(tool: Path, said: Any) -> None:
    pages = page("a", asking("*"), connecting("*"), optional=True)
    lines = said(with_layout(tool, pages, questions=inputs(A=None), integrations=["notion"]))
    assert lines[3:] == [
        'Worth a second look: The page "a" can be skipped, but the tool can\'t be launched without A, Notion.'
    ]


def test_what_this_dashboard_can_not_run_is_worth_one(tool: Path, said: Any) -> None:
    lines = said(write_tool(tool, template={"services": [{"role": "web", "image": "clock:1"}]}))
    assert "run the dashboard with VENDO_RUNTIME=docker" in lines[-1]


def test_strictly_a_second_look_is_a_refusal(tool: Path) -> None:
    call_command("validate_tool", str(write_tool(tool)), strict=True)
    with pytest.raises(CommandError, match="--strict"):
        call_command("validate_tool", str(with_layout(tool, page("a b", asking()))), strict=True)
