"""Reads the environment for `settings.py`: development secrets, and the one message about what is missing."""

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def require(values: Mapping[str, object], hints: Mapping[str, str]) -> None:
    """Raise one `ImproperlyConfigured` that names every empty value together with how to fill it."""
    missing = [f"  {name}: {hints[name]}" for name, value in values.items() if not value]
    if missing:
        raise ImproperlyConfigured(
            "DEBUG is off and these settings are missing from the environment:\n"
            + "\n".join(missing)
            + "\nSet them and start again. docs/operating.md explains each one."
        )


def development_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret kept in `path` (mode 0600), made on first use.

    Several processes start at the same moment, so the file appears complete or not at all:
    it is written aside and linked into place, and whoever comes second reads the winner's.
    """
    if not path.exists():
        private_folder(path.parent)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            # Another process was first; its secret is the one in use.
            return path.read_text().strip()
        finally:
            draft.unlink()
    return path.read_text().strip()


def private_folder(path: Path) -> None:
    """Have the folder. A new one is closed to others, as databases in it hold sessions; an old one stays as it is."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def mailer(parsed: Mapping[str, object]) -> dict[str, object]:
    """An entry of MAILERS from what django-environ makes of EMAIL_URL, which still speaks of the older settings."""
    names = {
        "EMAIL_HOST": "host",
        "EMAIL_PORT": "port",
        "EMAIL_HOST_USER": "username",
        "EMAIL_HOST_PASSWORD": "password",
        "EMAIL_USE_TLS": "use_tls",
        "EMAIL_USE_SSL": "use_ssl",
        "EMAIL_FILE_PATH": "file_path",
    }
    options = {name: parsed[setting] for setting, name in names.items() if parsed.get(setting)}
    return {"BACKEND": parsed["EMAIL_BACKEND"], "OPTIONS": options}


def new_signing_key() -> str:
    """A value for SECRET_KEY."""
    return secrets.token_urlsafe(50)


def new_vault_key() -> str:
    """A value for VENDO_VAULT_KEYS: one key, `<key id>:<base64 of 32 bytes>`."""
    return f"{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
