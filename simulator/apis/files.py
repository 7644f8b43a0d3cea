"""A tenant's folder as a files source reads it, from the books of its shop's visits.

<folder>/events/2026-11-20.jsonl.gz    what arrived on that day, UTC
<folder>/operating_expenses.csv
<folder>/cash_balances.csv
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

from simulator.apis.shopify.amounts import decimal_text
from simulator.books import Instant
from simulator.scenarios.visits.books import Visits
from simulator.scenarios.visits.visitors import Event
from simulator.world import World, seconds

DAY = 86_400
_TIMES = [f"T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}Z" for at in range(DAY)]
_Line = msgspec.defstruct("_Line", [(name, Any, None) for name in Event._fields], omit_defaults=True)


def write_files(world: World, account: str, folder: Path, at: datetime) -> None:
    """Writes what has arrived by ``at``; called again later it adds to the newest day and what came since.

    A file is replaced as a whole and only where it differs, so that a reader who looks at sizes and times sees only
    what is new. The folder belongs to one shop of one world: an older day's file is taken as it is. Raises KeyError
    where the world has no visits for the shop.
    """
    visits, until = world.visits(account), seconds(at)
    events = folder / "events"
    events.mkdir(parents=True, exist_ok=True)
    _write_events(visits, events, until)
    exponent = world.shop(account).exponent
    _replace(
        folder / "operating_expenses.csv",
        _csv(
            ("month", "category", "cost_kind", "amount", "currency"),
            (
                (each.month, each.category, each.cost_kind, decimal_text(each.amount, exponent), each.currency)
                for each in visits.expenses(until)
            ),
        ),
    )
    _replace(
        folder / "cash_balances.csv",
        _csv(
            ("day", "bank_account", "balance", "currency"),
            (
                (each.day, each.bank_account, decimal_text(each.balance, exponent), each.currency)
                for each in visits.balances(until)
            ),
        ),
    )


def _write_events(visits: Visits, folder: Path, until: Instant) -> None:
    written = sorted(folder.glob("*.jsonl.gz"))
    since = _midnight(date.fromisoformat(written[-1].name[:10])) if written else 0
    waiting: dict[int, list[Event]] = {}
    for events in visits.deliveries(until, since):
        for event in events:
            waiting.setdefault(event.received_at // DAY, []).append(event)
        for number in sorted(waiting)[:-6]:  # of a day so long past nothing more can come
            _write_day(folder, number, waiting.pop(number))
    for number in sorted(waiting):
        _write_day(folder, number, waiting.pop(number))


def _write_day(folder: Path, number: int, events: list[Event]) -> None:
    day = date(1970, 1, 1) + timedelta(days=number)
    events.sort(key=lambda event: (event.received_at, event.event_id))
    lines = b"".join(line(event) + b"\n" for event in events)
    _replace(folder / f"{day}.jsonl.gz", gzip.compress(lines, 1, mtime=0))


def line(event: Event) -> bytes:
    """The event as a line of JSON; what it does not have is left out."""
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


def _replace(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    partial = path.with_name(f".{path.name}.tmp")
    partial.write_bytes(content)
    partial.replace(path)
