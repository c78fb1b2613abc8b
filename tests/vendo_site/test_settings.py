"""Settings from the environment, seen from outside: a process that starts, or one that says what is missing."""

import os
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "SECRET_KEY": "x" * 50,
    "VENDO_VAULT_KEYS": "a:" + "A" * 43 + "=",
    "VENDO_BASE_URL": "https://vendo.example.org",
    "DATABASE_URL": "sqlite:////tmp/never-opened.sqlite3",
}


def _start(data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "VENDO_DATA_DIR": str(data_dir)} | environment
    code = "from django.conf import settings; print(settings.BASE_URL, settings.DEBUG)"
    command = [sys.executable, "-c", code]
    env["DJANGO_SETTINGS_MODULE"] = "vendo_site.settings"
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_debug_off_names_everything_that_is_missing_at_once(tmp_path: Path) -> None:
    done = _start(tmp_path)
    assert done.returncode != 0
    for name in COMPLETE:
        assert f"  {name}: " in done.stderr


def test_debug_off_and_complete_starts(tmp_path: Path) -> None:
    done = _start(tmp_path, **COMPLETE)
    assert done.stdout.split() == ["https://vendo.example.org", "False"], done.stderr
    assert not list(tmp_path.iterdir())


def test_development_makes_up_secrets_that_only_their_owner_reads(tmp_path: Path) -> None:
    assert _start(tmp_path, DEBUG="true").returncode == 0
    for name in ("secret.key", "vault.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_new_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    for number, environment in enumerate(({"DEBUG": "true"}, COMPLETE)):
        folder = tmp_path / str(number)
        database = {"DATABASE_URL": f"sqlite:///{folder / 'vendo.sqlite3'}"}
        assert _start(folder, **environment | database).returncode == 0
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_processes_that_start_together_agree_on_the_made_up_secret(tmp_path: Path) -> None:
    code = "from django.conf import settings; print(settings.VAULT_KEYS, settings.SECRET_KEY)"
    env = {"PATH": os.environ["PATH"], "VENDO_DATA_DIR": str(tmp_path), "DEBUG": "true"}
    env["DJANGO_SETTINGS_MODULE"] = "vendo_site.settings"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in started}) == 1


def test_development_shows_no_stack_traces(tmp_path: Path) -> None:
    assert _start(tmp_path, DEBUG="true").stdout.split()[1] == "False"
