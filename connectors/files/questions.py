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


def same_entries(contract: Contract) -> Question:
    """Pairs of files of a contract without ids that hold the same entries, whichever way their times are written: how
    many. One alone may be a coincidence."""
    content = ", ".join(column for column in contract.columns if not column.endswith("_text"))
    entries = f"(select file, hash({content}) as content from {contract.name})"
    shared = f"(select content, min(file) as one from {entries} group by content having min(file) <> max(file))"
    return Question(
        f"""select one, file, count(*) from {entries} inner join {shared} using (content) where file <> one
        group by one, file having count(*) > 1 order by one, file""",
        (contract.name,),
    )
