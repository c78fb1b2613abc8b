"""The wizard's questions of a release as a Django form, and its answers as variables."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core import validators
from django.core.exceptions import ValidationError
from django.utils.html import escape

from deployments.manifest import Published, UserInput

type Validator = Callable[[Any], None]

MAX_LENGTH = 20_000


def form_for(published: Published) -> type[forms.Form]:
    """A form class with one field per question, named after the question's key."""
    fields = {question.key: _field(question) for question in published.inputs}
    return type("InputsForm", (forms.Form,), fields)


def as_environment(form: forms.Form) -> dict[str, str]:
    """The answers of a valid form as variables: booleans `true` or `false`; what was left empty is left out."""
    answers = ((key, form.cleaned_data.get(key)) for key in form.fields)
    return {key: _text(value) for key, value in answers if value not in (None, "")}


def defaults(published: Published) -> dict[str, Any]:
    """key → default, for the questions that have one."""
    return {question.key: question.default for question in published.inputs if question.default is not None}


def _field(question: UserInput) -> forms.Field:
    field = _bare_field(question)
    field.widget.attrs |= _told_to_browsers(question)
    return field


def _bare_field(question: UserInput) -> forms.Field:
    common: dict[str, Any] = {
        "label": question.label,
        # Pages take help texts for HTML, as Django does; an author writes plain text.
        "help_text": escape(question.description),
        "required": question.required,
        "initial": question.default,
        "validators": _validators(question),
    }
    match question.input_type:
        case "boolean":
            return forms.BooleanField(**common | {"required": False})
        case "number":
            return forms.DecimalField(**common, max_digits=30)
        case "select":
            return _select(question, common)
        case "textarea":
            return forms.CharField(**common, max_length=MAX_LENGTH, widget=forms.Textarea, strip=False)
        case "password":
            return forms.CharField(**common, max_length=MAX_LENGTH, widget=_password(), strip=False)
        case "text":
            return forms.CharField(**common, max_length=MAX_LENGTH)


def _told_to_browsers(question: UserInput) -> dict[str, Any]:
    """The same rules as `_validators`, as attributes: a page can say what is wrong before anything is sent."""
    rules = question.validations
    found: dict[str, Any] = {"data-message": rules.message}
    if question.input_type == "number":
        ends = {"min": rules.min, "max": rules.max}
        found |= {"step": "any"} | {name: _text(_decimal(end)) for name, end in ends.items() if end is not None}
    elif question.input_type not in ("boolean", "select"):
        # Not `pattern`: that one must match the whole, and its dialect is another.
        found |= {"minlength": rules.min_length, "maxlength": rules.max_length, "data-pattern": rules.pattern}
    return {name: value for name, value in found.items() if value is not None}


def _select(question: UserInput, common: Mapping[str, Any]) -> forms.ChoiceField:
    choices = [(option.value, option.label) for option in question.options]
    if question.default is None:
        choices.insert(0, ("", "Choose one" if question.required else "None"))
    return forms.ChoiceField(**common, choices=choices)


def _password() -> forms.PasswordInput:
    # `new-password` keeps browsers from filling in the person's own password for the dashboard.
    return forms.PasswordInput(attrs={"autocomplete": "new-password"})


def _validators(question: UserInput) -> list[Validator]:
    rules = question.validations
    found: list[Validator] = []
    if question.input_type == "number":
        found += [] if rules.min is None else [validators.MinValueValidator(_decimal(rules.min), rules.message)]
        found += [] if rules.max is None else [validators.MaxValueValidator(_decimal(rules.max), rules.message)]
    elif question.input_type != "boolean":
        found += [] if rules.min_length is None else [validators.MinLengthValidator(rules.min_length, rules.message)]
        found += [] if rules.max_length is None else [validators.MaxLengthValidator(rules.max_length, rules.message)]
        found += [] if rules.pattern is None else [_matches(rules.pattern, rules.message)]
    return found


def _matches(pattern: str, message: str | None) -> Validator:
    compiled = re.compile(pattern)

    def check(value: str) -> None:
        if not compiled.search(value):
            raise ValidationError(message or f"This does not have the expected form ({pattern}).", code="pattern")

    return check


def _decimal(number: float) -> Decimal:
    return Decimal(int(number)) if number == int(number) else Decimal(str(number))


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value.normalize(), "f")  # 1E+2 is not what anybody typed
        case _:
            return str(value)
