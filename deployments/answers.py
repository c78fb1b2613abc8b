"""A person's answers to a release's questions, changed after the launch.

Two people may have the form open at once. Beside each answer it carries what was stored when the form was shown, so
that only what a person changed is written, and nobody's change is written over unseen.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, override

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from connections import vault
from deployments import activity, environment, events
from deployments.inputs import as_environment, form_for
from deployments.manifest import UserInput, published
from deployments.models import Deployment, EnvironmentVariable
from tenants.models import User

# Keys of questions hold no hyphen, so these names can't meet one.
WAS, REMOVE = "was-", "remove-"

Kind = EnvironmentVariable.Kind
Status = Deployment.Status

# name → new value; None for one that goes.
type Changes = dict[str, str | None]


class Gone(Exception):
    """The deployment was destroyed meanwhile; it has no settings any more."""


def form_of(deployment: Deployment, data: Mapping[str, Any] | None = None) -> forms.Form:
    """The release's own form, filled with what is stored. A password is not shown again, only replaced."""
    release, stored = published(deployment.release), _stored(deployment)
    asked = tuple(question for question in release.inputs if question.asked)
    form = form_for(replace(release, inputs=asked))(data, initial=_shown(asked, stored))
    for question in asked:
        if question.input_type != "password":
            form.fields[WAS + question.key] = _remembering(stored.get(question.key, ""))
        elif question.key in stored:
            _keep(form, question)
    return form


def save(deployment: Deployment, form: forms.Form, by: User | None) -> list[str]:
    """Store what a valid form changes; returns the names. Where somebody else was faster the form gets errors instead.

    Raises `Gone`.
    """
    with transaction.atomic():
        row = _locked(deployment)
        changes = _changes(form, _stored(row))
        if form.errors or not changes:
            return []
        _write(row, changes)
        activity.note(row, "changed settings", by=by, detail=", ".join(sorted(changes)))
    return sorted(changes)


def _shown(asked: tuple[UserInput, ...], stored: Mapping[str, str]) -> dict[str, Any]:
    """What the fields begin with. Something required that was never answered begins with its default."""
    found: dict[str, Any] = {}
    for question in asked:
        value = stored.get(question.key)
        if question.input_type == "boolean":
            found[question.key] = value == "true" if value is not None else question.default
        elif question.input_type != "password":
            found[question.key] = value if value is not None else question.default if question.required else None
    return found


def _remembering(value: str) -> forms.CharField:
    return forms.CharField(initial=value, required=False, strip=False, widget=forms.HiddenInput)


class _StoredPassword(forms.CharField):
    """One that is stored already: left empty, it stays, also where the release insists on an answer."""

    @override
    def validate(self, value: Any) -> None:
        """Nothing is as good as something."""


class PasswordInput(forms.PasswordInput):
    """Not one that browsers insist on. Templates know it by its name, which is that of Django's."""

    @override
    def use_required_attribute(self, initial: Any) -> bool:
        """Empty means: leave it."""
        return False


def _keep(form: forms.Form, question: UserInput) -> None:
    """Let a stored password be replaced or left alone, and an optional one be taken away."""
    asked = form.fields[question.key]
    attributes = asked.widget.attrs | {"placeholder": "Stored; leave empty to keep it"}
    field = _StoredPassword(
        label=asked.label,
        help_text=asked.help_text,
        required=asked.required,
        strip=False,
        validators=asked.validators,
        widget=PasswordInput(attrs=attributes),
    )
    form.fields[question.key] = field
    if not question.required:
        form.fields[REMOVE + question.key] = forms.BooleanField(required=False, label=f"Remove {question.label}")


def _changes(form: forms.Form, stored: Mapping[str, str]) -> Changes:
    """What the person changed. Where that was changed by somebody else since, the field says so."""
    given = as_environment(form)
    changes: Changes = {}
    for key in form.fields:
        if key.startswith((WAS, REMOVE)):
            continue
        new, old = given.get(key), stored.get(key)
        if WAS + key not in form.fields:
            changes |= _of_password(form, key, new, old)
        elif not _same(new, old) and not _same(new, _was(form, key, old)):
            changes[key] = new
            if not _same(old, _was(form, key, old)):
                _contradict(form, key, old)
    return changes


def _of_password(form: forms.Form, key: str, new: str | None, old: str | None) -> Changes:
    if new is None and old is not None and form.cleaned_data.get(REMOVE + key):
        return {key: None}
    return {key: new} if new not in (None, old) else {}


def _was(form: forms.Form, key: str, old: str | None) -> str | None:
    """What the person saw before changing it. Who sends no such thing, a program say, means to write over what is."""
    return form.cleaned_data.get(WAS + key) if WAS + key in form.data else old


def _same(one: str | None, other: str | None) -> bool:
    """Browsers send other line ends than programs; nothing and the empty text are one."""
    return (one or "").replace("\r\n", "\n") == (other or "").replace("\r\n", "\n")


def _contradict(form: forms.Form, key: str, old: str | None) -> None:
    said = f"Somebody changed this to “{old}” in the meantime." if old else "Somebody emptied this in the meantime."
    form.add_error(key, ValidationError(f"{said} Save again to put yours in its place.", code="changed"))
    # From here on the person has seen it.
    form.data = form.data.copy()  # type: ignore[attr-defined]
    form.data[WAS + key] = old or ""  # type: ignore[index]


def _write(deployment: Deployment, changes: Changes) -> None:
    removed = [name for name, value in changes.items() if value is None]
    EnvironmentVariable.everyone.filter(deployment=deployment, kind=Kind.USER, name__in=removed).delete()
    environment.write_inputs(deployment, {name: value for name, value in changes.items() if value is not None})
    # Before its first `resolve_env` there is nothing to bring in step; that step will read what is stored now.
    if deployment.env_wanted:
        environment.resolve(deployment)
    events.deployment_changed(deployment)


def _stored(deployment: Deployment) -> dict[str, str]:
    users = EnvironmentVariable.everyone.filter(deployment=deployment, kind=Kind.USER)
    return {row.name: vault.reveal(row, "value") or "" for row in users}


def _locked(deployment: Deployment) -> Deployment:
    rows = Deployment.everyone.select_for_update(no_key=True, of=("self",)).exclude(status=Status.DESTROYED)
    row: Deployment | None = rows.select_related("tenant", "app", "release__tool").filter(pk=deployment.pk).first()
    if row is None:
        raise Gone
    return row
