"""Cash from the entries of the payment account, one at a time; the bridge from charge to order; direct revenue.

Days are the shop's calendar days of an entry's creation, amounts minor units of the account's currency.  What each
entry is follows from docs' three families: receipts gross, fees wherever they stand, refunds less failed ones,
disputes withdrawn less reinstated, payouts less failed ones; the rest is other.
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
from tests.oracle.facts import OrderFacts, placed
from tests.oracle.marts import Row, Table

DIRECT, ACCOUNT = "API / direct", "Account"
COLUMN = {
    "charge": "cash_received", "payment": "cash_received",
    "refund": "cash_refunded", "payment_refund": "cash_refunded",
    "refund_failure": "cash_refunded", "payment_failure_refund": "cash_refunded",
    "payout": "payouts", "payout_failure": "payouts", "payout_cancel": "payouts",
    "stripe_fee": "cash_fees", "network_cost": "cash_fees",
}  # fmt: skip
TAKEN = {"cash_refunded", "disputes", "cash_fees", "payouts"}  # told with a minus by the entry, with a plus by us
NAMES = ("cash_received", "cash_fees", "cash_refunded", "disputes", "payouts", "cash_other")


@dataclass(frozen=True)
class Moved:
    """A balance entry as the definitions read it; ``charge`` is the one it belongs to, ``order`` that charge's."""

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
        """Every column of the mart ``cash``, in minor units."""
        found = dict.fromkeys((f"{name}_minor" for name in NAMES), 0)
        found[f"{self.column}_minor"] = -self.entry.amount if self.column in TAKEN else self.entry.amount
        found["cash_fees_minor"] += self.entry.fee
        found["balance_change_minor"] = self.entry.amount - self.entry.fee
        return found

    @property
    def is_direct(self) -> bool:
        """Money taken without an order."""
        return self.column == "cash_received" and self.order is None


class Till:
    """A payment account and the shop's orders, at one instant."""

    def __init__(self, world: World, account: str, at: datetime | None) -> None:
        self.books: PaymentBooks = payment_books(world, account, at)
        shop = world.books(account, at)
        self.zone = ZoneInfo(shop.shop.time_zone)
        self.orders = {str(each.order.id): each for each in placed(shop)}

    @cached_property
    def charges(self) -> dict[str, State]:
        return {each["id"]: each for each in self.books.states("charge")}

    @cached_property
    def _parents(self) -> dict[str, str]:
        """Refund or dispute to its charge."""
        both = [*self.books.states("refund"), *self.books.states("dispute")]
        return {each["id"]: each["charge"] for each in both}

    def charge_of(self, entry: Entry) -> State | None:
        key = entry.source or ""
        return self.charges.get(self._parents.get(key, key))

    def order_of(self, charge: State | None) -> OrderFacts | None:
        """The order that a charge names, where it exists and counts."""
        return None if charge is None else self.orders.get(charge["metadata"].get("order_id", ""))

    def moved(self) -> Iterator[Moved]:
        for entry in self.books.entries:
            charge = self.charge_of(entry)
            day = datetime.fromtimestamp(entry.created, UTC).astimezone(self.zone).date()
            yield Moved(entry, day, charge, self.order_of(charge))


@lru_cache(maxsize=16)  # pure: a world does not change its past
def cash_rows(world: World, account: str, at: datetime | None = None) -> dict[str, dict[str, object]]:
    """Balance transaction id to the row of the mart ``cash``."""
    return {
        each.entry.id: {
            "date_day": each.day, "entry_type": each.entry.type, "channel": each.channel,
            "charge_id": each.charge and each.charge["id"], "order_id": each.order and str(each.order.order.id),
            **each.row,
        }
        for each in Till(world, account, at).moved()
    }  # fmt: skip


@lru_cache(maxsize=16)
def cash_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[date, str], Row]:
    """(day, channel) to the cash family of ``metrics_daily``."""
    table: Table[tuple[date, str]] = Table()
    for each in Till(world, account, at).moved():
        row = table[each.day, each.channel]
        for name, amount in each.row.items():
            row[name] += amount
        row["direct_revenue_minor"] += each.entry.amount if each.is_direct else 0
    return table.done()


@lru_cache(maxsize=16)
def order_charges(world: World, account: str, at: datetime | None = None) -> dict[str, dict[str, object]]:
    """Charge id to its order, for charges that brought money: the bridge."""
    till, found = Till(world, account, at), dict[str, dict[str, object]]()
    for each in till.moved():
        if each.column == "cash_received" and each.charge is not None:
            order = each.order
            found[each.charge["id"]] = {
                "order_id": order and str(order.order.id), "channel": each.channel,
                "charged_minor": each.entry.amount, "order_total_minor": order and order.ordered,
            }  # fmt: skip
    return found
