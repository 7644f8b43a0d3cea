"""Files that are replaced as a whole, and only if their content differs."""

from __future__ import annotations

from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Readers see the old file or the new one. A file with this content keeps its time."""
    if path.exists() and path.read_bytes() == content:
        return
    partial = path.with_name(f".{path.name}.tmp")
    partial.write_bytes(content)
    partial.replace(path)
