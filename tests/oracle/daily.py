"""``metrics_daily`` whole, all families together, from the books: by source, day and channel."""

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
    told = world.visits(account).expenses(seconds(at))
    return [finance.Expense(each.month, each.category, each.cost_kind, each.amount) for each in told]


def balances(world: World, account: str, at: datetime) -> list[finance.Balance]:
    told = world.visits(account).balances(seconds(at))
    return [finance.Balance(each.day, each.bank_account, each.balance) for each in told]


@lru_cache(maxsize=16)  # pure: a world does not change its past
def metrics_daily(world: World, account: str, pulls: tuple[datetime, ...]) -> dict[Key, Row]:
    """(source, day, channel) to the row of the mart after these pulls, oldest first."""
    table: Table[Key] = Table()
    for key, row in _families(world, account, pulls):
        for name, amount in row.items():
            table[key][name] += amount
    return table.done()


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
    """Every number over a range, both ends included, all sources and channels together."""
    return added(
        row for (_, day, _), row in metrics_daily(world, account, pulls).items() if since <= day <= until
    )  # fmt: skip


def added(rows: Iterator[Row] | Sequence[Row]) -> Row:
    found: Row = {}
    for row in rows:
        for name, amount in row.items():
            found[name] = found.get(name, 0) + amount
    return found


def days(since: date, until: date) -> list[date]:
    return [since + timedelta(days=number) for number in range((until - since).days + 1)]


def months(world: World, account: str, pulls: tuple[datetime, ...]) -> dict[date, finance.Month]:
    """Month to its money, from the first to the last in which there was any."""
    found: dict[date, Row] = {}
    for (_, day, channel), row in metrics_daily(world, account, pulls).items():
        of = found.setdefault(day.replace(day=1), {})
        for name, amount in row.items():
            of[name] = of.get(name, 0) + amount
        if channel == cash.DIRECT:
            of["direct_refunds_minor"] = of.get("direct_refunds_minor", 0) + row.get("cash_refunded_minor", 0)

    def month(row: Row) -> finance.Month:
        def of(name: str) -> int:
            return row.get(f"{name}_minor", 0)

        return finance.Month(
            of("net_sales"), of("shipping"), of("adjustments"), of("direct_revenue"), of("direct_refunds"),
            of("cost_of_goods"), of("ad_spend"), of("cash_fees"), of("disputes"),
            of("operating_expenses") - of("fixed_expenses"), of("fixed_expenses"),
        )  # fmt: skip

    return {each: month(found.get(each, {})) for each in months_until(min(found), max(found))}
