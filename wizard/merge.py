"""Several open pages of one draft: what one of them sends is weighed against what it showed and what is there now.

A page sends, with each field, a mark of what stood there when it was shown. A field that nobody else has touched since
is simply written. One that is unchanged on the page stays as somebody else has made it. One that both changed is
disputed: the first value stays, the second is kept beside it, until a person has seen the two and decided.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from django.http import QueryDict
from django.utils.crypto import salted_hmac

from wizard.models import Draft

TAB = re.compile(r"[0-9a-f]{16}")
SEEN, SETTLED = "seen-", "settled-"


class Verdict(Enum):
    """What becomes of a value that a page sent."""

    SAME = "it is there already"
    TAKEN = "it is written"
    LEFT = "the page did not touch it, and somebody else did"
    DISPUTED = "both did"


@dataclass(frozen=True, slots=True)
class Sender:
    """An open page. `tab` tells pages apart, `by` is the person's address, `seen` field → mark of what it showed.

    `settled` are the disputed fields that the page showed with that many other values.
    """

    by: str = ""
    tab: str = ""
    seen: Mapping[str, str] = field(default_factory=dict)
    settled: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, posted: QueryDict, by: str) -> Self:
        """The page that sent a form."""
        tab = posted.get("tab", "")
        return cls(by, tab if TAB.fullmatch(tab) else "", _prefixed(posted, SEEN), _prefixed(posted, SETTLED))


def mark(draft: Draft, name: str, value: object) -> str:
    """Stands for a value in a page: tells whether two are the same, and nothing else of a secret."""
    return salted_hmac(f"wizard.seen/{draft.pk}/{name}", plain(value), algorithm="sha256").hexdigest()[:16]


def plain(value: object) -> str:
    """A value as a form sends it, so that a default and the same value sent back are one."""
    match value:
        case None | False:
            return ""
        case True:
            return "true"
        case _:
            return str(value).replace("\r\n", "\n")


def judge(draft: Draft, name: str, *, sent: object, current: object, sender: Sender) -> Verdict:
    """What to do with one field."""
    last: dict[str, Any] = draft.stamps.get(name, {})
    if plain(sent) == plain(current):
        return Verdict.SAME
    # A page that sends no tab is none of ours: then nobody waits for an answer about it.
    if not sender.tab or not last or last["tab"] == sender.tab:
        return Verdict.TAKEN
    shown = sender.seen.get(name)
    if shown == mark(draft, name, current):
        return Verdict.TAKEN
    return Verdict.LEFT if shown == mark(draft, name, sent) else Verdict.DISPUTED


def _prefixed(posted: QueryDict, prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): str(value) for name, value in posted.items() if name.startswith(prefix)}
