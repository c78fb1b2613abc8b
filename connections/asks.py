"""What is typed in before signing in, or beside a key: a subdomain, a region (catalog `Ask`)."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from connections.addresses import HARMLESS
from connections.catalog import Ask, Provider
from connections.models import Connection, Integration

PREFIX = "ask"  # of the names in forms and in the popup's addresses: `ask-domain`
LONGEST = 100  # characters


class AskedField(forms.CharField):
    """One such thing, as people type it: perhaps the whole address out of the browser's bar."""

    def __init__(self, ask: Ask) -> None:
        self.ask, self.suffix = ask, ask.suffix  # which components/_field.html writes behind the input
        attributes = {"autocapitalize": "none", "spellcheck": "false", "placeholder": ask.example}
        super().__init__(
            label=ask.label,
            initial=ask.default,
            max_length=LONGEST,
            widget=forms.TextInput(attributes),
            help_text=f"Enter {ask.looks}.",
            error_messages={"required": f"Fill this in: {ask.looks}."},
        )

    def to_python(self, value: Any) -> str:
        """Without what the address has around it; host names know no capitals."""
        text = (super().to_python(value) or "").strip()
        if not self.suffix:
            return text
        host = re.sub(r"^https?://", "", text.lower()).partition("/")[0]
        return host.removesuffix(self.suffix)

    def validate(self, value: str) -> None:
        """Nothing but what the data sheet takes."""
        super().validate(value)
        if value and not (re.fullmatch(self.ask.pattern, value) and HARMLESS.fullmatch(value)):
            raise forms.ValidationError(f"This does not look right. It should be {self.ask.looks}.")


class AskForm(forms.Form):
    """What a provider wants to know before one signs in."""

    def __init__(self, provider: Provider, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, prefix=PREFIX, **kwargs)
        self.fields.update(fields_of(provider))


def fields_of(provider: Provider) -> dict[str, forms.Field]:
    """A field for each ask, by its name."""
    return {ask.name: AskedField(ask) for ask in provider.asks}


def are_needed(integration: Integration) -> bool:
    """Whether something has to be known before one signs in. Composio asks by itself."""
    return bool(integration.provider.asks) and not integration.brokered


def form_for(provider: Provider, query: Mapping[str, str], renewed: Connection | None) -> AskForm:
    """An open form, with what is known already: from the address, or of the connection that is renewed."""
    initial = {ask.name: _known(ask, query, renewed) for ask in provider.asks}
    return AskForm(provider, initial=initial)


def typed(provider: Provider, query: Mapping[str, str], renewed: Connection | None) -> dict[str, str]:
    """name → value, as far as it is known; nothing where something is missing or wrong."""
    form = AskForm(provider, {f"{PREFIX}-{ask.name}": _known(ask, query, renewed) for ask in provider.asks})
    return dict(form.cleaned_data) if form.is_valid() else {}


def in_address(asked: Mapping[str, str]) -> dict[str, str]:
    """As parameters of the popup's addresses."""
    return {f"{PREFIX}-{name}": value for name, value in asked.items()}


def _known(ask: Ask, query: Mapping[str, str], renewed: Connection | None) -> str:
    said = query.get(f"{PREFIX}-{ask.name}")
    return said if said is not None else str((renewed.metadata if renewed else {}).get(ask.name, ask.default))
