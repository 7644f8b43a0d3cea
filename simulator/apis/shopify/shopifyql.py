"""ShopifyQL, as far as sales and sessions by day go: Shopify's own totals, from the books and never from the ledger.

    FROM sales SHOW gross_sales, net_sales TIMESERIES day SINCE 2026-01-01 UNTIL 2026-01-31
    FROM sessions SHOW sessions, online_store_visitors TIMESERIES day SINCE 2026-01-01 UNTIL 2026-01-31

The rows of the order itself take the day of its processedAt, later ones the day they happened, both in the shop's
zone; test and deleted orders, gift cards and tips are left out.  Discounts and sales_reversals are negative.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simulator.apis.shopify.amounts import decimal_text
from simulator.books import Edit, Line, Order, Reversal, ShippingLine, ShippingReversal
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


class QlError(ValueError):
    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = list(errors)


@dataclass
class Table:
    """``columns`` are (name, dataType); ``rows`` one object a day, amounts as decimal text."""

    columns: list[tuple[str, str]]
    rows: list[dict[str, Any]]


@dataclass
class Day:
    """A day's sums in minor units."""

    gross_sales: int = 0
    discounts: int = 0
    sales_reversals: int = 0
    shipping_charges: int = 0
    taxes: int = 0
    duties: int = 0
    additional_fees: int = 0

    @property
    def net_sales(self) -> int:
        return self.gross_sales + self.discounts + self.sales_reversals

    @property
    def total_sales(self) -> int:
        return self.net_sales + self.shipping_charges + self.taxes + self.duties + self.additional_fees

    def sell(self, line: Line, included: bool) -> None:
        tax = sum(each.amount for each in line.taxes)
        if line.kind == "product":
            shown = line.quantity * line.unit_price - sum(each.amount for each in line.discounts)
            self.gross_sales += shown - (tax if included else 0) + line.discount_before_tax
            self.discounts -= line.discount_before_tax
        if line.kind != "tip":
            self.taxes += tax

    def reverse(self, back: Reversal) -> None:
        if back.line.kind == "product":
            self.sales_reversals -= back.net
        if back.line.kind != "tip":
            self.taxes -= back.tax

    def ship(self, line: ShippingLine, included: bool) -> None:
        tax = sum(each.amount for each in line.taxes)
        self.shipping_charges += line.price - sum(each.amount for each in line.discounts) - (tax if included else 0)
        self.taxes += tax

    def unship(self, gone: ShippingReversal) -> None:
        self.shipping_charges -= gone.net
        self.taxes -= gone.tax


@dataclass
class _Calendar:
    books: Books
    days: dict[date, Day] = field(default_factory=lambda: defaultdict(Day))

    def __getitem__(self, instant: int) -> Day:
        return self.days[datetime.fromtimestamp(instant, UTC).astimezone(self.books.zone).date()]


def daily(books: Books) -> dict[date, Day]:
    """Every day's sums."""
    calendar = _Calendar(books)
    for order in books.orders:
        if not order.test:
            _book(calendar, order)
    return calendar.days


def _book(calendar: _Calendar, order: Order) -> None:
    included, first = order.taxes_included, calendar[order.processed_at]
    for line in order.lines:
        first.sell(line, included)
    for shipping in order.shipping:
        first.ship(shipping, included)
    for charge in order.charges:
        first.taxes += charge.tax
        first.duties += charge.amount if charge.kind == "duty" else 0
        first.additional_fees += charge.amount if charge.kind == "fee" else 0
    for edit in order.edits:
        _book_edit(calendar[edit.happened_at], edit, included)
    for each in order.returns:
        day = calendar[each.happened_at]
        for back in each.lines:
            day.reverse(back)
        for line in each.added:
            day.sell(line, included)
    for refund in order.refunds:
        day = calendar[refund.created_at]
        for back in refund.lines if refund.of_return is None else ():
            day.reverse(back)
        for gone in refund.shipping:
            day.unship(gone)


def _book_edit(day: Day, edit: Edit, included: bool) -> None:
    for line in edit.added:
        day.sell(line, included)
    for back in edit.removed:
        day.reverse(back)
    for cut in edit.cuts:
        day.discounts -= cut.before_tax
        day.taxes -= cut.tax
    for shipping in edit.shipping_added:
        day.ship(shipping, included)
    for gone in edit.shipping_removed:
        day.unship(gone)


def run(books: Books, text: str, at: int | None = None, visits: Visits | None = None) -> Table:
    """Answers a query; raises QlError with one message for each thing that it cannot parse.

    Sessions are those of ``visits`` as of ``at``; without visits the shop has no such table.
    """
    match = _SHAPE.match(text)
    if match is None:
        raise QlError(f"Syntax error: FROM sales SHOW … TIMESERIES day SINCE … UNTIL … is understood, not {text!r}.")
    shown = [each.strip() for each in match["show"].split(",")]
    table = match["table"].lower()
    metrics = SESSIONS if table == "sessions" and visits else METRICS if table == "sales" else ()
    errors = [f"Column '{each}' not found." for each in shown if metrics and each not in metrics]
    if not metrics:
        errors.append(f"Table '{match['table']}' not found.")
    if match["grain"].lower() != "day":
        errors.append(f"TIMESERIES {match['grain']} is not supported.")
    today = datetime.fromtimestamp(books.at, UTC).astimezone(books.zone).date().isoformat()
    since, until = _day(match["since"], errors), _day(match["until"] or today, errors)
    if errors or since is None or until is None:
        raise QlError(*errors)
    if visits and table == "sessions":
        return _sessions(visits.days(books.at if at is None else at), shown, since, until)
    sums, rows = daily(books), []
    while since <= until:
        day = sums.get(since, Day())
        amounts = {name: decimal_text(getattr(day, name), books.shop.exponent) for name in shown}
        rows.append({"day": since.isoformat(), **amounts})
        since += timedelta(days=1)
    return Table([("day", "DAY_TIMESTAMP"), *((name, "MONEY") for name in shown)], rows)


def _sessions(days: dict[date, DailyVisits], shown: list[str], since: date, until: date) -> Table:
    rows = []
    while since <= until:
        day = days.get(since, DailyVisits())
        rows.append({"day": since.isoformat(), **{name: str(getattr(day, SESSIONS[name])) for name in shown}})
        since += timedelta(days=1)
    return Table([("day", "DAY_TIMESTAMP"), *((name, "INTEGER") for name in shown)], rows)


def _day(text: str, errors: list[str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors.append(f"'{text}' is not a date.")
        return None
