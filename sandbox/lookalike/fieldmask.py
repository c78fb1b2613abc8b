"""Google's `fields` parameter: `nextPageToken,files(id,name)` keeps only that of an answer.

https://developers.google.com/workspace/drive/api/guides/fields-parameter
"""

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"[A-Za-z*]+|[(),/]")

type Mask = dict[str, Mask]


class FieldMaskError(ValueError):
    """The mask can't be read, or names a field that is not there."""


def masked(answer: Mapping[str, Any], fields: str) -> dict[str, Any]:
    """`answer` without what `fields` does not name."""
    tokens = _TOKEN.findall(fields)
    if "".join(tokens) != fields.replace(" ", ""):
        raise FieldMaskError(f"Invalid field selection {fields}")
    mask = _selection(tokens)
    if tokens:
        raise FieldMaskError(f"Invalid field selection {fields}")
    kept: dict[str, Any] = _keep(answer, mask)
    return kept


def _selection(tokens: list[str]) -> Mask:
    """Reads `a,b(c),d/e` off the front of `tokens`."""
    mask: Mask = {}
    while True:
        name, inner = _entry(tokens)
        mask[name] = mask.get(name, {}) | inner
        if not tokens or tokens[0] != ",":
            return mask
        tokens.pop(0)


def _entry(tokens: list[str]) -> tuple[str, Mask]:
    if not tokens or tokens[0] in "(),/":
        raise FieldMaskError("Invalid field selection: a name is missing")
    name = tokens.pop(0)
    if tokens[:1] == ["/"]:
        tokens.pop(0)
        inner, deeper = _entry(tokens)
        return name, {inner: deeper}
    if tokens[:1] != ["("]:
        return name, {}
    tokens.pop(0)
    selection = _selection(tokens)
    if tokens[:1] != [")"]:
        raise FieldMaskError("Invalid field selection: a parenthesis is not closed")
    tokens.pop(0)
    return name, selection


def _keep(value: Any, mask: Mask) -> Any:
    """An empty mask, or `*`, keeps everything. Fields that are not there are left out, as the last page's token is."""
    if isinstance(value, list):
        return [_keep(item, mask) for item in value]
    if not mask or "*" in mask or not isinstance(value, Mapping):
        return value
    return {name: _keep(value[name], inner) for name, inner in mask.items() if name in value}
