"""Lint the SQL of dbt_project with sqlfluff, skipping files that were clean before.

    .venv/bin/python tools/lint_sql.py

sqlfluff needs half a second of CPU time per file. A file is skipped only when the same content was clean under the
same sqlfluff, the same settings in pyproject.toml and the same macros: the digests of clean files are kept in
.sqlfluff_cache. A fresh clone has no cache and lints every file. Exit code 1 where a file breaks a rule.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
LINTED = ("dbt_project/models", "dbt_project/tests")
CACHE = Path(".sqlfluff_cache") / "clean.txt"
FEW = 4  # files that one process lints sooner than two


def main(checkout: Path = CHECKOUT) -> int:
    """Lint the files that are not known to be clean and print what is wrong; returns the exit code."""
    before, cache = file_digests(checkout), checkout / CACHE
    clean = set(cache.read_text().split()) if cache.exists() else set()
    unknown = [path for path, digest in before.items() if digest not in clean]
    violations = lint(checkout, unknown) if unknown else {}
    for path, items in sorted(violations.items()):
        for item in items:
            place = f"{path}:{item['start_line_no']}:{item['start_line_pos']}"
            sys.stdout.write(f"{place}: {item['code']} {item['description']} {item['name']}\n")
    after = file_digests(checkout)  # a file that was saved meanwhile is not known to be clean
    remembered = {after[path] for path in after if str(path) not in violations and before.get(path) == after[path]}
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("".join(f"{digest}\n" for digest in sorted(remembered)))
    return 1 if violations else 0


def file_digests(checkout: Path) -> dict[Path, str]:
    """Each linted file, relative to the checkout, with a digest of everything that decides whether it is clean."""
    settings = tomllib.loads((checkout / "pyproject.toml").read_text())["tool"]["sqlfluff"]
    shared = hashlib.sha256(f"{version('sqlfluff')} {settings}".encode())
    for path in sorted((checkout / "dbt_project" / "macros").rglob("*.sql")):
        shared.update(f"\0{path.relative_to(checkout)}\0".encode() + path.read_bytes())
    digests = {}
    for path in sorted(path for folder in LINTED for path in (checkout / folder).rglob("*.sql")):
        name = path.relative_to(checkout)
        digest = shared.copy()
        digest.update(f"\0{name}\0".encode() + path.read_bytes())
        digests[name] = digest.hexdigest()
    return digests


def lint(checkout: Path, files: list[Path]) -> dict[str, list[dict[str, Any]]]:
    """The violations of each file that has any. Stops with sqlfluff's own message where it cannot lint."""
    halves = [files[::2], files[1::2]] if len(files) > FEW else [files]
    with ThreadPoolExecutor() as threads:
        return {path: items for half in threads.map(partial(lint_some, checkout), halves) for path, items in half}


def lint_some(checkout: Path, files: list[Path]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The same in one process. sqlfluff's own pool of processes never ends where SIGTERM is ignored."""
    command = [str(Path(sys.executable).with_name("sqlfluff")), "lint", "--format", "json", *map(str, files)]
    result = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    try:
        linted = json.loads(result.stdout)
    except ValueError:
        linted = []
    violations = [(item["filepath"], item["violations"]) for item in linted if item["violations"]]
    if len(linted) != len(files) or bool(violations) != bool(result.returncode):
        raise SystemExit(f"sqlfluff stopped with code {result.returncode}:\n{result.stderr}{result.stdout[-2000:]}")
    return violations


if __name__ == "__main__":
    sys.exit(main())
