"""The vault's sharp edges: places, keys, damage, rotation."""

import base64
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from connections import vault
from connections.models import Connection
from tenants.models import Tenant

OLD = f"old:{base64.b64encode(b'o' * 32).decode()}"
NEW = f"new:{base64.b64encode(b'n' * 32).decode()}"


@given(text=st.text(), where=st.text(min_size=1))
def test_what_goes_in_comes_out(text: str, where: str) -> None:
    assert vault.decrypt(vault.encrypt(text, where), where) == text


@given(text=st.text(min_size=8), where=st.text(), other=st.text())
def test_an_envelope_opens_only_in_its_place(text: str, where: str, other: str) -> None:
    envelope = vault.encrypt(text, where)
    assert text not in envelope
    if where != other:
        with pytest.raises(vault.VaultError):
            vault.decrypt(envelope, other)


@given(damage=st.text())
def test_damage_is_a_vault_error_and_nothing_else(damage: str) -> None:
    for envelope in (damage, f"v1.{damage}", vault.encrypt("secret", "here")[:-4] + damage):
        with contextlib.suppress(vault.VaultError):
            assert vault.decrypt(envelope, "here") == "secret"


def test_two_envelopes_of_one_text_differ() -> None:
    assert vault.encrypt("same", "here") != vault.encrypt("same", "here")


def test_the_first_key_writes_and_all_keys_read(settings: Any) -> None:
    settings.VAULT_KEYS = OLD
    old = vault.encrypt("secret", "here")
    settings.VAULT_KEYS = f"{NEW},{OLD}"
    assert vault.decrypt(old, "here") == "secret"
    assert vault.encrypt("secret", "here").startswith("v1.new.")


def test_an_unknown_key_is_named_without_its_envelope(settings: Any) -> None:
    settings.VAULT_KEYS = OLD
    envelope = vault.encrypt("secret", "here")
    settings.VAULT_KEYS = NEW
    with pytest.raises(vault.VaultError, match="not in VENDO_VAULT_KEYS") as caught:
        vault.decrypt(envelope, "here")
    assert envelope.split(".")[2] not in str(caught.value)


@pytest.mark.parametrize("keys", ["", "nokey", "a:short", f"a:{base64.b64encode(b's' * 16).decode()}", f":{NEW[4:]}"])
def test_unusable_keys_are_refused_with_what_to_do(settings: Any, keys: str) -> None:
    settings.VAULT_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="VENDO_VAULT_KEYS"):
        vault.check_keys()


@pytest.mark.parametrize("names", [("a", "a"), ("a", "A")])
def test_two_keys_of_one_name_are_refused(settings: Any, names: tuple[str, str]) -> None:
    settings.VAULT_KEYS = ",".join(f"{name}:{NEW[4:]}" for name in names)
    with pytest.raises(ImproperlyConfigured, match="name of its own"):
        vault.check_keys()


def test_a_ciphertext_moved_to_another_row_does_not_open(
    tenant: Tenant, other_tenant: Tenant, make_connection: Callable[..., Connection]
) -> None:
    mine, theirs = make_connection(tenant, "notion"), make_connection(other_tenant, "notion")
    mine.credential = theirs.credential
    with pytest.raises(vault.VaultError):
        vault.reveal(mine, "credential")


def test_rotation_moves_every_secret_to_the_first_key(
    settings: Any,
    tenant: Tenant,
    make_connection: Callable[..., Connection],
) -> None:
    settings.VAULT_KEYS = OLD
    connection = make_connection(tenant, "googledrive", token="access-1", refresh_token="refresh-1")
    settings.VAULT_KEYS = f"{NEW},{OLD}"
    call_command("rotate_vault_keys")
    settings.VAULT_KEYS = NEW
    connection.refresh_from_db()
    assert vault.reveal(connection, "credential") == "access-1"
    assert vault.reveal(connection, "refresh_token") == "refresh-1"
    assert vault.rotate() == 0


def test_rotation_does_not_undo_a_newer_token(
    settings: Any,
    tenant: Tenant,
    make_connection: Callable[..., Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.VAULT_KEYS = OLD
    connection = make_connection(tenant, "notion", token="first")
    settings.VAULT_KEYS = f"{NEW},{OLD}"
    seal = vault.seal

    def overtaken(row: Connection, field: str, plaintext: str | None) -> None:
        seal(row, field, plaintext)
        newer = Connection.everyone.get(pk=row.pk)
        seal(newer, "credential", "second")
        newer.save()

    monkeypatch.setattr(vault, "seal", overtaken)
    vault.rotate()
    connection.refresh_from_db()
    assert vault.reveal(connection, "credential") == "second"
