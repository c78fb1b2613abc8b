"""`vendo.yaml` and `template.json`: what is accepted, and the lines that say what to change."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deployments.manifest import ManifestError, published, read_tool
from deployments.models import Release
from tests.deployments.tools import MANIFEST, TEMPLATE, write_tool


def problems(folder: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read_tool(folder)
    return [str(problem) for problem in caught.value.problems]


def problems_of(tmp_path: Path, **changes: Any) -> list[str]:
    return problems(write_tool(tmp_path, **changes))


def service(**fields: Any) -> dict[str, Any]:
    return {"services": [{"role": "web"} | fields]}


def test_a_sound_tool_is_read(tmp_path: Path) -> None:
    source = read_tool(write_tool(tmp_path))
    assert source.manifest.name == source.template.slug == "clock"
    assert source.template.services[0].start_command == "python app.py"


def test_integrations_are_slugs_or_objects(tmp_path: Path) -> None:
    both = {"integrations": ["notion", {"provider": "googledrive", "optional": True}]}
    source = read_tool(write_tool(tmp_path, manifest=both, template=both))
    assert [(use.provider, use.optional) for use in source.manifest.integrations] == [
        ("notion", False),
        ("googledrive", True),
    ]


def test_a_mistyped_provider_gets_the_right_one_suggested(tmp_path: Path) -> None:
    wrong = {"integrations": ["notion", {"provider": "gogledrive", "optional": True}]}
    assert problems_of(tmp_path, manifest=wrong, template=wrong) == [
        'vendo.yaml integrations[1].provider: expected a provider of the catalogue, found "gogledrive". '
        'Did you mean "googledrive"?'
    ]


def test_an_unknown_key_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, template={"readiness": {"healtPath": "/up"}})
    assert line == (
        'template.json readiness.healtPath: expected a known key, found "healtPath". Did you mean "healthPath"?'
    )


def test_a_key_of_a_list_entry_is_looked_up_among_that_entrys_keys(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, manifest={"integrations": [{"provider": "notion", "optonal": True}]})
    assert line.endswith('Did you mean "optional"?')


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    lines = problems_of(tmp_path, manifest={"name": "X", "version": 2, "runtime": "php", "restart_on": 3})
    assert [line.split(":")[0] for line in lines] == [
        "vendo.yaml name",
        "vendo.yaml version",
        "vendo.yaml runtime",
        "vendo.yaml restart_on",
    ]


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    write_tool(tmp_path)
    (tmp_path / "vendo.yaml").write_text("version: 1\nruntime: python\n")
    (line,) = problems(tmp_path)
    assert line.startswith("vendo.yaml name: expected a value, found nothing.")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    (line,) = problems(tmp_path)
    assert "vendo.yaml: expected a file" in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: clock\n  version: 1\n", "line 2"),
        ("name: clock\nname: other\n", "stands here twice"),
        ("a: &x [1]\nb: *x\n", "aliases"),
        ("- not\n- an object\n", "expected an object"),
        ("version: 2026-11-24\n", "type date"),
    ],
)
def test_a_yaml_mistake_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    write_tool(tmp_path)
    (tmp_path / "vendo.yaml").write_text(text)
    assert words in "\n".join(problems(tmp_path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"slug": }', "line 1, column 10"),
        ('{"slug": 1, "slug": 2}', 'the key "slug" twice'),
        ('{"default": NaN}', "NaN"),
        ('{"name": "a\\u0000b"}', "characters that can't be stored"),
        ('{"name": "\\ud800"}', "characters that can't be stored"),
        ('{"version": 1e999}', "a number of reasonable size"),
    ],
)
def test_a_json_mistake_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    write_tool(tmp_path)
    (tmp_path / "template.json").write_text(text)
    assert words in "\n".join(problems(tmp_path))


def test_the_two_files_must_agree(tmp_path: Path) -> None:
    lines = problems_of(
        tmp_path, manifest={"integrations": ["notion"]}, template={"slug": "clocks", "integrations": []}
    )
    assert lines == [
        'template.json slug: expected "clock", found "clocks". Use the same name in vendo.yaml and template.json.',
        'template.json integrations: expected "notion" as in vendo.yaml: required, found not listed. '
        "Make the two lists say the same.",
    ]


def test_a_provider_stands_in_the_list_once(tmp_path: Path) -> None:
    twice = {"integrations": ["notion", {"provider": "notion"}]}
    (line, *_) = problems_of(tmp_path, manifest=twice, template=twice)
    assert line.startswith('vendo.yaml integrations[1].provider: expected each provider once, found "notion" again')


def test_a_profile_must_be_the_providers(tmp_path: Path) -> None:
    both = {"integrations": [{"provider": "notion", "profile": "byok_static"}]}
    (line,) = problems_of(tmp_path, manifest=both, template=both)
    assert line.startswith("vendo.yaml integrations[0].profile: expected oauth_app_install")


def test_restart_on_names_declared_integrations(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, manifest={"restart_on": ["notion"]})
    assert line.startswith("vendo.yaml restart_on[0]")


def test_an_unknown_placeholder_is_refused(tmp_path: Path) -> None:
    (line,) = problems_of(
        tmp_path,
        template=service(env={"URL": "${system.VENDO_BASE_URL}/${secrets.SESION}"})
        | {"secrets": [{"key": "SESSION", "type": "uuid"}]},
    )
    assert line.startswith("template.json services[0].env.URL")
    assert 'Did you mean "secrets.SESSION"?' in line


def test_an_api_that_each_account_has_elsewhere_can_not_be_written_down(tmp_path: Path) -> None:
    listed = {"integrations": ["salesforce"]}
    template = service(env={"API": "${integrations.salesforce.api_url}"}) | listed
    (line,) = problems_of(tmp_path, manifest=listed, template=template)
    assert line.startswith("template.json services[0].env.API")


def test_an_unclosed_placeholder_is_refused(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, template=service(env={"URL": "${system.PORT"}))
    assert "a placeholder that something stands behind" in line


@pytest.mark.parametrize("name", ["VENDO_TOKEN_NOTION", "PORT", "PATH", "VENDO_API_KEY"])
def test_a_variable_of_ours_is_not_for_the_taking(tmp_path: Path, name: str) -> None:
    (line,) = problems_of(tmp_path, template={"userInputs": [{"key": name, "label": "x"}]})
    assert line.startswith("template.json userInputs[0].key: expected a name of your own")


def test_a_variable_has_one_origin(tmp_path: Path) -> None:
    both = {"integrations": ["notion"]}
    extra = service(env={"A": "1"}) | {
        "userInputs": [{"key": "A", "label": "x"}, {"key": "NOTION_TOKEN", "label": "x"}]
    }
    lines = problems_of(tmp_path, manifest=both, template=both | extra)
    assert "It already comes from an integration" in lines[0]
    assert "It already comes from `userInputs`" in lines[1]


def test_a_required_variable_must_come_from_somewhere(tmp_path: Path) -> None:
    required = {"env": {"required": ["API_BASE", "PORT", "NOTION_TOKEN"]}, "integrations": ["notion"]}
    (line,) = problems_of(tmp_path, manifest=required, template={"integrations": ["notion"]})
    assert line.startswith("vendo.yaml env.required[0]: expected something that provides API_BASE")


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ({"inputType": "select"}, "options"),
        ({"inputType": "select", "options": ["a"], "default": "b"}, "default"),
        ({"inputType": "number", "default": "3"}, "default"),
        ({"inputType": "boolean", "default": "true"}, "default"),
        ({"validations": {"pattern": "("}}, "validations.pattern"),
        ({"validations": {"min": 2, "max": 1}}, "validations.max"),
        ({"validations": {"minLength": 2, "maxLength": 1}}, "validations.maxLength"),
        ({"inputType": "select", "options": ["a", ""]}, "options[1].value"),
        ({"inputType": "select", "options": ["a", "a"]}, "options[1].value"),
        ({"default": "abc", "validations": {"minLength": 4}}, "default"),
        ({"default": "abc", "validations": {"maxLength": 2}}, "default"),
        ({"default": "abc", "validations": {"pattern": "^[0-9]+$"}}, "default"),
        ({"inputType": "number", "default": 3, "validations": {"max": 2}}, "default"),
        ({"inputType": "number", "default": 3, "validations": {"min": 4}}, "default"),
    ],
)
def test_a_question_that_can_not_work_is_refused(tmp_path: Path, question: dict[str, Any], place: str) -> None:
    (line,) = problems_of(tmp_path, template={"userInputs": [{"key": "A", "label": "x"} | question]})
    assert line.startswith(f"template.json userInputs[0].{place}")


@pytest.mark.parametrize(
    "question",
    [
        {"default": "abc", "validations": {"minLength": 3, "maxLength": 3, "pattern": "b"}},
        {"default": "", "validations": {"minLength": 3}},
        {"inputType": "number", "default": 3, "validations": {"min": 3, "max": 3}},
        {"inputType": "boolean", "default": False, "validations": {"min": 3}},
    ],
)
def test_a_default_that_satisfies_its_rules_is_fine(tmp_path: Path, question: dict[str, Any]) -> None:
    tool = read_tool(write_tool(tmp_path, template={"userInputs": [{"key": "A", "label": "x"} | question]}))
    assert tool.template.user_inputs[0].default == question["default"]


def test_another_runtime_needs_a_command(tmp_path: Path) -> None:
    (line,) = problems_of(tmp_path, manifest={"runtime": "node"}, template=service())
    assert line.startswith("template.json services[0].startCommand: expected a command")


def test_without_a_template_one_is_derived(tmp_path: Path) -> None:
    env = {"required": ["TEAM", "PORT"], "optional": ["NOTION_TOKEN", "VENDO_API_KEY", "COLOUR"]}
    write_tool(tmp_path, manifest={"integrations": ["notion"], "env": env})
    (tmp_path / "template.json").unlink()
    template = read_tool(tmp_path).template
    assert [(question.key, question.required) for question in template.user_inputs] == [
        ("TEAM", True),
        ("COLOUR", False),
    ]
    assert [entry.provider for entry in template.integrations] == ["notion"]
    assert (template.name, template.services[0].start_command) == ("Clock", "python app.py")


def test_a_template_is_derived_only_for_an_app_in_python(tmp_path: Path) -> None:
    write_tool(tmp_path)
    (tmp_path / "template.json").unlink()
    (tmp_path / "app.py").unlink()
    (line,) = problems(tmp_path)
    assert line.startswith("template.json: expected a template with `services[0].startCommand`")


def test_a_layout_is_kept_as_given(tmp_path: Path) -> None:
    layout = {"version": 1, "subSteps": "whatever", "unknown": [1, None]}
    assert read_tool(write_tool(tmp_path, template={"wizardLayout": layout})).template.wizard_layout == layout


def test_published_reads_what_publishing_stored(tmp_path: Path) -> None:
    both = {"integrations": [{"provider": "notion", "optional": True}], "restart_on": ["notion"]}
    ready = {"readiness": {"maxRetries": 3, "retryIntervalSec": 0.5}, "secrets": {"SESSION": "random_hex"}}
    source = read_tool(write_tool(tmp_path, manifest=both | {"health": {"path": "/up"}}, template=both | ready))
    found = published(
        Release(manifest=source.manifest.model_dump(), template=source.template.model_dump(by_alias=True))
    )
    assert found.uses("notion")
    assert found.integrations[0].optional
    assert (found.readiness.path, found.readiness.retries, found.readiness.interval) == ("/up", 3, 0.5)
    assert [(secret.key, secret.type) for secret in found.secrets] == [("SESSION", "random_hex")]
    assert found.restart_on == {"notion"}


def read_text(folder: Path, manifest: bytes, template: bytes) -> None:
    """Either it reads, or it raises `ManifestError` with at least one line; and a success can be stored as JSON."""
    (folder / "vendo.yaml").write_bytes(manifest)
    (folder / "template.json").write_bytes(template)
    try:
        source = read_tool(folder)
    except ManifestError as error:
        lines = [str(problem) for problem in error.problems]
        assert all(lines), lines
        assert lines
    else:
        json.dumps(source.template.model_dump(by_alias=True), allow_nan=False).encode()


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(st.binary(max_size=200), st.binary(max_size=200))
@example(b'!!int ""', b"{}")
@example(b"!!bool x", b"{}")
@example(b"!!timestamp x", b"{}")
@example(b"2026-99-99", b"{}")
@example(b"? [a, b]\n: c", b"{}")
@example(b"[" * 5000, b"[" * 100_000)
@example(b"a: 0x" + b"f" * 5000, b"1" * 5000)
@example(b"name: !!binary aaaa", b"\xff")
def test_any_bytes_are_read_or_refused(tmp_path: Path, manifest: bytes, template: bytes) -> None:
    read_text(tmp_path, manifest, json.dumps(TEMPLATE).encode())
    read_text(tmp_path, json.dumps(MANIFEST).encode(), template)


@relaxed
@given(st.sampled_from([*MANIFEST, "env", "health", "restart_on"]), anything)
def test_any_value_in_the_manifest_is_read_or_refused(tmp_path: Path, key: str, value: object) -> None:
    text = yaml.safe_dump(MANIFEST | {key: value}, allow_unicode=True)
    read_text(tmp_path, text.encode("utf-8", "surrogatepass"), json.dumps(TEMPLATE).encode())


KEYS = [*TEMPLATE, "secrets", "userInputs", "readiness", "deployHooks", "restart_on", "wizardLayout", "source"]


@relaxed
@given(st.sampled_from(sorted(KEYS)), anything)
def test_any_value_in_the_template_is_read_or_refused(tmp_path: Path, key: str, value: object) -> None:
    read_text(tmp_path, json.dumps(MANIFEST).encode(), json.dumps(TEMPLATE | {key: value}).encode())


QUESTION = ["key", "label", "description", "inputType", "default", "category", "options", "validations"]


@relaxed
@given(st.dictionaries(st.sampled_from(QUESTION), anything))
def test_any_question_is_read_or_refused(tmp_path: Path, question: dict[str, Any]) -> None:
    template = TEMPLATE | {"userInputs": [{"key": "A", "label": "a"} | question]}
    read_text(tmp_path, json.dumps(MANIFEST).encode(), json.dumps(template).encode())
