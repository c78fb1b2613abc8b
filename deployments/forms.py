"""Forms about apps: their names, their keys, and the origins that may be told of a connect."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from deployments.models import ApiKey, App


class ProjectForm(forms.ModelForm[App]):
    """A new project."""

    class Meta:
        model = App
        fields = ("name",)
        help_texts = {"name": "What you are working on, for example the repository's name."}


class KeyForm(forms.ModelForm[ApiKey]):
    """A new API key, and how long it works."""

    days = forms.TypedChoiceField(
        label="Expires",
        choices=[("", "Never"), ("7", "In 7 days"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")],
        coerce=int,
        empty_value=None,
        required=False,
        help_text="From then on it is refused. You can revoke it sooner.",
    )

    class Meta:
        model = ApiKey
        fields = ("name",)
        labels = {"name": "Name of the key"}
        help_texts = {"name": "Where you will use it, for example “Ada’s laptop”."}
        error_messages = {"name": {"required": "Give the key a name, so that you know later which one to revoke."}}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["name"].widget.attrs |= {"autocomplete": "off"}

    @property
    def expires_at(self) -> datetime | None:
        """When the key of a valid form ends."""
        days: int | None = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days) if days else None


class OriginsForm(forms.Form):
    """Other pages that may open a connect window for the app and hear how it went (contract section 7)."""

    origins = forms.CharField(
        required=False,
        label="Allowed origins",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://app.example.com", "spellcheck": "false"}),
        help_text="One address a line, without a path. Pages on this machine (localhost) are always allowed.",
    )

    def clean_origins(self) -> list[str]:
        """The lines that say something; whether they are origins is for `projects.allow_origins` to judge."""
        return [line.strip() for line in self.cleaned_data["origins"].splitlines() if line.strip()]
