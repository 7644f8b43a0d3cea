"""Writes a file, complete or not at all: it gets its name only when all of its bytes are on the disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from semantic.errors import WriteError


def write(path: Path, content: bytes) -> Path:
    """Write the bytes, and replace a file of this name. Raises WriteError, after which no part of the file is left."""
    part: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False
        ) as file:
            part = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        why, advice = str(error.strerror or error), "Choose another folder or free some space, then write it again"
        raise WriteError(f"Cannot write {path}", why, advice) from error
    return path
