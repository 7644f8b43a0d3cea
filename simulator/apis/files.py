"""The folder of a files source, written from the books of a shop's visits.

<folder>/events/2026-11-20.jsonl.gz    the events that arrived on that day, UTC
<folder>/operating_expenses.csv
<folder>/cash_balances.csv
<folder>/annotations.csv
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from simulator.apis.decimals import decimal_text
from simulator.apis.replaced import replace_file
from simulator.books import DAY, Instant
from simulator.scenarios.visits.books import Visits
from simulator.scenarios.visits.visitors import Event
from simulator.world import World, seconds

_TIMES = [f"T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}Z" for at in range(DAY)]
_Line = msgspec.defstruct("_Line", [(name, Any, None) for name in Event._fields], omit_defaults=True)


def write_files(world: World, account: str, folder: Path, at: datetime) -> None:
    """Writes what has arrived by ``at``. A later call writes the newest day again and adds the days since.

    A file is replaced as a whole, and only if its content differs: a reader that compares sizes and times reads only
    what is new. The folder must belong to one shop of one world: files of older days are not written again. Raises
    KeyError if the shop has no visits.
    """
    visits, until, exponent = world.visits(account), seconds(at), world.shop(account).exponent
    events = folder / "events"
    events.mkdir(parents=True, exist_ok=True)
    _write_events(visits, events, until)
    expenses = (
        (row.month, row.category, row.cost_kind, decimal_text(row.amount, exponent), row.currency)
        for row in visits.expenses(until)
    )
    balances = (
        (row.day, row.bank_account, decimal_text(row.balance, exponent), row.currency) for row in visits.balances(until)
    )
    annotations = ((row.day, row.until, row.kind, row.title) for row in visits.annotations(until))
    for name, columns, rows in (
        ("operating_expenses.csv", ("month", "category", "cost_kind", "amount", "currency"), expenses),
        ("cash_balances.csv", ("day", "bank_account", "balance", "currency"), balances),
        ("annotations.csv", ("day", "until", "kind", "title"), annotations),
    ):
        replace_file(folder / name, _csv(columns, rows))


def _write_events(visits: Visits, folder: Path, until: Instant) -> None:
    written = sorted(folder.glob("*.jsonl.gz"))
    since = _midnight(date.fromisoformat(written[-1].name[:10])) if written else 0
    by_day: dict[int, list[Event]] = {}
    for events in visits.deliveries(until, since):
        for event in events:
            by_day.setdefault(event.received_at // DAY, []).append(event)
        for number in sorted(by_day)[:-6]:  # no more events can arrive on a day that is this old
            _write_day(folder, number, by_day.pop(number))
    for number in sorted(by_day):
        _write_day(folder, number, by_day.pop(number))


def _write_day(folder: Path, number: int, events: list[Event]) -> None:
    day = date(1970, 1, 1) + timedelta(days=number)
    events.sort(key=lambda event: (event.received_at, event.event_id))
    lines = b"".join(line(event) + b"\n" for event in events)
    replace_file(folder / f"{day}.jsonl.gz", gzip.compress(lines, 1, mtime=0))


def line(event: Event) -> bytes:
    """The event as a line of JSON, without the fields that are None."""
    return msgspec.json.encode(_Line(event.event_id, _iso(event.occurred_at), _iso(event.received_at), *event[3:]))


def _iso(at: Instant) -> str:
    return _day(at // DAY) + _TIMES[at % DAY]


@cache
def _day(number: int) -> str:
    return str(date(1970, 1, 1) + timedelta(days=number))


def _midnight(day: date) -> Instant:
    return (day - date(1970, 1, 1)).days * DAY


def _csv(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()
