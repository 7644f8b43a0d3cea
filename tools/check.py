"""Run ruff, mypy and sqruff side by side: `make check`.

ruff and mypy keep a cache in the checkout, so a second run takes seconds. A tool's output is shown only where it fails.
Exit code 1 where one of them fails.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
TOOLS = {
    "ruff check": [BIN / "ruff", "check", "."],
    "ruff format": [BIN / "ruff", "format", "--check", "."],
    "mypy": [BIN / "mypy"],
    "sqruff": [BIN / "sqruff", "lint", "dbt_project/models", "dbt_project/tests"],
}


def run(name: str) -> bool:
    """Run one tool, print one line about it, and its output where it fails."""
    began = time.monotonic()
    result = subprocess.run(TOOLS[name], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    passed = result.returncode == 0
    output = "" if passed else result.stdout + result.stderr
    sys.stdout.write(f"{'✓' if passed else '✗'} {name} ({time.monotonic() - began:.0f} s)\n{output}")
    return passed


def main() -> int:
    """Run all tools; returns the exit code."""
    with ThreadPoolExecutor() as threads:
        return 0 if all(list(threads.map(run, TOOLS))) else 1


if __name__ == "__main__":
    sys.exit(main())
