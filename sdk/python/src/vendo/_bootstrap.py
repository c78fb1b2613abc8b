"""Which variables of a program hold a connection's values, and whether it must start again when they change."""

from __future__ import annotations

from dataclasses import dataclass

from vendo._fields import rows, text


@dataclass(frozen=True, slots=True)
class EnvVar:
    """`name` is the variable; `value_from` names the value: `access_token`, `credential.<NAME>`, `context.<key>`, …"""

    name: str
    value_from: str


@dataclass(frozen=True, slots=True)
class EnvBootstrap:
    """`restart` is `gateway` where the program reads the variables at its start only, else `none`."""

    vars: tuple[EnvVar, ...]
    restart: str = "none"


def bootstrap_of(value: object) -> EnvBootstrap | None:
    if not isinstance(value, dict):
        return None
    found = (EnvVar(text(row.get("name")), text(row.get("value_from"))) for row in rows(value.get("vars")))
    return EnvBootstrap(tuple(one for one in found if one.name), text(value.get("restart")) or "none")
