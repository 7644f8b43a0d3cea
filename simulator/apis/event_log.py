"""The event log of a creator as files: one per month, or one for everything.

<folder>/event_log/2026-11.jsonl    the rows of a month of local time, oldest first
<folder>/event_log.json             one array, as in the log's description
<folder>/event_log.csv
<folder>/vault_costs.csv            what the vaults cost
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

from simulator.apis.replaced import replace_file
from simulator.scenarios.creator.books import Creator, Entry, LogRow
from simulator.scenarios.creator.costs import Cost
from simulator.world import seconds

FORMS = ("months", "json", "csv")


def write_event_log(creator: Creator, folder: Path, at: datetime, form: str = "months") -> None:
    """Writes the log as of ``at``, in one of FORMS.

    By months, a later call writes the newest month again and adds the months since: an old month never changes. A file
    is replaced as a whole, and only if its content differs. Raises ValueError for an unknown form.
    """
    if form not in FORMS:
        raise ValueError(f"{form!r} is not a form of the event log: it is one of {', '.join(FORMS)}.")
    folder.mkdir(parents=True, exist_ok=True)
    entries = creator.entries(seconds(at))
    if form == "months":
        _write_months(entries, folder / "event_log")
    elif form == "json":
        replace_file(folder / "event_log.json", log_array(entries))
    else:
        replace_file(folder / "event_log.csv", log_csv(entries))


def _write_months(entries: Iterable[Entry], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    newest = max((path.stem for path in folder.glob("*.jsonl")), default="")
    months: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.month >= newest:
            months.setdefault(entry.month, []).append(entry)
    for month, rows in months.items():
        replace_file(folder / f"{month}.jsonl", log_lines(rows))


def write_costs(creator: Creator, folder: Path, at: datetime) -> None:
    """Writes what the vaults cost until ``at``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    rows = ((cost.day, _amount(cost.amount), *cost[2:]) for cost in creator.costs(seconds(at)))
    csv.writer(text, lineterminator="\n").writerows([Cost._fields, *rows])
    replace_file(folder / "vault_costs.csv", text.getvalue().encode())


def log_lines(entries: Iterable[Entry]) -> bytes:
    """One JSON object per line."""
    return "".join("{" + ", ".join(_members(entry.row)) + "}\n" for entry in entries).encode()


def log_array(entries: Iterable[Entry]) -> bytes:
    """One JSON array of objects in the form of the sample entry."""
    return ("[\n" + ",\n".join(sample_form(entry.row) for entry in entries) + "\n]\n").encode()


def log_csv(entries: Iterable[Entry]) -> bytes:
    """A header and one line per row, with true and false as in the log's description."""
    text = io.StringIO()
    rows = (map(_plain, entry.row) for entry in entries)
    csv.writer(text, lineterminator="\n").writerows([LogRow._fields, *rows])
    return text.getvalue().encode()


def sample_form(row: LogRow) -> str:
    """A row as the log's description shows one: one field per line, two spaces before each."""
    return "{\n" + ",\n".join(f"  {member}" for member in _members(row)) + "\n}"


def _members(row: LogRow) -> list[str]:
    values = (_quoted(value) if isinstance(value, str) else _plain(value) for value in row)
    return [f'"{name}": {value}' for name, value in zip(LogRow._fields, values, strict=True)]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):  # cents and hundredths of a second: the two numbers of a row
        return _amount(value)
    return str(value)


def _amount(hundredths: int) -> str:
    """Hundredths as a decimal, such as -3.33."""
    return f"{'-' * (hundredths < 0)}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


@cache
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
