"""The floors of the house hold: import-linter's contracts, which pyproject.toml states."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_imports_go_down_and_the_neighbours_stay_apart() -> None:
    path = os.pathsep.join(str(ROOT / folder) for folder in ("sandbox", "sdk/python/src"))
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
