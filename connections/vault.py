"""Keeps secrets: AES-256-GCM, bound to the row and field they were written for.

An envelope reads `v1.<key id>.<base64url(nonce + ciphertext)>` (design section 6). The additional data is tenant,
table, row and field, so an envelope that is moved to another row or column does not open. The first key writes, all
keys read; `manage.py rotate_vault_keys` moves everything to the first.
"""

import base64
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction

VERSION = "v1"
NONCE_BYTES = 12  # NIST SP 800-38D, section 8.2: 96 random bits

_elsewhere: list[Callable[[], int]] = []


class VaultError(Exception):
    """A secret could not be opened. Holds where it belongs, never what it is."""


class VaultField(models.TextField[Any, Any]):
    """A column that holds envelopes only. Write it with `seal`, read it with `reveal`."""


def seal(row: models.Model, field: str, plaintext: str | None) -> None:
    """Put a secret into `row.field`, encrypted for that place; None clears it. Does not save the row."""
    setattr(row, field, None if plaintext is None else encrypt(plaintext, place(row, field)))


def reveal(row: models.Model, field: str) -> str | None:
    """The secret in `row.field`, or None when there is none. Raises `VaultError` if it does not open."""
    envelope = getattr(row, field)
    return None if envelope is None else decrypt(envelope, place(row, field))


def place(row: models.Model, field: str) -> str:
    """Where a secret belongs, as it is authenticated. Rows of no tenant (the catalogue) belong to the platform."""
    return place_of(type(row), row.pk, field, tenant=getattr(row, "tenant_id", None))


def place_of(model: type[models.Model], pk: object, field: str, *, tenant: object = None) -> str:
    """As `place`, for a row that was not loaded as a model. Ids as Python writes them: a UUID with hyphens."""
    return f"{tenant or 'platform'}/{model._meta.db_table}/{pk}/{field}"


def encrypt(plaintext: str, where: str) -> str:
    """The envelope of `plaintext`, which only `decrypt` with the same `where` opens."""
    name, key = next(iter(_keys().items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + key.encrypt(nonce, plaintext.encode(), where.encode())
    return f"{VERSION}.{name}.{base64.urlsafe_b64encode(sealed).decode()}"


def decrypt(envelope: str, where: str) -> str:
    """The plaintext of an envelope. Raises `VaultError` for another place, an unknown key or a damaged envelope."""
    version, _, rest = envelope.partition(".")
    name, _, body = rest.partition(".")
    key = _keys().get(name)
    if version != VERSION or key is None:
        raise VaultError(f"The secret at {where} was written with a key that is not in VENDO_VAULT_KEYS.")
    try:
        sealed = base64.urlsafe_b64decode(body)
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], where.encode()).decode()
    except (InvalidTag, ValueError):
        # `from None`: the chained exception would show the envelope's innards in a report.
        raise VaultError(f"The secret at {where} does not open: it was damaged, or moved from another row.") from None


def rotate(batch_size: int = 200) -> int:
    """Re-encrypt everything that the first key did not write; returns how many secrets moved.

    Works while the system runs: a row is rewritten only if it still holds the envelope that was read.
    """
    columns = sum(_rotate_column(model, field, _current(), batch_size) for model, field in vault_columns())
    return columns + sum(rotate_others() for rotate_others in _elsewhere)


def also_rotates(rotate_others: Callable[[], int]) -> None:
    """Make known who keeps envelopes outside of a `VaultField`; `rotate` calls it. It returns how many moved."""
    _elsewhere.append(rotate_others)


def renewed(envelope: str, where: str) -> str:
    """The envelope written anew with the first key; as it is, if that key wrote it."""
    return envelope if envelope.startswith(_current()) else encrypt(decrypt(envelope, where), where)


def vault_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Every (model, field) in which secrets are kept."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, VaultField):
                yield model, field.name


def check_keys() -> None:
    """Raise `ImproperlyConfigured` unless every vault key has its form and size."""
    _keys()


def _rotate_column(model: type[models.Model], field: str, current: str, batch_size: int) -> int:
    manager = model._base_manager
    moved, last = 0, None
    while True:
        rows = manager.exclude(**{f"{field}__startswith": current}).exclude(**{f"{field}__isnull": True})
        rows = (rows.filter(pk__gt=last) if last is not None else rows).order_by("pk")[:batch_size]
        batch = list(rows)
        if not batch:
            return moved
        with transaction.atomic():
            for row in batch:
                old = getattr(row, field)
                seal(row, field, reveal(row, field))
                moved += manager.filter(pk=row.pk, **{field: old}).update(**{field: getattr(row, field)})
        last = batch[-1].pk


def _current() -> str:
    """What every envelope of the first key begins with."""
    return f"{VERSION}.{next(iter(_keys()))}."


def _keys() -> dict[str, AESGCM]:
    return _parse(settings.VAULT_KEYS)


@lru_cache(maxsize=4)
def _parse(keys: str) -> dict[str, AESGCM]:
    """`name:base64,name:base64` → name → cipher. Error messages name the entry's position, never its content."""
    parsed: dict[str, AESGCM] = {}
    for position, entry in enumerate(filter(None, (part.strip() for part in keys.split(","))), start=1):
        name, _, text = entry.partition(":")
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError:
            key = b""
        if not (name.isascii() and name.isalnum()) or len(key) != 32:
            raise ImproperlyConfigured(
                f"VENDO_VAULT_KEYS: entry {position} is not `<name>:<base64 of 32 bytes>` with a name of letters and "
                "digits. Make a key with `openssl rand -base64 32`."
            )
        # Of two keys with one name, the first would be lost; SQLite takes `a` and `A` for the same when it rotates.
        if name.lower() in {other.lower() for other in parsed}:
            raise ImproperlyConfigured(
                f"VENDO_VAULT_KEYS: entry {position} has the name of an earlier one. Give each key a name of its own."
            )
        parsed[name] = AESGCM(key)
    if not parsed:
        raise ImproperlyConfigured("VENDO_VAULT_KEYS is empty: nothing can be encrypted without a key.")
    return parsed
