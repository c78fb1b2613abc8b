"""Forms about workspaces."""

from typing import Any

from django import forms

from tenants.models import Tenant

RESERVED = {"admin", "api", "app", "credentials", "hooks", "proxy", "static", "vendo", "www"}


class WelcomeForm(forms.ModelForm[Tenant]):
    """Name and address of a new workspace."""

    class Meta:
        model = Tenant
        fields = ("name", "slug")
        labels = {"name": "Workspace name", "slug": "Workspace address"}
        help_texts = {"slug": "Lower-case letters, digits and hyphens. It appears in the names of your tools."}
        error_messages = {"slug": {"unique": "That address is taken. Try another one, for example with your team's name."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = True
        self.fields["slug"].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false", "minlength": 3, "maxlength": 40}

    def clean_slug(self) -> str:
        """Refuse words that are part of our own addresses."""
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED:
            raise forms.ValidationError("That word is reserved. Try another one, for example with your team's name.")
        return slug
