"""Files that changed in a tenant's folders: each look compares names, sizes and times with the last run's.

A tenant is due once its files differ from those of its last run and two looks in a row saw the same, so that a file
that is still being copied is left alone.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from orchestration.settings import Settings

State = dict[str, list[str]]
"""The tenants with folders: the files that the last look saw, and those of the last run, each as a hash."""


def look(settings: Settings) -> dict[str, str]:
    """The files of each tenant with folders, as a hash of their names, sizes and times."""
    folders: dict[str, set[Path]] = {}
    for tenant, source in settings.sources():
        if folder := source.folder(settings.config_folder):
            folders.setdefault(tenant.id, set()).add(folder)
    return {name: _hash(sorted(paths)) for name, paths in folders.items()}


def due(cursor: str | None, now: dict[str, str]) -> list[str]:
    """The tenants whose changed files are complete. A tenant that was never looked at is left to its schedule."""
    before: State = json.loads(cursor) if cursor else {}
    return [name for name, files in now.items() if name in before and before[name][0] == files != before[name][1]]


def moved(cursor: str | None, now: dict[str, str], names: list[str]) -> str:
    """The cursor after a look, and after a run of these tenants was asked for."""
    before: State = json.loads(cursor) if cursor else {}
    last = {name: files if name in names or name not in before else before[name][1] for name, files in now.items()}
    return json.dumps({name: [files, last[name]] for name, files in now.items()})


def _hash(folders: list[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            try:
                about = path.stat()
            except OSError:  # removed between the two calls
                continue
            if not path.is_dir():
                digest.update(f"{path}\0{about.st_size}\0{about.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
