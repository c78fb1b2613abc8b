"""What is wrong with a tool's files: the place, what belongs there, what is there, and what to do."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAliasType, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

SHOWN = 60  # characters of a value that an error line repeats


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to change. `path` is the file, or the file and the place in it."""

    path: str
    expected: str
    found: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}. {self.fix}".rstrip()


class ManifestError(Exception):
    """A tool's files can't be published. `problems` has a line for each thing to change, never none."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def of_validation(file: str, model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """pydantic's findings about `file` as problems."""
    return [_problem(file, model, dict(details)) for details in error.errors(include_url=False)]


def show(value: object) -> str:
    """A value as a line repeats it: short, and in JSON's spelling."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "an object"
        case list() | tuple():
            return "a list"
        case str() | bool() | int() | float():
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
        case _:
            return f"a value of type {type(value).__name__}"


def nearest(word: str, words: Iterable[str], otherwise: str = "") -> str:
    """`Did you mean "…"?` where one of `words` resembles `word`."""
    close = difflib.get_close_matches(word, list(words), n=1)
    return f'Did you mean "{close[0]}"?' if close else otherwise


def _problem(file: str, model: type[BaseModel], details: dict[str, Any]) -> Problem:
    loc: Sequence[str | int] = details["loc"]
    where, field = _at(model, loc)
    path = place(file, *loc)
    if details["type"] == "extra_forbidden":
        key, known = str(loc[-1]), list(keys(where))
        return Problem(path, "a known key", show(key), nearest(key, known, f"Known keys: {', '.join(known)}."))
    hint = (field.description if field else None) or ""
    if details["type"] == "missing":
        return Problem(path, "a value", "nothing", hint or f"Add `{loc[-1]}`.")
    return Problem(path, _expected(details), show(details["input"]), hint)


def _expected(details: dict[str, Any]) -> str:
    if details["type"] == "string_pattern_mismatch":
        return f"text that matches {details['ctx']['pattern']}"
    if details["type"] in ("model_type", "dict_type", "model_attributes_type"):
        return "an object"
    if details["type"] == "too_short":
        return f"at least {details['ctx']['min_length']} of them"
    if details["type"] == "too_long":
        return f"at most {details['ctx']['max_length']} of them"
    message = re.sub(r"^(Input|Value|String|List|Dictionary) should (be )?", "", str(details["msg"]))
    return message.removeprefix("a valid ").replace("Value error, ", "")


def place(file: str, *loc: str | int) -> str:
    """`template.json services[0].port`: a file and the way to a value in it."""
    way = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc if part != "[key]")
    return f"{file} {way.removeprefix('.')}".rstrip()


def keys(model: type[BaseModel]) -> Iterator[str]:
    """The names of a model's fields as files spell them."""
    for name, field in model.model_fields.items():
        yield field.alias or name


def _at(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[type[BaseModel], FieldInfo | None]:
    """The innermost model on the way to `loc`, and the field at its end if the model has it."""
    where, field = model, None
    for part in loc:
        if isinstance(part, int):
            continue
        if field is not None and (inner := next(_models(field.annotation), None)):
            where, field = inner, None
        found = {info.alias or name: info for name, info in where.model_fields.items()}.get(part)
        field = found or field
    return where, field


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models inside an annotation, through lists, unions and type aliases."""
    if isinstance(annotation, TypeAliasType):
        annotation = annotation.__value__
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
