"""What a pull of a folder asks staging."""

from __future__ import annotations

from connectors.files.streams import Sheet
from connectors.sync.reader import Question

FILES_READ = Question("select file, size, modified, again_at from files_read", ("files_read",))


def days_held(sheet: Sheet) -> Question:
    """The first and the last day of a sheet's rows; null for none."""
    return Question(f"select min({sheet.day}), max({sheet.day}) from {sheet.name}", (sheet.name,))
