"""What Home must show of a tenant: the texts of its published file, and the net sales of the oracle by day."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from tests.oracle.answers import Rows, Shop, by_day

CHOSEN = {"period": "30d", "comparison_label": "the period before"}
"""What Home opens with."""
CASE = "period = '30d' AND comparison = 'prior'"
TREND = "Sales over time"
Row = dict[str, Any]


def _figure(row: Row) -> tuple[str, ...]:
    certainty = " (estimated)" if row["estimate_text"] else ""
    return row["figure_label"] + certainty, row["value_text"], row["good_text"] + row["bad_text"] + row["neutral_text"]


TEXTS: dict[str, tuple[str, Callable[[Row], tuple[str, ...]]]] = {
    "State of the data": (
        "SELECT trust, '' FROM marts.build_info",
        lambda row: (re.sub(r", [^·]+ ago", "", row["trust_text"]), row["held_text"]),
    ),
    "Figures": (
        f"SELECT label, value_text, change_text FROM marts.kpis WHERE {CASE} ORDER BY position",
        _figure,
    ),
    "Needs a look": (
        "SELECT title, numbers, advice FROM marts.alerts ORDER BY position",
        lambda row: (row["title_text"][2:], row["numbers"], row["advice"]),
    ),
    "Outlook": (
        "SELECT label, value_text, good_text || bad_text || neutral_text FROM marts.outlook ORDER BY position",
        lambda row: (row["label"], row["value_text"], row["good_text"] + row["bad_text"] + row["neutral_text"]),
    ),
    "What moved": (
        f"SELECT kind, name, value_text, previous_text, difference_text FROM marts.movers WHERE {CASE} "
        "ORDER BY kind DESC, position",
        lambda row: tuple(
            row[name] for name in ("kind", "name_label", "value_text", "previous_text", "difference_text")
        ),
    ),
}
"""Each chart of texts: the query of the tenant's file, and the same texts of a row that Superset shows."""


def texts(published: Path, account: str, chart: str) -> list[tuple[str, ...]]:
    """The texts of the tenant's published file."""
    with duckdb.connect(str(published / f"tenant-{account}.duckdb"), read_only=True) as db:
        return db.execute(TEXTS[chart][0]).fetchall()


def trend(shop: Shop) -> Rows:
    """Thirty whole days beside the thirty before, and today so far; the last whole day joins both lines."""
    zone = ZoneInfo(shop.world.shop(shop.account).time_zone)
    today = shop.world.end.astimezone(zone).date()
    sales = {row["date_day"]: row["net_sales"] for row in by_day("net_sales")(shop, today - timedelta(60), today)}
    days = [today - timedelta(number) for number in range(30, 0, -1)]
    rows: Rows = [
        {
            "date_day": day,
            "trend_net_sales": sales.get(day, 0),
            "trend_so_far": sales.get(day, 0) if day == days[-1] else None,
            "trend_previous": sales.get(day - timedelta(30), 0),
        }
        for day in days
    ]
    return [
        *rows,
        {"date_day": today, "trend_net_sales": None, "trend_so_far": sales.get(today, 0), "trend_previous": None},
    ]
