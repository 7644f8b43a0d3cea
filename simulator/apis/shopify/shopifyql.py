"""ShopifyQL, as far as daily sales and sessions need it.

FROM sales SHOW gross_sales, net_sales TIMESERIES day SINCE 2026-01-01 UNTIL 2026-01-31    (or TIMESERIES year)
FROM sessions SHOW sessions, online_store_visitors TIMESERIES day SINCE 2026-01-01 UNTIL 2026-01-31
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simulator.apis.decimals import decimal_text
from simulator.apis.shopify.daily_sales import DailySales, daily_sales
from simulator.books import Instant
from simulator.history import Books
from simulator.scenarios.visits.books import DailyVisits, Visits

METRICS = (
    "gross_sales",
    "discounts",
    "sales_reversals",
    "net_sales",
    "shipping_charges",
    "taxes",
    "duties",
    "additional_fees",
    "total_sales",
)
SESSIONS = {
    "sessions": "sessions",
    "online_store_visitors": "visitors",
    "sessions_with_cart_additions": "with_cart",
    "sessions_that_reached_checkout": "reached_checkout",
    "sessions_that_completed_checkout": "ordered",
}
_SHAPE = re.compile(
    r"^\s*FROM\s+(?P<table>\w+)\s+SHOW\s+(?P<show>[\w\s,]+?)\s+TIMESERIES\s+(?P<grain>\w+)"
    r"\s+SINCE\s+(?P<since>\S+)(?:\s+UNTIL\s+(?P<until>\S+))?(?:\s+ORDER\s+BY\s+day(?:\s+ASC)?)?\s*$",
    re.IGNORECASE,
)


class ShopifyQLError(ValueError):
    """What is wrong with a query: one message per error."""

    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = list(errors)


@dataclass
class Table:
    """``columns`` are (name, dataType). ``rows`` are one object per day, its values texts."""

    columns: list[tuple[str, str]]
    rows: list[dict[str, Any]]


def run(books: Books, text: str, at: Instant, visits: Visits | None) -> Table:
    """The result of a query; ``at`` is the instant of the sessions. Raises ShopifyQLError.

    A shop without ``visits`` has no table of sessions.
    """
    match = _SHAPE.match(text)
    if match is None:
        raise ShopifyQLError(
            f"Syntax error: FROM sales SHOW … TIMESERIES day SINCE … UNTIL … is understood, not {text!r}."
        )
    shown = [name.strip() for name in match["show"].split(",")]
    table = match["table"].lower()
    metrics = SESSIONS if table == "sessions" and visits else METRICS if table == "sales" else ()
    errors = [f"Column '{name}' not found." for name in shown if metrics and name not in metrics]
    if not metrics:
        errors.append(f"Table '{match['table']}' not found.")
    grain = match["grain"].lower()
    if grain not in (("day", "year") if table == "sales" else ("day",)):
        errors.append(f"TIMESERIES {match['grain']} is not supported.")
    today = datetime.fromtimestamp(books.at, UTC).astimezone(books.zone).date().isoformat()
    since, until = _date(match["since"], errors), _date(match["until"] or today, errors)
    if errors or since is None or until is None:
        raise ShopifyQLError(*errors)
    if visits and table == "sessions":
        return _sessions(visits.days(at), shown, since, until)
    return _sales(daily_sales(books), shown, grain, since, until, books.shop.exponent)


def _sales(
    by_day: dict[date, DailySales], shown: list[str], grain: str, since: date, until: date, exponent: int
) -> Table:
    sums: dict[date, dict[str, int]] = {}
    for day in _days(since, until):
        sales, first = by_day.get(day, DailySales()), day.replace(month=1, day=1) if grain == "year" else day
        amounts = sums.setdefault(first, dict.fromkeys(shown, 0))
        for name in shown:
            amounts[name] += getattr(sales, name)
    rows = [
        {grain: first.isoformat(), **{name: decimal_text(amount, exponent) for name, amount in amounts.items()}}
        for first, amounts in sums.items()
    ]
    return _table(shown, "MONEY", rows, grain)


def _sessions(by_day: dict[date, DailyVisits], shown: list[str], since: date, until: date) -> Table:
    rows = []
    for day in _days(since, until):
        visits = by_day.get(day, DailyVisits())
        rows.append({"day": day.isoformat(), **{name: str(getattr(visits, SESSIONS[name])) for name in shown}})
    return _table(shown, "INTEGER", rows)


def _table(shown: list[str], data_type: str, rows: list[dict[str, Any]], grain: str = "day") -> Table:
    return Table([(grain, f"{grain.upper()}_TIMESTAMP"), *((name, data_type) for name in shown)], rows)


def _days(since: date, until: date) -> Iterator[date]:
    while since <= until:
        yield since
        since += timedelta(days=1)


def _date(text: str, errors: list[str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors.append(f"'{text}' is not a date.")
        return None
