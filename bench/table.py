"""Results as the tables of docs/performance.md."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

type Results = Mapping[str, Any]

BLOCK = re.compile(r"(<!-- (\w+), made by `make bench` -->\n).*?(<!-- end -->)", re.DOTALL)


class Goal(NamedTuple):
    """A figure, where in the results it is, and what it must reach."""

    what: str
    at: str
    limit: float
    least: bool = False  # the limit is the least it may be, rather than the most
    unit: str = ""


GOALS: Sequence[Goal] = (
    Goal("a token at 16 connections, PostgreSQL: requests/s ÷ hello's", "vend many postgres ratio", 0.35, least=True),
    Goal("a token at 16 connections, SQLite: requests/s ÷ hello's", "vend many sqlite ratio", 0.2, least=True),
    Goal("a token at one connection, PostgreSQL: median latency ÷ hello's", "vend one postgres ratio", 3.5),
    Goal("a token among 1,000,000 connections: cost ÷ that among 10,000", "vend million", 1.3),
    Goal("32 requests for an expired token, two processes: refreshes", "refresh refreshes", 1),
    Goal("the last of 1,000 streams: time ÷ raw queues'", "streams last ours ratio", 2),
    Goal("an idle stream", "streams kilobytes ours", 25, unit=" kB"),
)
NAMES = {
    "hello": "hello-world ASGI application",
    "postgres": "token, PostgreSQL, 10,000 connections",
    "million": "token, PostgreSQL, 1,000,000 connections",
    "sqlite": "token, SQLite, 10,000 connections",
    "view": "token by the ordinary Django view, PostgreSQL",
    "stock": "stock Django, async view that does nothing",
}
NAMES_OF_LISTS = {
    "hello": NAMES["hello"],
    "stock": "stock Django, view with one query",
    "1": "1 binding",
}


def fill(page: str, results: Results) -> str:
    """The page with its generated blocks made anew, as far as there are results for them."""

    def block(found: re.Match[str]) -> str:
        name = found[2]
        made = "\n".join(BLOCKS[name](results)) if name in {*results, "goals"} else "Not measured yet."
        return f"{found[1]}{made}\n{found[3]}"

    return BLOCK.sub(block, page)


def goals(results: Results) -> Iterator[str]:
    """Each goal, what was measured, and whether that will do."""
    yield "| what | goal | measured | |"
    yield "| --- | --- | --- | --- |"
    for goal in GOALS:
        if goal.at.split()[0] not in results:
            continue
        found = _at(results, goal.at)
        met = found >= goal.limit if goal.least else found <= goal.limit
        limit, reached = f"{'≥' if goal.least else '≤'} {goal.limit:g}{goal.unit}", f"{found:.3g}{goal.unit}"
        yield f"| {goal.what} | {limit} | {reached} | {'met' if met else 'missed'} |"


def machine(results: Results) -> Iterator[str]:
    """Where and when."""
    facts = dict(results["machine"])
    described = [facts.pop(name) for name in ("processor", "cores", "memory", "system")]
    yield f"{results['date']}, {described[0]}, {described[1]} cores, {described[2]}, {described[3]};"
    yield ", ".join(f"{name} {version}" for name, version in facts.items()) + "."
    busy = results["vend"]["generator_busy"]
    yield f"The load generator itself kept {busy:.0%} of one core busy while it measured hello."


def vend(results: Results) -> Iterator[str]:
    """Tokens."""
    found = results["vend"]
    yield "| | requests/s at 16 connections | ÷ hello | median at one connection | ÷ hello |"
    yield "| --- | --: | --: | --: | --: |"
    for name, label in NAMES.items():
        many, one = found["many"][name], found["one"][name]
        yield (
            f"| {label} | {many['figure']:,.0f} | {many['ratio']:.3f} | {one['figure']:.2f} ms | {one['ratio']:.2f} |"
        )


def refresh(results: Results) -> Iterator[str]:
    """Single flight."""
    found = results["refresh"]
    one, many = found["time"]["one"], found["time"]["many"]
    yield f"| requests at once | refreshes | until the last answer (the provider takes {found['provider_ms']} ms) |"
    yield "| --: | --: | --: |"
    yield f"| 1 | 1 | {one['figure']:.0f} ms |"
    yield f"| {found['at_once']} | {found['refreshes']} | {many['figure']:.0f} ms ({many['ratio']:.2f} times) |"


def streams(results: Results) -> Iterator[str]:
    """Fan-out."""
    found = results["streams"]
    yield f"| {found['streams']:,} streams | last one reached after | ÷ raw queues | memory of an idle one |"
    yield "| --- | --: | --: | --: |"
    for name, label in (("raw", "raw queues"), ("ours", "event streams")):
        last, memory = found["last"][name], found["kilobytes"][name]
        yield f"| {label} | {last['figure']:.0f} ms | {last['ratio']:.2f} | {memory:.1f} kB |"


def lists(results: Results) -> Iterator[str]:
    """What an app sees."""
    found = results["lists"]
    stock = found["one"]["stock"]["ratio"]
    yield "| | median at one connection | ÷ hello | ÷ one query | requests/s at 16 connections |"
    yield "| --- | --: | --: | --: | --: |"
    for name, one in found["one"].items():
        label = NAMES_OF_LISTS.get(name, f"{name} bindings")
        beside, many = one["ratio"] / stock, found["many"][name]["figure"]
        yield f"| {label} | {one['figure']:.2f} ms | {one['ratio']:.1f} | {beside:.2f} | {many:,.0f} |"


def servers(results: Results) -> Iterator[str]:
    """Uvicorn and granian."""
    found = results["servers"]
    yield "| | hello, requests/s | token, requests/s | memory of an idle raw stream |"
    yield "| --- | --: | --: | --: |"
    for name in ("uvicorn", "granian"):
        hello, token = (found["many"][f"{name} {what}"]["figure"] for what in ("hello", "token"))
        yield f"| {name} | {hello:,.0f} | {token:,.0f} | {found['kilobytes'][name]:.1f} kB |"


BLOCKS = {
    "goals": goals,
    "machine": machine,
    "vend": vend,
    "refresh": refresh,
    "streams": streams,
    "lists": lists,
    "servers": servers,
}


def _at(results: Results, path: str) -> float:
    found: Any = results
    for name in path.split():
        found = found[name]
    return float(found)
