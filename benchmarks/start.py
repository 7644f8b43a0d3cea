"""How long the command line takes to start, in CPU seconds, beside what it is made of.

    .venv/bin/python -m benchmarks.start

python   an interpreter that does nothing
typer    the same, with Typer imported
takings  the same, with Takings' command line imported
"""

from __future__ import annotations

import os
import subprocess
import sys

CODE = {"python": "pass", "typer": "import typer", "takings": "import orchestration.cli"}
RUNS = 10


def seconds(code: str) -> float:
    """CPU seconds of one interpreter that runs `code`."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    for name, code in CODE.items():
        print(f"{name:8} {min(seconds(code) for _ in range(RUNS)):.3f} s")


if __name__ == "__main__":
    main()
