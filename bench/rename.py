"""Gives a connection another name for each line it reads, and prints when that was committed (monotonic clock).

python -m bench.rename CONNECTION
"""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendo_site.settings")
django.setup()

from django.db import transaction  # noqa: E402

from connections.connect import rename  # noqa: E402
from connections.models import Connection  # noqa: E402


def main(connection_id: str) -> None:
    """Until standard input is closed."""
    connection = Connection.everyone.get(pk=connection_id)
    for number, _ in enumerate(sys.stdin):
        with transaction.atomic():
            # First of what happens after the commit: the bell is rung next.
            transaction.on_commit(lambda: print(time.monotonic(), flush=True))
            rename(connection, f"Name {number}")


if __name__ == "__main__":
    main(sys.argv[1])
