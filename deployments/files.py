"""Reads a tool's YAML and JSON files into plain data; refuses what the two would let through."""

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Never, override

import yaml

from deployments.problems import ManifestError, Problem, place

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
MAX_NUMBER = 2**63

# PyYAML wraps its own findings only: odd tags and values (`!!int ""`, `2026-99-99`) raise what Python raises.
_YAML_ERRORS = (
    yaml.YAMLError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def read_yaml(path: Path) -> object:
    """The data in a YAML file, without aliases (they can blow up) and double keys. Raises `ManifestError`."""
    text = _text(path, "Add it: `name`, `version: 1`, `runtime` and `integrations` are enough to start.")
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise ManifestError([_at_mark(path.name, error)]) from None
    except _YAML_ERRORS:
        raise _refusal(path.name, "readable YAML", "text that can't be read as YAML") from None
    return _plain(path.name, data)


def read_json(path: Path) -> object:
    """The data in a JSON file. Raises `ManifestError`."""
    text = _text(path, "")
    try:
        data = json.loads(text, object_pairs_hook=_no_double_keys, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _refusal(
            path.name, "JSON", f"a mistake in {where}: {error.msg}", "Run it through a JSON linter."
        ) from None
    except (ValueError, RecursionError) as error:
        raise _refusal(
            path.name, "JSON", str(error) if isinstance(error, _Refused) else "text that can't be read as JSON"
        ) from None
    return _plain(path.name, data)


class _Refused(ValueError):
    """Our own objection while somebody else's parser runs."""


class _Loader(yaml.SafeLoader):
    """YAML without aliases and double keys."""

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not allowed here", mark)
        return super().compose_node(parent, index)

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set[str]()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands here twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _at_mark(file: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return Problem(
        file,
        "YAML",
        f"a mistake{where}: {error.problem or error.context}",
        "Check indentation, colons and quotes there.",
    )


def _text(path: Path, fix_missing: str) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise _refusal(path.name, f"a file in {path.parent}", "nothing", fix_missing) from None
    except OSError as error:
        raise _refusal(path.name, "a readable file", error.strerror or "an error") from None
    if len(raw) > MAX_BYTES:
        raise _refusal(path.name, f"at most {MAX_BYTES // 1024} KiB", f"{len(raw) // 1024} KiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal(
            path.name, "UTF-8 text", f"other bytes at position {error.start}", "Save the file as UTF-8."
        ) from None


def _refusal(file: str, expected: str, found: str, fix: str = "") -> ManifestError:
    return ManifestError([Problem(file, expected, found, fix)])


def _no_double_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"the key {json.dumps(twice)} twice in one object")
    return data


def _no_constant(name: str) -> Never:
    raise _Refused(f"{name}, which is not JSON")


def _plain(file: str, data: object) -> object:
    """`data`, if a JSON column can hold it on every database; that excludes NUL, lone surrogates, NaN and infinity."""
    todo: list[tuple[tuple[str | int, ...], object]] = [((), data)]
    while todo:
        way, value = todo.pop()
        if len(way) > MAX_DEPTH:
            raise _refusal(file, f"at most {MAX_DEPTH} levels of nesting", "more")
        match value:
            case dict():
                todo += [((*way, str(key)), item) for key, item in value.items()]
                todo += [((*way, "a key"), key) for key in value]
            case list():
                todo += [((*way, position), item) for position, item in enumerate(value)]
            case str() if "\x00" in value or (not value.isascii() and _has_surrogate(value)):
                raise ManifestError(
                    [Problem(place(file, *way), "text", "characters that can't be stored", "Remove them.")]
                )
            case float() | int() if not -MAX_NUMBER < value < MAX_NUMBER:  # NaN is not between them either
                raise ManifestError([Problem(place(file, *way), "a number of reasonable size", "another one")])
            case None | str() | bool() | int() | float():
                pass
            case _:
                found = f"a value of type {type(value).__name__}"
                raise ManifestError(
                    [Problem(place(file, *way), "text, a number, true or false", found, "Put it in quotes.")]
                )
    return data


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
