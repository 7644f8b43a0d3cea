"""What a pull of a folder asks staging."""

from __future__ import annotations

from connectors.contracts import Contract
from connectors.files.streams import Sheet
from connectors.sync.reader import Question

FILES_READ = Question("select file, size, modified, again_at from files_read", ("files_read",))


def days_held(sheet: Sheet) -> Question:
    """The first and the last day of a sheet's rows; null for none."""
    return Question(f"select min({sheet.day}), max({sheet.day}) from {sheet.name}", (sheet.name,))


def files_of(contract: Contract) -> Question:
    """The files of a contract that have been read: name, size, time, when to read them again, and read as what."""
    table = f"{contract.name}_files"
    return Question(f"select file, size, modified, again_at, read_as from {table}", (table,))


def rows_by_file(contract: Contract) -> Question:
    """How many rows of a contract each file has."""
    return Question(f"select file, count(*) from {contract.name} group by file", (contract.name,))


CONTENTS = "select file, count(*) as row_count, sum(hash(row_hash, occurrence)) as content from event_log group by file"
SAME_LOGS = Question(
    f"""select a.file, b.file, a.row_count from ({CONTENTS}) as a
    inner join ({CONTENTS}) as b on a.row_count = b.row_count and a.content = b.content and a.file < b.file
    where a.row_count > 1 order by 1, 2""",
    ("event_log",),
)
"""Pairs of files of an event log that hold the same rows."""
