"""Monthly recurring revenue (MRR) from the true histories of the subscribers: by customer and month, with movements.

Amounts are minor units of the account's currency. The state of a subscription at a month's end comes from its history,
which Stripe itself does not keep. Months that ended before the first pull are known only from bills: a lower price or a
pause shows with the next period, a higher price at once, through its prorations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from simulator import World
from simulator.scenarios.payments import PaymentBooks, payment_books
from simulator.scenarios.payments.books import State, StripeObject
from simulator.world import seconds

COUNTED_STATUSES = {"active", "past_due"}
PERIODS_PER_MONTH = {"month": Fraction(1), "year": Fraction(1, 12), "week": Fraction(52, 12), "day": Fraction(365, 12)}
Mrr = Mapping[str, int]  # minor units per month by customer id, without zeros


def away_from_zero(amount: Fraction) -> int:
    """Rounded to whole minor units, halves away from zero."""
    whole = (2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator)
    return whole if amount >= 0 else -whole


def period_amount(price: State, quantity: int) -> int:
    """The amount of one period, before discounts."""
    if price["billing_scheme"] != "tiered":
        return int(price["unit_amount"]) * quantity
    total, below = 0, 0
    for tier in price["tiers"]:
        units = (quantity if tier["up_to"] is None else min(quantity, int(tier["up_to"]))) - below
        if units > 0:
            total, below = total + units * int(tier["unit_amount"]), below + units
    return total


@dataclass(frozen=True)
class Catalogue:
    """Prices and coupons, deleted ones too."""

    books: PaymentBooks

    def state(self, kind: str, identity: str) -> State:
        return next(item.at(self.books.at) for item in self.books.ledger.objects[kind] if item.id == identity)

    def lasting_coupons(self, discounts: Iterable[str]) -> list[State]:
        """The coupons of discounts that never end, in their order."""
        coupons = [self.state("coupon", self.state("discount", key)["source"]["coupon"]) for key in discounts]
        return [coupon for coupon in coupons if coupon["duration"] == "forever"]


def discounted(amounts: list[Fraction], coupons: Iterable[State]) -> list[Fraction]:
    """The amounts of a period after coupons, one after the other; an amount off is split in proportion."""
    for coupon in coupons:
        total = sum(amounts, Fraction(0))
        if coupon.get("percent_off") is not None:
            share = 1 - Fraction(coupon["percent_off"]) / 100
        else:
            share = 1 - min(Fraction(coupon["amount_off"]), total) / total if total else Fraction(1)
        amounts = [amount * share for amount in amounts]
    return amounts


def mrr_of(catalogue: Catalogue, subscription: State, customer_discounts: list[str]) -> int:
    """The MRR of a subscription in a state."""
    paused = subscription["pause_collection"]
    if subscription["status"] not in COUNTED_STATUSES or (paused and paused["behavior"] == "void"):
        return 0
    items = [(item, catalogue.state("price", item["price"])) for item in subscription["items"]]
    items = [(item, price) for item, price in items if price["recurring"] and _licensed(price)]
    amounts = [
        discounted([Fraction(period_amount(price, item["quantity"]))], catalogue.lasting_coupons(item["discounts"]))[0]
        for item, price in items
    ]
    amounts = discounted(amounts, catalogue.lasting_coupons(subscription["discounts"] or customer_discounts))
    return sum(
        away_from_zero(
            _without_tax(amount, item["tax_rates"] or subscription["default_tax_rates"]) * _periods_per_month(price)
        )
        for amount, (item, price) in zip(amounts, items, strict=True)
    )


def _licensed(price: State) -> bool:
    return bool(price["recurring"]["usage_type"] == "licensed")


def _without_tax(amount: Fraction, rates: Iterable[State]) -> Fraction:
    percent = sum((Fraction(rate["percentage"]) for rate in rates if rate["inclusive"]), Fraction(0))
    return amount / (1 + percent / 100)


def _periods_per_month(price: State) -> Fraction:
    return PERIODS_PER_MONTH[price["recurring"]["interval"]] / int(price["recurring"]["interval_count"])


def as_billed(subscription: StripeObject, instant: int, catalogue: Catalogue, first_pull: int) -> State:
    """The state at an instant before the first pull: dates and items from the bills, coupons as of the first pull."""
    now = subscription.at(instant)
    if now["status"] not in COUNTED_STATUSES:
        return now
    at_start = subscription.at(now["items"][0]["current_period_start"])
    billed = now | {"items": at_start["items"], "pause_collection": at_start["pause_collection"],
                    "discounts": subscription.at(first_pull)["discounts"]}  # fmt: skip
    prorated = billed | {"items": now["items"]}
    return max(billed, prorated, key=lambda state: mrr_of(catalogue, state, []))


def mrr_by_customer(books: PaymentBooks, instant: int, first_pull: int | None = None) -> Mrr:
    """The MRR of each customer at an instant, which is not after that of the books; with ``first_pull``, as billed."""
    catalogue, mrr = Catalogue(books), dict[str, int]()
    customers = {customer.id: customer for customer in books.ledger.objects.get("customer", [])}
    for subscription in books.ledger.objects.get("subscription", []):
        if subscription.created > instant:
            continue
        state = subscription.at(instant)
        if first_pull is not None:
            state = as_billed(subscription, instant, catalogue, first_pull)
        discount = customers[state["customer"]].at(instant).get("discount")
        amount = mrr_of(catalogue, state, [discount] if discount else [])
        if amount:
            mrr[state["customer"]] = mrr.get(state["customer"], 0) + amount
    return mrr


def month_end(month: date, zone: ZoneInfo, at: int) -> int:
    """The last second of a month in the tenant's zone, or the instant of the books in the current month."""
    return min(at, int(datetime.combine(following(month), time(), zone).timestamp()) - 1)


