"""Cash from the entries of the Stripe account, one at a time; the bridge from charges to orders; direct revenue.

An entry counts on the shop's calendar day of its creation, in minor units of the account's currency. Receipts are
gross, fees are those of all entries, refunds and payouts are less failed ones, disputes are less reinstated ones. All
else is other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from simulator import World
from simulator.scenarios.payments import PaymentBooks, payment_books
from simulator.scenarios.payments.books import Entry, State
from tests.oracle.facts import OrderFacts, counted_orders
from tests.oracle.marts import Row, Table

DIRECT, ACCOUNT = "API / direct", "Account"
COLUMN = {
    "charge": "cash_received", "payment": "cash_received",
    "refund": "cash_refunded", "payment_refund": "cash_refunded",
    "refund_failure": "cash_refunded", "payment_failure_refund": "cash_refunded",
    "payout": "payouts", "payout_failure": "payouts", "payout_cancel": "payouts",
    "stripe_fee": "cash_fees", "network_cost": "cash_fees",
}  # fmt: skip
OUTGOING = {"cash_refunded", "disputes", "cash_fees", "payouts"}  # negative in an entry, positive in the mart
NAMES = ("cash_received", "cash_fees", "cash_refunded", "disputes", "payouts", "cash_other")


@dataclass(frozen=True)
class CashEntry:
    """A balance entry with its charge and the order of that charge."""

    entry: Entry
    day: date
    charge: State | None
    order: OrderFacts | None

    @property
    def column(self) -> str:
        if self.entry.reporting_category in ("dispute", "dispute_reversal"):
            return "disputes"
        return COLUMN.get(self.entry.type, "cash_other")

    @property
    def channel(self) -> str:
        if self.charge is None:
            return ACCOUNT
        return self.order.channel if self.order is not None else DIRECT

    @property
    def row(self) -> Row:
        """The amounts of the mart ``cash``."""
        row = dict.fromkeys((f"{name}_minor" for name in NAMES), 0)
        row[f"{self.column}_minor"] = -self.entry.amount if self.column in OUTGOING else self.entry.amount
        row["cash_fees_minor"] += self.entry.fee
        row["balance_change_minor"] = self.entry.amount - self.entry.fee
        return row

    @property
    def is_direct(self) -> bool:
        """A receipt without an order."""
        return self.column == "cash_received" and self.order is None


class StripeAccount:
    """A Stripe account and the shop's orders, as of an instant."""

    def __init__(self, world: World, account: str, at: datetime | None) -> None:
        self.books: PaymentBooks = payment_books(world, account, at)
        shop = world.books(account, at)
        self.zone = ZoneInfo(shop.shop.time_zone)
        self.orders = {str(facts.order.id): facts for facts in counted_orders(shop)}

    @cached_property
    def charges(self) -> dict[str, State]:
        return {charge["id"]: charge for charge in self.books.states("charge")}

    @cached_property
    def _charge_ids(self) -> dict[str, str]:
        """The charge of each refund and dispute."""
        states = [*self.books.states("refund"), *self.books.states("dispute")]
        return {state["id"]: state["charge"] for state in states}

    def charge_of(self, entry: Entry) -> State | None:
        key = entry.source or ""
        return self.charges.get(self._charge_ids.get(key, key))

    def order_of(self, charge: State | None) -> OrderFacts | None:
        """The order that a charge names, if it counts."""
        return None if charge is None else self.orders.get(charge["metadata"].get("order_id", ""))

    def entries(self) -> Iterator[CashEntry]:
        for entry in self.books.entries:
            charge = self.charge_of(entry)
            day = datetime.fromtimestamp(entry.created, UTC).astimezone(self.zone).date()
            yield CashEntry(entry, day, charge, self.order_of(charge))


@lru_cache(maxsize=16)  # safe: the past of a world does not change
def cash_rows(world: World, account: str, at: datetime | None = None) -> dict[str, dict[str, object]]:
    """The rows of the mart ``cash`` by balance transaction id."""
    return {
        cash.entry.id: {
            "date_day": cash.day, "entry_type": cash.entry.type, "channel": cash.channel,
            "charge_id": cash.charge and cash.charge["id"], "order_id": cash.order and str(cash.order.order.id),
            **cash.row,
        }
        for cash in StripeAccount(world, account, at).entries()
    }  # fmt: skip


@lru_cache(maxsize=16)
def cash_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[date, str], Row]:
    """The cash family of ``metrics_daily`` by (day, channel)."""
    table: Table[tuple[date, str]] = Table()
    for cash in StripeAccount(world, account, at).entries():
        row = table[cash.day, cash.channel]
        for name, amount in cash.row.items():
            row[name] += amount
        row["direct_revenue_minor"] += cash.entry.amount if cash.is_direct else 0
    return table.rows()


@lru_cache(maxsize=16)
def order_charges(world: World, account: str, at: datetime | None = None) -> dict[str, dict[str, object]]:
    """The order of each charge that brought money, by charge id."""
    rows: dict[str, dict[str, object]] = {}
    for cash in StripeAccount(world, account, at).entries():
        if cash.column == "cash_received" and cash.charge is not None:
            order = cash.order
            rows[cash.charge["id"]] = {
                "order_id": order and str(order.order.id), "channel": cash.channel,
                "charged_minor": cash.entry.amount, "order_total_minor": order and order.order_total,
            }  # fmt: skip
    return rows
