"""`${…}` in the environment that a template gives its service.

`${secrets.NAME}`, `${inputs.KEY}`, `${system.NAME}` and `${integrations.<slug>.api_url}`. A name that nothing
stands behind is refused when the tool is published, so filling in can't fail later.
"""

import re
from collections.abc import Iterator, Mapping

PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")


def references(text: str) -> Iterator[str]:
    """What `text` refers to: `secrets.SESSION`, …. An unclosed `${` refers to something that can't exist."""
    yield from PLACEHOLDER.findall(text)
    rest = PLACEHOLDER.sub("", text)
    if "${" in rest:
        yield rest.partition("${")[2] + " (the closing brace is missing)"


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each placeholder replaced. An optional input that was left empty has no value: it reads as ""."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], ""), text)
