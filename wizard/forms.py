"""The details step: name and address of the deployment, and the tool's own questions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from deployments.inputs import form_for
from deployments.launch import check_slug
from deployments.manifest import published
from tenants.models import Tenant
from wizard import draft as drafts
from wizard.models import Draft

# Keeps the tool's questions apart from our own fields, whatever their keys are.
PREFIX = "input"
FORGET = "forget"


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
    """Both forms of the step."""

    naming: NamingForm
    inputs: forms.Form
    # Keys of passwords that were given before. Their values never go back to the browser.
    kept: frozenset[str]

    @property
    def valid(self) -> bool:
        """Whether both hold."""
        return self.naming.is_valid() & self.inputs.is_valid()

    @property
    def problems(self) -> list[str]:
        """What is wrong, one sentence each, with the field's label."""
        return [
            f"{form.fields[name].label or name.capitalize()}: {errors[0]}" if name in form.fields else str(errors[0])
            for form in (self.naming, self.inputs)
            for name, errors in form.errors.items()
        ]


def stored(draft: Draft) -> Details:
    """The step as it was left, without judging it."""
    values = drafts.answers(draft)
    naming = NamingForm(initial={"name": draft.name, "slug": draft.slug}, tenant=draft.tenant)
    return _details(draft, naming, {"initial": values}, values)


def judged(draft: Draft, posted: Mapping[str, Any] | None = None) -> Details:
    """The step as it was left, with everything that stands against a launch.

    With `posted`, name and address are judged as they were sent: the draft keeps them cut to size.
    """
    values = drafts.answers(draft)
    naming = NamingForm({"name": draft.name, "slug": draft.slug} if posted is None else posted, tenant=draft.tenant)
    return _details(draft, naming, {"data": {f"{PREFIX}-{key}": value for key, value in values.items()}}, values)


def keep(draft: Draft, posted: QueryDict) -> None:
    """Put what the browser sent into the draft, right or wrong."""
    inputs = _inputs_class(draft)(prefix=PREFIX)
    values = {
        key: field.widget.value_from_datadict(posted, {}, inputs.add_prefix(key))
        for key, field in inputs.fields.items()
        if not _left_alone(field, posted, key)
    }
    drafts.fill_in(
        draft,
        name=posted.get("name", draft.name),
        slug=posted.get("slug", draft.slug),
        # None is a field that this page did not have: it stays as it is.
        inputs={key: value for key, value in values.items() if value is not None},
    )


def summary(draft: Draft) -> Iterator[tuple[str, str]]:
    """(label, what was answered) of the tool's questions, fit to be shown: passwords are masked."""
    values = drafts.answers(draft)
    for key, field in _inputs_class(draft).base_fields.items():
        yield str(field.label), _shown(field, values.get(key))


def _left_alone(field: forms.Field, posted: Mapping[str, str], key: str) -> bool:
    """An empty password field means the one that was given before, unless that is to be forgotten."""
    untouched = _secret(field) and not posted.get(f"{PREFIX}-{key}")
    return untouched and f"{FORGET}-{key}" not in posted


def _details(draft: Draft, naming: NamingForm, arguments: Mapping[str, Any], values: Mapping[str, Any]) -> Details:
    inputs = _inputs_class(draft)(prefix=PREFIX, **arguments)
    kept = frozenset(key for key, field in inputs.fields.items() if _secret(field) and values.get(key))
    for field in inputs.fields.values():
        if isinstance(field.widget, forms.Textarea):
            field.widget.attrs["rows"] = 4
    for key in kept:
        inputs.fields[key].widget.attrs["placeholder"] = "Saved. Type to replace it."
    return Details(naming, inputs, kept)


def _inputs_class(draft: Draft) -> type[forms.Form]:
    return form_for(published(draft.release))


def _secret(field: forms.Field) -> bool:
    return isinstance(field.widget, forms.PasswordInput)


def _shown(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.BooleanField):
        return "Yes" if value else "No"
    if value in (None, ""):
        return ""
    if _secret(field):
        return "•" * 8
    match field:
        case forms.ChoiceField():
            # The widget's choices are a plain list by now; the field's may be anything that Django accepts.
            found = (str(label) for option, label in field.widget.choices if str(option) == str(value))
            return next(found, str(value))
        case _:
            return str(value)
