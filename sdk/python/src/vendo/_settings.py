"""Which dashboard, and with which key: arguments first, then the environment (contract section 11)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from vendo._slugs import variable
from vendo.errors import ValidationError

# "Bring your own key": says explicitly that there is no dashboard, whatever the environment holds.
_OSS_KEY = "byok"
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to ask. Without an `api_key` it is OSS mode, and the addresses are None."""

    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    credentials_url: str | None = None

    @classmethod
    def read(cls, api_key: str | None, base_url: str | None) -> Settings:
        """Fill what the caller left open from the environment.

        An `api_key` given as "" or "byok" means OSS mode and never falls back to `VENDO_API_KEY`: a caller who
        passed a key must not get the tokens of another. A `base_url` beats `VENDO_CREDENTIALS_URL` too.
        """
        key = variable("VENDO_API_KEY") if api_key is None else api_key.strip()
        if not key or key == _OSS_KEY:
            return cls()
        base = _address("base_url", base_url) or _from_environment("VENDO_BASE_URL", "VENDO_API_URL")
        below_base = f"{base}/credentials" if base else None
        credentials = None if base_url else _from_environment("VENDO_CREDENTIALS_URL")
        return cls(_key(key), base, credentials or below_base)


def _key(key: str) -> str:
    # Refused here in our words: a header library would quote the value, which is a secret.
    if not _PRINTABLE.fullmatch(key):
        raise ValidationError("The app key holds a blank or a character that no key has. Copy it once more.")
    return key


def _from_environment(*names: str) -> str | None:
    return next((address for name in names if (address := _address(name, variable(name)))), None)


def _address(name: str, value: str | None) -> str | None:
    """An http(s) address without its last slash. The value is not quoted: people put passwords into addresses."""
    if not value:
        return None
    address = value.strip()
    if not _ADDRESS.fullmatch(address):
        raise ValidationError(f"{name} is not an address like https://vendo.example.org. Set it to the dashboard's.")
    return address.rstrip("/")
