"""The documentation is complete where completeness can be checked: settings, commands, links."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "vendo_site/settings.py").read_text()))
OPERATING = (ROOT / "docs/operating.md").read_text()
OF_MAKE_RUN = {"PORT", "SANDBOX_PORT"}
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]


def test_every_setting_is_explained() -> None:
    assert SETTINGS
    assert SETTINGS - set(re.findall(r"^\| `([A-Z_]+)` \|", OPERATING, flags=re.MULTILINE)) == set()


def test_no_setting_is_explained_that_does_not_exist() -> None:
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", OPERATING, flags=re.MULTILINE)) - SETTINGS == set()


def test_the_example_holds_settings_that_exist() -> None:
    named = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert named - SETTINGS - OF_MAKE_RUN == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?![a-z]+:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_of_make_that_is_mentioned_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    code = {
        name for page in PAGES for name in re.findall(r"(?:`|^ {4})make ([a-z]+)", page.read_text(), flags=re.MULTILINE)
    }
    assert code
    assert [name for name in sorted(code) if f"\n{name}:" not in makefile] == []
