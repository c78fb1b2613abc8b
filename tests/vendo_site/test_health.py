"""/healthz says that the process lives, /readyz that its parts do."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client


def test_the_process_answers(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_everything_is_ready(client: Client, db: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "ok", "channel_layer": "ok", "vault_key": "ok"}


def test_a_part_that_fails_is_named_without_detail(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("password=hunter2")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", broken)
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"], answer.json()["vault_key"]) == (503, "failed", "ok")
    assert b"hunter2" not in answer.content


def test_an_unusable_vault_key_is_not_ready(client: Client, db: None, settings: Any) -> None:
    settings.VAULT_KEYS = "a:short"
    assert client.get("/readyz").json()["vault_key"] == "failed"
