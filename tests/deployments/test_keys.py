"""API keys: shape, storage, who is recognised."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from connections.models import Connection
from deployments import keys
from deployments.errors import ApiError
from deployments.models import ApiKey, App
from tenants.models import Tenant, User

pytestmark = pytest.mark.django_db


def test_a_key_has_the_contracts_form(project: App) -> None:
    _, text = keys.mint(project, "laptop")
    assert re.fullmatch(r"vendo_sk_[A-Za-z0-9_-]{32}", text)
    assert keys.looks_like_key(text)


def test_only_hash_and_prefix_are_kept(project: App, owner: User) -> None:
    key, text = keys.mint(project, "laptop", by=owner)
    row = ApiKey.everyone.get(pk=key.pk)
    assert row.key_hash == hashlib.sha256(text.encode()).hexdigest()
    assert row.prefix == text[:12]
    assert (row.name, row.created_by, row.tenant, row.app) == ("laptop", owner, project.tenant, project)
    assert text not in repr(row.__dict__)
    assert text[12:] not in f"{key!r} {key}"


def test_no_two_keys_are_alike(project: App) -> None:
    assert len({keys.mint(project, "laptop")[1] for _ in range(50)}) == 50


def test_a_connection_key_opens_one_connection(tenant: Tenant, make_connection: Callable[..., Connection]) -> None:
    connection = make_connection(tenant, "notion")
    _, text = keys.mint_for_connection(connection, "cron")
    found = keys.authenticate(text)
    assert (found.scope, found.connection, found.app) == (ApiKey.Scope.CONNECTION, connection, None)


def test_recognising_takes_one_query(project: App, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    _, text = keys.mint(project, "laptop")
    with django_assert_num_queries(1):
        found = keys.recognise(text)
        assert found.app is not None
        assert found.tenant.pk == found.app.tenant_id


def test_use_is_noted_once_a_minute(project: App, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    key, text = keys.mint(project, "laptop")
    keys.authenticate(text)
    first = ApiKey.everyone.get(pk=key.pk).last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        keys.authenticate(text)
    ApiKey.everyone.update(last_used_at=first - timedelta(minutes=2))
    keys.authenticate(text)
    assert ApiKey.everyone.get(pk=key.pk).last_used_at >= first


def test_of_two_who_come_at_once_one_writes(project: App) -> None:
    key, text = keys.mint(project, "laptop")
    stale = keys.recognise(text)
    keys.authenticate(text)
    seen = ApiKey.everyone.get(pk=key.pk).last_used_at
    keys._note_use(stale)
    assert ApiKey.everyone.get(pk=key.pk).last_used_at == seen


def test_a_busy_database_costs_the_note_and_not_the_answer(project: App, monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = keys.mint(project, "laptop")

    def busy(*_: object, **__: object) -> None:
        raise DatabaseError("database is locked")

    monkeypatch.setattr("django.db.models.query.QuerySet.update", busy)
    assert keys.authenticate(text).app == project


def test_a_revoked_key_is_refused_at_once_and_stays_revoked(project: App) -> None:
    key, text = keys.mint(project, "laptop")
    keys.authenticate(text)
    ended = keys.revoke(key)
    with pytest.raises(ApiError) as refusal:
        keys.authenticate(text)
    assert refusal.value.code == "app_revoked"
    assert keys.revoke(key) == ended


def test_an_expired_key_is_refused(project: App) -> None:
    _, text = keys.mint(project, "laptop", expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ApiError) as refusal:
        keys.authenticate(text)
    assert refusal.value.code == "app_expired"


def test_a_key_may_end_later(project: App) -> None:
    _, text = keys.mint(project, "laptop", expires_at=timezone.now() + timedelta(hours=1))
    assert keys.authenticate(text).app == project


@given(st.none() | st.text() | st.from_regex(r"vendo_sk_[A-Za-z0-9_-]{32}", fullmatch=True))
def test_anything_else_is_unknown(text: str | None) -> None:
    with pytest.raises(ApiError) as refusal:
        keys.authenticate(text)
    assert refusal.value.code == "app_unknown"
    assert not text or len(text) < 9 or text not in f"{refusal.value!r} {refusal.value.message}"
