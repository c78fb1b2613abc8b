"""How allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from connections import vault
from tenants.models import User
from tenants.workspaces import create_workspace


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing up creates a workspace."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002  (allauth's signature)
        """Called once per sign-up, by form or by social account."""
        saved: User = super().save_user(request, user, form, commit)
        if commit:
            create_workspace(saved)
        return saved


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors are secrets like any other: they go through the vault."""

    PLACE = "platform/mfa_authenticator"

    def encrypt(self, text: str) -> str:
        """The vault's envelope of an authenticator's secret."""
        return vault.encrypt(text, self.PLACE)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret back."""
        return vault.decrypt(encrypted_text, self.PLACE)
