"""Server-sent events, byte by byte if it must be: the parsing part of the HTML standard's section 9.2, and no more.

A parser takes pieces as the network cuts them, between any two bytes, and gives the blocks that are complete.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

# Far above any event. What is longer is no event stream, and must not fill the tool's memory.
LONGEST_BLOCK = 1_000_000


class Endless(Exception):
    """A line or block without an end: whatever this is, it is not for us."""


@dataclass(frozen=True, slots=True)
class Block:
    """One dispatched event. `id` is the last one the stream has named, which may have been in an earlier block."""

    event: str
    data: str
    id: str


class Parser:
    """`feed` it what arrives. A block that has not ended with an empty line when the stream ends never happened."""

    def __init__(self) -> None:
        self._text = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._line: list[str] = []
        self._length = 0
        self._after_return = False
        self._event = ""
        self._data: list[str] = []
        self._id = ""

    def feed(self, piece: bytes) -> list[Block]:
        """The blocks that this piece completes. Raises `Endless`, after which the parser is of no use."""
        blocks = []
        text = self._text.decode(piece)
        if self._after_return and text:
            # The line break "\r\n" was cut in two; its first half has ended the line already.
            text, self._after_return = text.removeprefix("\n"), False
        if text.endswith("\r"):
            self._after_return = True
        *ended, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for part in ended:
            self._hold(part)
            block = self._end_of_line()
            blocks += [block] if block else []
        self._hold(rest)
        return blocks

    def _hold(self, part: str) -> None:
        self._length += len(part)
        if self._length > LONGEST_BLOCK:
            raise Endless
        self._line.append(part)

    def _end_of_line(self) -> Block | None:
        line = "".join(self._line)
        self._line.clear()
        if line:
            self._field(line)
            return None
        return self._dispatch()

    def _field(self, line: str) -> None:
        """`name: value`; a comment has no name, and names that we don't know are passed over."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            return
        self._length -= len(line)
        if name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value

    def _dispatch(self) -> Block | None:
        block = Block(self._event or "message", "\n".join(self._data), self._id) if self._data else None
        self._event, self._length = "", 0
        self._data.clear()
        return block
