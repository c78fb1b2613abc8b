"""Forms about connections, and about providers that are not there."""

import re

from django import forms

from connections.models import Connection, IntegrationRequest
from connections.requests import compared, integration_named

VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")  # contract section 10
MOST_VARIABLES = 10


class NameForm(forms.ModelForm[Connection]):
    """A name of one's own for a connection."""

    class Meta:
        model = Connection
        fields = ("display_name",)
        labels = {"display_name": "Name"}
        error_messages = {"display_name": {"required": "Give the connection a name, for example the account's."}}


class NamesField(forms.CharField):
    """A list of names, shown with commas between them."""

    def prepare_value(self, value: object) -> object:
        """As the input shows it."""
        return ", ".join(value) if isinstance(value, list) else value


class RequestForm(forms.ModelForm[IntegrationRequest]):
    """A provider that somebody misses."""

    docs_url = forms.URLField(
        label="Link to its documentation",
        max_length=500,
        assume_scheme="https",
        # Not type="url": browsers would refuse an address without its https://.
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="The page about its API, or its home page.",
        error_messages={"required": "Paste a link, so that we look at the right provider."},
    )
    auth_model = forms.ChoiceField(
        label="How do tools get access?",
        choices=IntegrationRequest.AuthModel,
        widget=forms.RadioSelect,
        initial=IntegrationRequest.AuthModel.UNKNOWN,
        error_messages={"required": "Choose one of these; “I don’t know” is fine."},
    )
    env_vars = NamesField(
        label="Environment variables your tool reads",
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"placeholder": "ACME_TOKEN, ACME_ACCOUNT_ID", "spellcheck": "false"}),
        help_text="Their names alone, with commas between them. Never paste a key here.",
    )

    class Meta:
        model = IntegrationRequest
        fields = ("name", "docs_url", "auth_model", "env_vars", "note")
        labels = {"name": "Provider", "note": "What do you want to do with it?"}
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}
        error_messages = {"name": {"required": "Which provider do you miss?"}}

    def clean_name(self) -> str:
        """A name of something that is not there."""
        name: str = self.cleaned_data["name"]
        if not compared(name):
            raise forms.ValidationError("Write the provider’s name with letters.")
        if there := integration_named(name):
            raise forms.ValidationError(f"{there.provider.name} is there already: find it under Available.")
        return name

    def clean_docs_url(self) -> str:
        """An address that an operator can open in a browser."""
        url: str = self.cleaned_data["docs_url"]
        if not url.startswith(("https://", "http://")):
            raise forms.ValidationError("Paste a link that begins with https://.")
        return url

    def clean_env_vars(self) -> list[str]:
        """The names, one by one, each once. What is no name is not repeated: it may be a key after all."""
        names = list(dict.fromkeys(re.findall(r"[^\s,;]+", self.cleaned_data["env_vars"])))
        if not all(VARIABLE.fullmatch(name) for name in names):
            raise forms.ValidationError("Use names such as ACME_TOKEN: capital letters, digits and underscores.")
        if len(names) > MOST_VARIABLES:
            raise forms.ValidationError(f"{MOST_VARIABLES} names at most.")
        return names
