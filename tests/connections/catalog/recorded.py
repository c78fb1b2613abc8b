"""An `Api` that answers from a record."""

from collections.abc import Mapping
from typing import Any


class RecordedApi:
    """path → JSON object; remembers what was asked."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def get(self, path: str, **params: str) -> Mapping[str, Any]:
        """The recorded object; KeyError for anything unexpected."""
        self.asked.append(path)
        return self.answers[path]
