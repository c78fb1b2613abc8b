"""Forms about workspaces."""

from typing import ClassVar

from django import forms

from tenants.models import SLUG_ADVICE, SLUG_PATTERN, Tenant

RESERVED = {"admin", "api", "app", "credentials", "hooks", "proxy", "static", "vendo", "www"}


class WelcomeForm(forms.ModelForm[Tenant]):
    """Name and address of a new workspace."""

    slug = forms.RegexField(
        SLUG_PATTERN,
        label="Workspace address",
        help_text="Lower-case letters, digits and hyphens. It appears in the names of your tools.",
        error_messages={
            "invalid": SLUG_ADVICE,
            "unique": "That address is taken. Try another one, for example with your team's name.",
        },
        widget=forms.TextInput({"autocapitalize": "none", "spellcheck": "false", "minlength": 3, "maxlength": 40}),
    )

    class Meta:
        model = Tenant
        fields = ("name", "slug")
        labels: ClassVar = {"name": "Workspace name"}

    def clean_slug(self) -> str:
        """Refuse words that are part of our own addresses."""
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED:
            raise forms.ValidationError("That word is reserved. Try another one, for example with your team's name.")
        return slug
