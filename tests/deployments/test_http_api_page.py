"""docs/http-api.md says what there is: every address, status and code, and no other."""

import re
from pathlib import Path

from deployments import api_door
from deployments.errors import TABLE
from tests.deployments.test_description import described

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/http-api.md").read_text()
FOR_TOOLS, FOR_THE_DASHBOARD = PAGE.split("## The dashboard's JSON")
ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| ", flags=re.MULTILINE)
ADDRESS = re.compile(r"^\| `([A-Z]+) (/\S+)`([^|]*) \| ([^|]+) \|$", flags=re.MULTILINE)
# Where a code stands in the sources of the dashboard's JSON.
RAISED = re.compile(
    r'error="(\w+)"|"error": "(\w+)"|(?:BindingRefused|LaunchRefused|OperationRefused|_refusal)\(\s*"(\w+)"'
    r'|code, message = "(\w+)"|yield "(\w+)", '
)
SOURCES = ["api_apps", "api_bindings", "api_deployments", "api_door", "bindings", "launch", "objections", "upgrades"]


def addresses() -> dict[str, str]:
    """METHOD path → the statuses that the page names."""
    found = {}
    for method, path, others, statuses in ADDRESS.findall(PAGE):
        for each in (method, *re.findall(r"`([A-Z]+)`", others)):
            found[f"{each} {path}"] = statuses
    return found


def test_every_address_with_its_statuses() -> None:
    told = {address: set(re.findall(r"\d{3}", statuses)) for address, statuses in addresses().items()}
    assert told == {
        f"{method} {path}": operation["responses"].keys() - {"default"} for method, path, operation in described()
    }


def test_who_passes_answers_through_says_so() -> None:
    through = {f"{method} {path}" for method, path, operation in described() if "default" in operation["responses"]}
    assert {address for address, statuses in addresses().items() if re.search("or the [a-z]+'s", statuses)} == through


def test_every_code_that_tools_get() -> None:
    told = {code: int(status) for code, status in ROW.findall(FOR_TOOLS)}
    assert told == {code: row.status for code, row in TABLE.items()}


def test_every_code_that_the_dashboard_gets() -> None:
    raised = {next(filter(None, found)) for name in SOURCES for found in RAISED.findall(_source(name))}
    told = {code for code, _ in ROW.findall(FOR_THE_DASHBOARD)}
    assert told == raised | {*api_door.CODES.values()}


def test_each_example_names_an_address_that_exists() -> None:
    paths = [re.sub(r"\\{\w+\\}", r"[^?\\s]+", re.escape(path)) for _, path, _ in described()]
    asked = re.findall(r"\$VENDO_BASE_URL(/[^\s\"?]+)", PAGE)
    assert asked
    assert [path for path in asked if not any(re.fullmatch(pattern, path) for pattern in paths)] == []


def _source(name: str) -> str:
    return (ROOT / f"deployments/{name}.py").read_text()
