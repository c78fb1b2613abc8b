"""The wizard's questions as a form, and the answers as variables."""

from typing import Any

import pytest
from django import forms

from deployments.declaration import UserInput
from deployments.inputs import as_environment, defaults, form_for
from deployments.manifest import IntegrationUse, Published, ReadinessPlan, ServicePlan


def declared(*questions: dict[str, Any]) -> Published:
    """A release that asks these questions."""
    return Published(
        slug="clock",
        name="Clock",
        version="1",
        description="",
        runtime="python",
        integrations=(IntegrationUse("notion"),),
        inputs=tuple(UserInput.model_validate({"label": "A question"} | question) for question in questions),
        service=ServicePlan("python app.py", {}),
        readiness=ReadinessPlan("/healthz", None, 1, 1, 1),
        secrets=(),
        hooks=(),
        restart_on=frozenset(),
        layout=None,
    )


def answered(data: dict[str, Any], *questions: dict[str, Any]) -> forms.Form:
    return form_for(declared(*questions))(data)


def test_answers_become_text() -> None:
    form = answered(
        {"TEAM": "  Ada ", "NOTE": " two\nlines ", "COUNT": "100", "RATE": "1.50", "ON": True, "COLOUR": "red"},
        {"key": "TEAM"},
        {"key": "NOTE", "inputType": "textarea"},
        {"key": "COUNT", "inputType": "number"},
        {"key": "RATE", "inputType": "number"},
        {"key": "ON", "inputType": "boolean"},
        {"key": "OFF", "inputType": "boolean"},
        {"key": "COLOUR", "inputType": "select", "options": ["red", "blue"]},
    )
    assert form.is_valid(), form.errors
    assert as_environment(form) == {
        "TEAM": "Ada",
        "NOTE": " two\nlines ",
        "COUNT": "100",
        "RATE": "1.5",
        "ON": "true",
        "OFF": "false",
        "COLOUR": "red",
    }


def test_booleans_arrive_as_words_too() -> None:
    question = {"key": "ON", "inputType": "boolean"}
    for given, text in (("true", "true"), ("false", "false"), (False, "false")):
        form = answered({"ON": given}, question)
        assert form.is_valid()
        assert as_environment(form) == {"ON": text}


def test_an_optional_question_left_empty_is_no_variable() -> None:
    form = answered({"TEAM": ""}, {"key": "TEAM", "category": "user_optional"})
    assert form.is_valid()
    assert as_environment(form) == {}


def test_a_required_question_insists() -> None:
    assert answered({}, {"key": "TEAM"}).errors["TEAM"] == ["This field is required."]


@pytest.mark.parametrize(
    ("question", "bad", "good"),
    [
        ({"validations": {"pattern": "^a"}}, "b", "ab"),
        ({"validations": {"minLength": 3}}, "ab", "abc"),
        ({"validations": {"maxLength": 3}}, "abcd", "abc"),
        ({"inputType": "number", "validations": {"min": 0.5}}, "0.4", "0.5"),
        ({"inputType": "number", "validations": {"max": 10}}, "11", "10"),
        ({"inputType": "number"}, "ten", "10"),
        ({"inputType": "select", "options": ["a"]}, "b", "a"),
    ],
)
def test_validations_hold(question: dict[str, Any], bad: str, good: str) -> None:
    assert not answered({"A": bad}, {"key": "A"} | question).is_valid()
    assert answered({"A": good}, {"key": "A"} | question).is_valid()


def test_the_templates_own_message_is_shown() -> None:
    question = {"key": "A", "validations": {"pattern": "^a", "message": "Start with an a."}}
    assert answered({"A": "b"}, question).errors["A"] == ["Start with an a."]


def test_a_password_is_never_sent_back() -> None:
    form = answered({"SECRET": "hunter2-hunter2"}, {"key": "SECRET", "inputType": "password"})
    assert "hunter2" not in form.as_p()


def test_a_select_offers_its_labels_and_nothing_chosen() -> None:
    options = [{"value": "eu", "label": "Europe"}, "us"]
    field = answered({}, {"key": "A", "inputType": "select", "options": options})["A"]
    offered = [(choice.data["value"], choice.choice_label) for choice in field.subwidgets]
    assert offered == [("", "Choose one"), ("eu", "Europe"), ("us", "us")]


def test_defaults_are_what_the_template_gives() -> None:
    asked = declared({"key": "A", "default": "x"}, {"key": "B"}, {"key": "C", "inputType": "boolean", "default": False})
    assert defaults(asked) == {"A": "x", "C": False}


def test_what_an_author_describes_is_text_and_no_markup() -> None:
    form = answered({}, {"key": "TEAM", "description": "Use <b>bold</b> & <script>"})
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;" in form.as_p()
    assert form.fields["TEAM"].help_text == "Use &lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;"
