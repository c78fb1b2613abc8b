"""`make bench`: all benchmarks, into bench/results.json and the tables of docs/performance.md.

    python bench [NAME…] [--quick]

NAMEs choose some (vend, refresh, streams, lists; and servers, which runs only when it is named); the others keep their
last results. `--quick` measures little, prints what it found, and writes nothing.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # `python bench` looks in the folder alone

from bench import lists, machine, refresh, servers, streams, table, vend  # noqa: E402
from bench.harness import say  # noqa: E402
from tests import programs  # noqa: E402

BENCHMARKS = {"vend": vend.measure, "refresh": refresh.measure, "streams": streams.measure, "lists": lists.measure}
BY_NAME_ALONE = {"servers": servers.measure}
RESULTS = ROOT / "bench" / "results.json"
PAGE = ROOT / "docs" / "performance.md"


def main(names: Sequence[str], *, quick: bool) -> None:
    """Measure, and write down."""
    programs.install_missing(programs.OF_BENCHMARKS)
    found = {}
    for name in names:
        say(f"== {name}")
        found[name] = (BENCHMARKS | BY_NAME_ALONE)[name](quick=quick)
    if quick:
        print(json.dumps(found, indent=1))
        return
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results = before | found | {"date": datetime.now(UTC).date().isoformat(), "machine": machine.facts()}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    PAGE.write_text(table.fill(PAGE.read_text(), results))
    print("\n".join(table.goals(results)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python bench")
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, *BY_NAME_ALONE])
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    main(given.names or list(BENCHMARKS), quick=given.quick)
