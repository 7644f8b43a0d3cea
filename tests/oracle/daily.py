"""All families of ``metrics_daily`` from the books, by source, day and channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from simulator import World
from simulator.world import seconds
from tests.oracle import ads, cash, costs, finance, marts, web
from tests.oracle.marts import Row, Table
from tests.oracle.subscriptions import months_until

Key = tuple[str, date, str]  # source, day, channel
WEB = "Online store"
AD_SOURCES = {f"{name} Ads": source for source, name in ads.PLATFORMS.values()}


def expenses(world: World, account: str, at: datetime) -> list[finance.Expense]:
    known = world.visits(account).expenses(seconds(at))
    return [finance.Expense(row.month, row.category, row.cost_kind, row.amount) for row in known]


def balances(world: World, account: str, at: datetime) -> list[finance.Balance]:
    known = world.visits(account).balances(seconds(at))
    return [finance.Balance(row.day, row.bank_account, row.balance) for row in known]


@lru_cache(maxsize=16)  # safe: the past of a world does not change
def metrics_daily(world: World, account: str, pulls: tuple[datetime, ...]) -> dict[Key, Row]:
    """The rows of the mart after these pulls (oldest first) by (source, day, channel)."""
    table: Table[Key] = Table()
    for key, row in _families(world, account, pulls):
        for name, amount in row.items():
            table[key][name] += amount
    return table.rows()


def _families(world: World, account: str, pulls: tuple[datetime, ...]) -> Iterator[tuple[Key, Row]]:
    at, zone = pulls[-1], ZoneInfo(world.shop(account).time_zone)
    for (day, channel), row in marts.metrics_daily(world, account, at).items():
        yield ("shopify", day, channel), row
    for (day, channel), row in costs.cost_daily(world, account, pulls, at).items():
        yield ("shopify", day, channel), row
    for (day, channel), row in cash.cash_daily(world, account, at).items():
        yield ("stripe", day, channel), row
    for (day, channel), row in ads.marketing_daily(world, account, pulls).items():
        yield (AD_SOURCES[channel], day, channel), row
    for day, row in web.web_daily(web.events(world, account, at), zone).items():
        yield ("files", day, WEB), row
    for day, row in finance.expenses_daily(expenses(world, account, at), at.astimezone(zone).date()).items():
        yield ("files", day, cash.ACCOUNT), row


def totals(world: World, account: str, since: date, until: date, pulls: tuple[datetime, ...]) -> Row:
    """The sums over a range with both ends, all sources and channels."""
    return summed(
        row for (_, day, _), row in metrics_daily(world, account, pulls).items() if since <= day <= until
    )  # fmt: skip


def summed(rows: Iterator[Row] | Sequence[Row]) -> Row:
    sums: Row = {}
    for row in rows:
        for name, amount in row.items():
            sums[name] = sums.get(name, 0) + amount
    return sums


def days(since: date, until: date) -> list[date]:
    return [since + timedelta(days=number) for number in range((until - since).days + 1)]


def months(world: World, account: str, pulls: tuple[datetime, ...]) -> dict[date, finance.Month]:
    """Income and costs of each month, from the first to the last month with a row."""
    by_month: dict[date, Row] = {}
    for (_, day, channel), row in metrics_daily(world, account, pulls).items():
        sums = by_month.setdefault(day.replace(day=1), {})
        for name, amount in row.items():
            sums[name] = sums.get(name, 0) + amount
        if channel == cash.DIRECT:
            sums["direct_refunds_minor"] = sums.get("direct_refunds_minor", 0) + row.get("cash_refunded_minor", 0)
    return {month: _month(by_month.get(month, {})) for month in months_until(min(by_month), max(by_month))}


def _month(row: Row) -> finance.Month:
    def amount(name: str) -> int:
        return row.get(f"{name}_minor", 0)

    return finance.Month(
        amount("net_sales"), amount("shipping"), amount("adjustments"), amount("direct_revenue"),
        amount("direct_refunds"), amount("cost_of_goods"), amount("ad_spend"), amount("cash_fees"), amount("disputes"),
        amount("operating_expenses") - amount("fixed_expenses"), amount("fixed_expenses"),
    )  # fmt: skip
