"""Connecting on a page of the wizard: the purpose that a connect window carries, and keys that are pasted in a row."""

from django.http import QueryDict

from connections import byok, intents
from connections.errors import KeyRefused
from connections.intents import Intent
from tenants.models import User
from wizard.models import Draft
from wizard.needs import Need
from wizard.parts import key_form

KIND = "draft"


def intent_of(draft: Draft) -> str:
    """The draft as a signed intent, for a connect address."""
    return intents.sign(_intent(draft))


def has_key(need: Need, posted: QueryDict) -> bool:
    """Whether a form holds a key for it."""
    form = key_form(need, posted)
    return form is not None and any(posted.get(form.add_prefix(name)) for name in form.fields)


def paste(draft: Draft, need: Need, posted: QueryDict, user: User) -> byok.KeyForm | None:
    """Try the key of a form, and use what it opens. Gives back the form with what is wrong, or None if all is well."""
    form = key_form(need, posted)
    if form is None or not form.is_valid():
        return form
    try:
        byok.paste(draft.tenant, need.integration, form.cleaned_data, intent=_intent(draft), user=user)
    except KeyRefused as refusal:
        byok.explain(form, refusal)
        return form
    draft.refresh_from_db(fields=["selected", "stamps"])
    return None


def _intent(draft: Draft) -> Intent:
    return Intent(KIND, str(draft.pk))
