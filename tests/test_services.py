"""The services that other tests start: each comes up empty, does its work, and is gone afterwards."""

import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis as redis_client

from tests import services


def listens(url: str) -> bool:
    """Whether something answers at the URL's port."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


def test_postgres_comes_up_empty_and_leaves_nothing_behind() -> None:
    with services.postgres() as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE note (text text)")
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert tables == (1,)
        place = connection.execute("SHOW data_directory").fetchone()
    assert not listens(url)
    assert place
    assert not Path(place[0]).exists()


def test_redis_comes_up_empty_and_stops() -> None:
    with services.redis() as url:
        client = redis_client.Redis.from_url(url)
        assert client.dbsize() == 0
        assert client.set("key", "value")
        client.close()
    assert not listens(url)


def test_a_service_stops_when_its_test_fails() -> None:
    with pytest.raises(ZeroDivisionError), services.redis() as url:
        1 / 0  # noqa: B018
    assert not listens(url)


def test_free_ports_can_be_listened_on() -> None:
    port = services.free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert listens(f"http://127.0.0.1:{port}")


def test_the_browser_is_one_that_starts() -> None:
    version = subprocess.run([services.chromium_path(), "--version"], capture_output=True, text=True, check=True)
    assert "Chrom" in version.stdout


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(services.MissingProgram, match=r"No Redis found.*apt install redis-server") as caught:
        services.redis_path()
    assert caught.value.package == "redis-server"


def test_a_server_that_does_not_start_shows_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "redis_path", lambda: "/bin/ls")
    with pytest.raises(RuntimeError, match="did not start"), services.redis():
        pass
