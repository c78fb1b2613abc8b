"""The Python blocks of docs/sdk.md, by the name that follows ```python: what is tested is what people copy."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs/sdk.md"


def blocks() -> dict[str, str]:
    """name → code, in the page's order."""
    found = re.findall(r"^```python ([a-z-]+)\n(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    return dict(found)


def module(*names: str) -> str:
    """Some of them as the text of one module."""
    code = blocks()
    return "\n\n".join(code[name] for name in names)
