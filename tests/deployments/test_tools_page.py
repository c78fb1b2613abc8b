"""docs/tools.md: its example can be published as it stands, and it has every key that the two files may hold."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from deployments import declaration, layout_advice
from deployments.manifest import ToolSource, read_tool
from deployments.problems import keys
from deployments.publish import unsupported

TEXT = (Path(__file__).resolve().parents[2] / "docs/tools.md").read_text()
INTERNAL = {declaration.LayoutHolder, declaration.Strict, declaration.Camel}


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def tool(tmp_path: Path) -> ToolSource:
    (tmp_path / "vendo.yaml").write_text(block("yaml"))
    (tmp_path / "template.json").write_text(block("json"))
    return read_tool(tmp_path)


def models() -> Iterator[type[BaseModel]]:
    for found in vars(declaration).values():
        if isinstance(found, type) and issubclass(found, declaration.Strict) and found not in INTERNAL:
            yield found


def test_the_example_can_be_published_and_needs_no_second_look(tool: ToolSource) -> None:
    assert [*unsupported(tool), *layout_advice.advice(tool.template)] == []


def test_the_examples_wizard_has_the_pages_that_it_says(tool: ToolSource) -> None:
    assert [*layout_advice.outline(layout_advice.plan_of(tool.template))] == [
        "name: Name your clock: name and address",
        "connect: Connect accounts: Notion, Google Drive (optional)",
        "basics: Basics: CITY, HOURS",
        "advanced: Advanced (can be skipped): GREETING (folded)",
    ]


@pytest.mark.parametrize("model", [*models()], ids=lambda model: str(model.__name__))
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    words = set(re.findall(r"`\"?([A-Za-z_]+)\"?`", prose))
    assert [*keys(model)]
    assert {*keys(model)} - words == set()


def test_every_section_type_is_explained() -> None:
    (types,) = [field.annotation for name, field in declaration.LayoutSection.model_fields.items() if name == "type"]
    assert {*re.findall(r"^\| `([a-z_]+)` \|", TEXT, flags=re.MULTILINE)} >= {*types.__args__}  # type: ignore[union-attr]
