"""The questions of a draft: name and address, and the tool's own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from deployments.inputs import form_for
from deployments.launch import check_slug
from deployments.layout import SubStep
from deployments.manifest import published
from tenants.models import Tenant
from wizard import draft as drafts
from wizard.models import Draft

# Keeps the tool's questions apart from our own fields, whatever their keys are.
PREFIX = "input"
FORGET = "forget"
NAMING = ("name", "slug")
MASK = "•" * 8


class NamingForm(forms.Form):
    """What the deployment is called and where it will be found."""

    name = forms.CharField(max_length=80, help_text="How it is listed here. You can use any words.")
    slug = forms.CharField(
        max_length=64,
        label="Address",
        help_text="Lower-case letters, digits and hyphens. No other deployment of your workspace may have it.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant

    def clean_slug(self) -> str:
        """Refuse here what the launch would refuse, while there is a field to say it under."""
        slug: str = self.cleaned_data["slug"]
        if problem := check_slug(self.tenant, slug):
            raise forms.ValidationError(problem)
        return slug


@dataclass(frozen=True, slots=True)
class Details:
    """Both forms."""

    naming: NamingForm
    inputs: forms.Form
    # Keys of passwords that were given before. Their values never go back to the browser.
    kept: frozenset[str]

    @property
    def problems(self) -> dict[str, str]:
        """Field → what is wrong with it, one sentence with the field's label."""
        return {
            form.add_prefix(name): f"{form.fields[name].label or name.capitalize()}: {errors[0]}"
            for form in (self.naming, self.inputs)
            for name, errors in form.errors.items()
        }

    def bound(self, name: str) -> forms.BoundField:
        """The field of that name, `input-<key>` or one of `NAMING`."""
        return self.naming[name] if name in NAMING else self.inputs[name.removeprefix(f"{PREFIX}-")]


def filled_in(draft: Draft) -> Details:
    """As it was left, without judging it."""
    naming = NamingForm(initial={"name": draft.name, "slug": draft.slug}, tenant=draft.tenant)
    values = drafts.typed(draft)
    return _details(draft, naming, {"initial": values}, values)


def judged(draft: Draft, posted: Mapping[str, Any] = {}, *, values: Mapping[str, Any] | None = None) -> Details:
    """With everything that stands against a launch, or against `values` where those are not a launch's.

    With `posted`, name and address are judged as they were sent: the draft keeps them cut to size.
    """
    said = {name: posted[name] for name in NAMING if name in posted}
    naming = NamingForm({"name": draft.name, "slug": draft.slug} | said, tenant=draft.tenant)
    values = drafts.answers(draft) if values is None else values
    return _details(draft, naming, {"data": {f"{PREFIX}-{key}": value for key, value in values.items()}}, values)


def sent(draft: Draft, page: SubStep, posted: QueryDict) -> dict[str, Any]:
    """Field → value, of the page's questions that the form speaks of."""
    inputs = _inputs_class(draft)(prefix=PREFIX)
    asked = {question.key: inputs.fields[question.key] for question in page.inputs}
    values = {
        inputs.add_prefix(key): field.widget.value_from_datadict(posted, {}, inputs.add_prefix(key))
        for key, field in asked.items()
        if not _left_alone(field, posted, key)
    }
    # None is a field that this form did not have: it stays as it is.
    return {name: _clean(value) for name, value in values.items() if value is not None}


def summary(draft: Draft, page: SubStep) -> Iterator[tuple[str, str]]:
    """(label, what a launch hands to the tool) of the page's questions, fit to be shown: passwords are masked."""
    values = drafts.answers(draft)
    for question in page.inputs:
        yield question.label, in_words(draft, question.key, values.get(question.key))


def in_words(draft: Draft, key: str, value: Any) -> str:
    """The answer to one of the tool's questions, fit to be shown."""
    return shown(_inputs_class(draft).base_fields[key], value)


def labels(draft: Draft) -> dict[str, str]:
    """Field → what it is called on the page."""
    asked = {f"{PREFIX}-{question.key}": question.label for question in published(draft.release).inputs}
    return {"name": "Name", "slug": "Address"} | asked


def shown(field: forms.Field, value: Any) -> str:
    """An answer in words; "" where there is none."""
    if isinstance(field, forms.BooleanField):
        return "Yes" if value else "No"
    if value in (None, ""):
        return ""
    if is_secret(field):
        return MASK
    match field:
        case forms.ChoiceField():
            # The widget's choices are a plain list by now; the field's may be anything that Django accepts.
            found = (str(label) for option, label in field.widget.choices if str(option) == str(value))
            return next(found, str(value))
        case _:
            return str(value)


def is_secret(field: forms.Field) -> bool:
    """Whether its value must not go back to the browser."""
    return isinstance(field.widget, forms.PasswordInput)


def _left_alone(field: forms.Field, posted: Mapping[str, str], key: str) -> bool:
    """A field that this form did not have, or an empty password: that means the one which was given before.

    A checkbox that is off is not sent at all; the page says beside it that it was there.
    """
    name = f"{PREFIX}-{key}"
    if isinstance(field.widget, forms.CheckboxInput):
        return name not in posted and f"seen-{name}" not in posted
    return is_secret(field) and not posted.get(name) and f"{FORGET}-{key}" not in posted


def _details(draft: Draft, naming: NamingForm, arguments: Mapping[str, Any], values: Mapping[str, Any]) -> Details:
    inputs = _inputs_class(draft)(prefix=PREFIX, **arguments)
    kept = frozenset(key for key, field in inputs.fields.items() if is_secret(field) and values.get(key))
    for field in inputs.fields.values():
        if isinstance(field.widget, forms.Textarea):
            field.widget.attrs["rows"] = 4
    for key in kept:
        widget = inputs.fields[key].widget
        # Empty means the saved one, so a browser must not insist.
        widget.is_required, widget.attrs["placeholder"] = False, "Saved. Type to replace it."
    return Details(naming, inputs, kept)


def _inputs_class(draft: Draft) -> type[forms.Form]:
    return form_for(published(draft.release))


def _clean(value: Any) -> Any:
    """PostgreSQL refuses NUL characters, also where they are escaped."""
    return value.replace("\x00", "") if isinstance(value, str) else value
