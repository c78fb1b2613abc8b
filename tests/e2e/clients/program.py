"""The program in Node, to be told what to do (program.mjs)."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.services import node_path

PATIENCE = 60.0  # seconds


class Program:
    """Runs for as long as the `with` lasts. It knows a base URL and a key, as any third party's program does."""

    def __init__(self, base_url: str, key: str) -> None:
        self.environment = {"PATH": os.environ["PATH"], "VENDO_BASE_URL": base_url, "VENDO_API_KEY": key}

    def __enter__(self) -> Self:
        script = Path(__file__).with_name("program.mjs")
        self.process = subprocess.Popen(
            [node_path(), str(script)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def ask(self, what: str, *with_: object) -> Any:
        """What the program found."""
        answer = self._tell(what, with_)
        assert "found" in answer, answer
        return answer["found"]

    def is_refused(self, what: str, *with_: object) -> Mapping[str, Any]:
        """How the program was refused."""
        answer = self._tell(what, with_)
        assert "refused" in answer, f"{what} was not refused."
        refusal: Mapping[str, Any] = answer["refused"]
        return refusal

    def hears(self, name: str) -> Mapping[str, Any]:
        """Wait for a block of that name, and for what the program found out right after it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for block in self.ask("heard"):
                if block["event"] == name and "then" in block:
                    found: Mapping[str, Any] = block
                    return found
            time.sleep(0.05)
        raise AssertionError(f"No {name} was heard, but {self.ask('heard')}.")

    def _tell(self, what: str, given: tuple[object, ...]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"ask": what, "with": given}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"The program ended with {self.process.wait()}."
        answer: dict[str, Any] = json.loads(line)
        return answer
