"""How allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest

from connections import vault
from tenants.models import User
from tenants.workspaces import create_workspace

PLACE = "platform/mfa_authenticator"
# Keys of an authenticator's JSON under which allauth keeps what it encrypts.
ENVELOPES = {"secret", "seed", "migrated_codes"}


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

    def encrypt(self, text: str) -> str:
        """The vault's envelope of an authenticator's secret."""
        return vault.encrypt(text, PLACE)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret back."""
        return vault.decrypt(encrypted_text, PLACE)


def rotate_second_factors() -> int:
    """Bring all second factors' secrets to the vault's first key; returns how many rows moved."""
    return sum(map(_rotate_second_factor, Authenticator.objects.order_by("pk").values_list("pk", flat=True)))


def _rotate_second_factor(pk: int) -> bool:
    with transaction.atomic():
        # Locked and read anew: a recovery code that is used at this moment must stay used.
        row = Authenticator.objects.select_for_update().filter(pk=pk).first()
        data = row.data | {name: _renewed(row.data[name]) for name in ENVELOPES & row.data.keys()} if row else {}
        if row is None or data == row.data:
            return False
        row.data = data
        row.save(update_fields=["data"])
    return True


def _renewed(kept: str | list[str]) -> str | list[str]:
    return [vault.renewed(one, PLACE) for one in kept] if isinstance(kept, list) else vault.renewed(kept, PLACE)
