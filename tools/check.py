"""Run ruff, mypy and sqruff side by side: `make check`.

ruff and mypy keep a cache in the checkout, and sqruff, which keeps none, is not asked again about SQL that passed: so a
second run takes seconds. A tool's output is shown only where it fails. Exit code 1 where one of them fails.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
TOOLS = {
    "ruff check": [BIN / "ruff", "check", "."],
    "ruff format": [BIN / "ruff", "format", "--check", "."],
    "mypy": [BIN / "mypy"],
    "sqruff": [sys.executable, CHECKOUT / "tools" / "lint_sql.py", "lint", "dbt_project/models", "dbt_project/tests"],
}
PASSED = CHECKOUT / ".sqruff-passed"
"""The hash of the SQL that sqruff found nothing in."""


def sql_hash(checkout: Path = CHECKOUT) -> str:
    """Hash of all that sqruff reads, and of its version."""
    digest = hashlib.sha256(version("sqruff").encode() + (checkout / ".sqruff").read_bytes())
    folders = (checkout / "dbt_project" / name for name in ("models", "tests", "macros"))
    for path in sorted(path for folder in folders for path in folder.rglob("*.sql")):
        digest.update(f"\0{path.relative_to(checkout)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def run(name: str) -> bool:
    """Run one tool, print one line about it, and its output where it fails."""
    began = time.monotonic()
    sql = sql_hash() if name == "sqruff" else ""
    if sql and PASSED.exists() and PASSED.read_text() == sql:
        sys.stdout.write(f"✓ {name} (nothing changed)\n")
        return True
    result = subprocess.run(TOOLS[name], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    passed = result.returncode == 0
    if passed and sql:
        PASSED.write_text(sql)
    output = "" if passed else result.stdout + result.stderr
    sys.stdout.write(f"{'✓' if passed else '✗'} {name} ({time.monotonic() - began:.0f} s)\n{output}")
    return passed


def main() -> int:
    """Run all tools; returns the exit code."""
    with ThreadPoolExecutor() as threads:
        return 0 if all(list(threads.map(run, TOOLS))) else 1


if __name__ == "__main__":
    sys.exit(main())
