"""Signing up with e-mail and password, verified by a mailed code."""

import base64
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.utils import decrypt
from django.core import mail
from django.core.management import call_command
from django.test import Client

from connections import vault
from tenants.models import Membership, User

PASSWORD = "correct horse battery"


def _sign_up(browser: Client, email: str = "new@example.com") -> str:
    answer = browser.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    assert answer.status_code == 302, answer.text
    code = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code
    return code.group(1)


def test_signing_up_leads_to_a_workspace_of_ones_own(browser: Client, db: None) -> None:
    code = _sign_up(browser)
    answer = browser.post("/accounts/confirm-email/", {"code": code}, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/welcome")
    membership = Membership.objects.get(user__email="new@example.com")
    assert (membership.role, membership.tenant.slug) == ("owner", None)


def test_nobody_gets_in_with_an_unverified_address(browser: Client, db: None) -> None:
    _sign_up(browser)
    browser.post("/accounts/login/", {"login": "new@example.com", "password": PASSWORD})
    assert "/accounts/" in browser.get("/connections").headers["Location"]


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/login/", "/accounts/password/reset/"])
def test_bad_input_stays_in_the_form(path: str, browser: Client, db: None) -> None:
    answer = browser.post(path, {"email": "kept@", "login": "kept@", "password1": "x", "password": "x"})
    assert answer.status_code == 200
    assert "kept@" in answer.text


def test_a_second_factors_secret_is_in_the_vault(owner: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(owner, secret)
    stored = Authenticator.objects.get(user=owner).data["secret"]
    assert stored.startswith("v1.")
    assert secret not in stored


def test_a_second_factor_works_after_the_vaults_keys_were_changed(owner: User, settings: Any) -> None:
    old, new = settings.VAULT_KEYS, f"new:{base64.b64encode(b'n' * 32).decode()}"
    secret = generate_totp_secret()
    TOTP.activate(owner, secret)
    codes = RecoveryCodes.activate(owner).get_unused_codes()
    settings.VAULT_KEYS = f"{new},{old}"
    call_command("rotate_vault_keys")
    settings.VAULT_KEYS = new
    totp, recovery = (Authenticator.objects.get(user=owner, type=kind) for kind in ("totp", "recovery_codes"))
    assert decrypt(totp.data["secret"]) == secret
    assert recovery.wrap().get_unused_codes() == codes
    assert vault.rotate() == 0
