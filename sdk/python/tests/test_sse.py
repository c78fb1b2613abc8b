"""The event stream's grammar, whatever the network does to it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vendo import _sse
from vendo._event import event_of
from vendo._sse import Block, Endless, Parser


def parse(*pieces: bytes) -> list[Block]:
    parser = Parser()
    return [block for piece in pieces for block in parser.feed(piece)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [Block("message", "a", "")]),
        (b"data: a\r\n\r\n", [Block("message", "a", "")]),
        (b"data: a\r\r", [Block("message", "a", "")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Block("message", "a", "")]),
        (b"data: \xef\xbb\xbfa\n\n", [Block("message", "\ufeffa", "")]),
        (b"data: a\ndata: b\ndata:c\n\n", [Block("message", "a\nb\nc", "")]),
        (b"data\ndata\n\n", [Block("message", "\n", "")]),
        (b"data:  a\n\n", [Block("message", " a", "")]),
        (b": ping\n\ndata: a\n\n", [Block("message", "a", "")]),
        (b"event: x\nid: 7\ndata: a\n\ndata: b\n\n", [Block("x", "a", "7"), Block("message", "b", "7")]),
        (b"id: 7\n\ndata: a\n\n", [Block("message", "a", "7")]),
        (b"id: 7\nid\ndata: a\n\n", [Block("message", "a", "")]),
        (b"id: 7\nid: 8\0\ndata: a\n\n", [Block("message", "a", "7")]),
        (b"event: x\n\ndata: a\n\n", [Block("message", "a", "")]),
        (b"retry: 9\nsomething: else\ndata: a\n\n", [Block("message", "a", "")]),
        (b"data: a\xff\n\n", [Block("message", "a\ufffd", "")]),
        ("data: a\u2028b\x85c\x0bd\n\n".encode(), [Block("message", "a\u2028b\x85c\x0bd", "")]),
        (b"data: cut off", []),
        (b"data: cut off\n", []),
        (b"", []),
    ],
)
def test_a_stream_is_read_as_the_standard_says(stream: bytes, expected: list[Block]) -> None:
    assert parse(stream) == expected
    assert parse(*(bytes([byte]) for byte in stream)) == expected


def lines(stream: bytes) -> list[str]:
    """All the lines that are complete: the short way, for a stream that is all there."""
    text = stream.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")[:-1]


def slow_reading(stream: bytes) -> list[Block]:
    """The standard's algorithm line by line, written a second time."""
    blocks: list[Block] = []
    data: list[str] = []
    event, last_id = "", ""
    for line in lines(stream):
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        match name:
            case "" if line == "":
                blocks += [Block(event or "message", "\n".join(data), last_id)] if data else []
                event, data = "", []
            case "event":
                event = value
            case "data":
                data.append(value)
            case "id" if "\0" not in value:
                last_id = value
    return blocks


FIELDS = st.sampled_from(["data", "data:", "data: ", "event: ", "id: ", "id", ": ", ":", "retry: ", "other: ", ""])
BREAKS = st.sampled_from(["\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", ""])
PARTS = st.tuples(FIELDS, st.text(max_size=20), BREAKS).map("".join).map(lambda part: part.encode("utf-8"))
STREAMS = st.lists(PARTS | st.binary(max_size=20), max_size=20).map(b"".join)


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A stream, and the same in pieces."""
    stream = draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef\xbb"])) + draw(STREAMS)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *cuts, len(stream)]
    return stream, [stream[start:end] for start, end in pairwise(edges)]


@given(cut_streams())
@settings(database=None, deadline=None, max_examples=1000)
def test_where_it_is_cut_makes_no_difference(cut: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = cut
    assert parse(*pieces) == parse(stream) == slow_reading(stream)


@given(data=st.text().filter(lambda text: "\r" not in text and "\n" not in text), size=st.integers(1, 30))
@settings(database=None, deadline=None)
def test_any_text_comes_through(data: str, size: int) -> None:
    stream = f"data: {data}\n\n".encode()
    pieces = (stream[start : start + size] for start in range(0, len(stream), size))
    assert parse(*pieces) == [Block("message", data, "")]


@given(st.text())
@settings(database=None, deadline=None)
def test_whatever_a_block_says_it_is_an_event_or_none(data: str) -> None:
    event = event_of(Block("message", data, ""))
    assert event is None or event.slug


@pytest.mark.parametrize(
    "line", [b"data: " + b"a" * 2000, b": " + b"a" * 2000, b"data: " + b"a\ndata: " * 2000, b"a" * 2000]
)
def test_what_has_no_end_is_refused(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sse, "LONGEST_BLOCK", 1000)
    with pytest.raises(Endless):
        parse(*(line[start : start + 100] for start in range(0, len(line), 100)))


def test_many_comments_are_no_block_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sse, "LONGEST_BLOCK", 100)
    assert parse(*[b": ping\n\n"] * 100, b": ping\n" * 100, b"data: a\n\n") == [Block("message", "a", "")]