def following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_until(first: date, last: date) -> list[date]:
    months = [first.replace(day=1)]
    while months[-1] < last.replace(day=1):
        months.append(following(months[-1]))
    return months


@lru_cache(maxsize=16)  # safe: the past of a world does not change
def mrr_by_month(
    world: World, account: str, at: datetime | None = None, first_pull: datetime | None = None
) -> dict[date, Mrr]:
    """The MRR of each customer at the end of each month, from the month of the first subscription to that of ``at``.

    Months that ended before ``first_pull`` are as billed; without it, all months are true.
    """
    books, zone = payment_books(world, account, at), ZoneInfo(world.shop(account).time_zone)
    until = seconds(world.end if at is None else at)
    subscriptions = books.ledger.objects.get("subscription", [])
    starts = [subscription.created for subscription in subscriptions if subscription.created <= until]
    if not starts:
        return {}
    first, last = (datetime.fromtimestamp(instant, UTC).astimezone(zone).date() for instant in (min(starts), until))
    pulled = 0 if first_pull is None else seconds(first_pull)
    ends = {month: month_end(month, zone, until) for month in months_until(first, last)}
    return {month: mrr_by_customer(books, end, pulled if end < pulled else None) for month, end in ends.items()}


def movement(before: int, now: int, had_mrr: bool) -> str | None:
    """The movement of a customer in a month; the rules apply in this order. ``had_mrr``: in any earlier month."""
    if now and not before:
        return "reactivation" if had_mrr else "new"
    if before and not now:
        return "churn"
    if now == before:
        return None
    return "expansion" if now > before else "contraction"


def movements(by_month: Mapping[date, Mrr]) -> dict[tuple[str, date], tuple[int, str | None, int]]:
    """(closing MRR, movement, change) by (customer, month), without months with no MRR before and after."""
    rows: dict[tuple[str, date], tuple[int, str | None, int]] = {}
    opening: Mrr = {}
    earlier: set[str] = set()
    for month, closing in by_month.items():
        for customer in sorted({*opening, *closing}):
            before, now = opening.get(customer, 0), closing.get(customer, 0)
            rows[customer, month] = (now, movement(before, now, customer in earlier), now - before)
        opening, earlier = closing, earlier | set(closing)
    return rows


def monthly(by_month: Mapping[date, Mrr]) -> dict[date, dict[str, int]]:
    """Opening MRR, movements (signed), closing MRR and numbers of customers by month."""
    changes, rows, opening = movements(by_month), dict[date, dict[str, int]](), dict[str, int]()
    for month, closing in by_month.items():
        row = {"opening_mrr_minor": sum(opening.values()), "closing_mrr_minor": sum(closing.values())}
        of_month = [(kind, amount) for (_, when), (_, kind, amount) in changes.items() if when == month]
        for name in ("new", "reactivation", "churn", "expansion", "contraction"):
            row[f"{name}_mrr_minor"] = sum(amount for kind, amount in of_month if kind == name)
        row |= {"customers_opening": len(opening), "customers_closing": len(closing)}
        for name in ("new", "reactivation", "churn"):
            row[f"customers_{name}"] = sum(1 for kind, _ in of_month if kind == name)
        rows[month], opening = row, dict(closing)
    return rows
