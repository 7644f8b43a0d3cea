"""Monthly recurring revenue from the subscribers' true histories: what each was worth at an instant, and how it moved.

Amounts are minor units of the account's currency.  A subscription's state at a month's end is read from its history,
which the source itself does not keep.  Months that ended before the first pull can only be told as they were billed:
what became cheaper, or was paused, shows with the next period, what became dearer at once, asked for by the day.
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

COUNTING = {"active", "past_due"}
A_MONTH = {"month": Fraction(1), "year": Fraction(1, 12), "week": Fraction(52, 12), "day": Fraction(365, 12)}
Worth = Mapping[str, int]  # customer id to minor units a month; none is zero


def away_from_zero(amount: Fraction) -> int:
    """To whole minor units, halves away from zero."""
    whole = (2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator)
    return whole if amount >= 0 else -whole


def shown(price: State, quantity: int) -> int:
    """What so many units cost a period, as the price says."""
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
    """Prices and coupons, those that are gone too."""

    books: PaymentBooks

    def thing(self, kind: str, identity: str) -> State:
        return next(one.at(self.books.at) for one in self.books.ledger.objects[kind] if one.id == identity)

    def forever(self, discounts: Iterable[str]) -> list[State]:
        """The coupons among these discounts that never end, in their order."""
        coupons = [self.thing("coupon", self.thing("discount", each)["source"]["coupon"]) for each in discounts]
        return [each for each in coupons if each["duration"] == "forever"]


def reduced(worths: list[Fraction], coupons: Iterable[State]) -> list[Fraction]:
    """What is left of a period's amounts: percents off each, an amount off all of them by what they are worth."""
    for coupon in coupons:
        total = sum(worths, Fraction(0))
        if coupon.get("percent_off") is not None:
            left = 1 - Fraction(coupon["percent_off"]) / 100
        else:
            left = 1 - min(Fraction(coupon["amount_off"]), total) / total if total else Fraction(1)
        worths = [each * left for each in worths]
    return worths


def worth(catalogue: Catalogue, subscription: State, of_customer: list[str]) -> int:
    """What a subscription is worth a month, in the state given."""
    paused = subscription["pause_collection"]
    if subscription["status"] not in COUNTING or (paused and paused["behavior"] == "void"):
        return 0
    items = [(item, catalogue.thing("price", item["price"])) for item in subscription["items"]]
    items = [(item, price) for item, price in items if price["recurring"] and _licensed(price)]
    worths = [
        reduced([Fraction(shown(price, item["quantity"]))], catalogue.forever(item["discounts"]))[0]
        for item, price in items
    ]
    worths = reduced(worths, catalogue.forever(subscription["discounts"] or of_customer))
    return sum(
        away_from_zero(_without_tax(amount, item["tax_rates"] or subscription["default_tax_rates"]) * _months(price))
        for amount, (item, price) in zip(worths, items, strict=True)
    )


def _licensed(price: State) -> bool:
    return bool(price["recurring"]["usage_type"] == "licensed")


def _without_tax(amount: Fraction, rates: Iterable[State]) -> Fraction:
    rate = sum((Fraction(each["percentage"]) for each in rates if each["inclusive"]), Fraction(0))
    return amount / (1 + rate / 100)


def _months(price: State) -> Fraction:
    return A_MONTH[price["recurring"]["interval"]] / int(price["recurring"]["interval_count"])


def as_billed(thing: StripeObject, instant: int, catalogue: Catalogue, looked: int) -> State:
    """A subscription at an instant as its dates and its bills tell it, its coupons as the first look did."""
    now = thing.at(instant)
    if now["status"] not in COUNTING:
        return now
    begun = thing.at(now["items"][0]["current_period_start"])
    told = now | {"items": begun["items"], "pause_collection": begun["pause_collection"],
                  "discounts": thing.at(looked)["discounts"]}  # fmt: skip
    dearer = told | {"items": now["items"]}
    return max(told, dearer, key=lambda each: worth(catalogue, each, []))


def worths_at(books: PaymentBooks, instant: int, looked: int | None = None) -> Worth:
    """What each customer was worth at an instant (not after that of the books): truly, or, of the time before somebody
    looked, as billed.
    """
    catalogue, found = Catalogue(books), dict[str, int]()
    customers = {one.id: one for one in books.ledger.objects.get("customer", [])}
    for thing in books.ledger.objects.get("subscription", []):
        if thing.created <= instant:
            state = thing.at(instant) if looked is None else as_billed(thing, instant, catalogue, looked)
            discount = customers[state["customer"]].at(instant).get("discount")
            amount = worth(catalogue, state, [discount] if discount else [])
            if amount:
                found[state["customer"]] = found.get(state["customer"], 0) + amount
    return found


def month_end(month: date, zone: ZoneInfo, at: int) -> int:
    """The last second of a month in the tenant's zone, or the books' instant while the month is going on."""
    return min(at, int(datetime.combine(following(month), time(), zone).timestamp()) - 1)


def following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_until(first: date, last: date) -> list[date]:
    found = [first.replace(day=1)]
    while found[-1] < last.replace(day=1):
        found.append(following(found[-1]))
    return found


@lru_cache(maxsize=16)  # pure: a world does not change its past
def worths(
    world: World, account: str, at: datetime | None = None, first_pull: datetime | None = None
) -> dict[date, Worth]:
    """Month to what each customer was worth at its end, from the first subscription's month to that of ``at``.

    Months that ended before the first pull are as billed; without one all are true.
    """
    books, zone = payment_books(world, account, at), ZoneInfo(world.shop(account).time_zone)
    until = seconds(world.end if at is None else at)
    starts = [one.created for one in books.ledger.objects.get("subscription", []) if one.created <= until]
    if not starts:
        return {}
    first, last = (datetime.fromtimestamp(each, UTC).astimezone(zone).date() for each in (min(starts), until))
    looked = 0 if first_pull is None else seconds(first_pull)
    ends = {month: month_end(month, zone, until) for month in months_until(first, last)}
    return {month: worths_at(books, end, looked if end < looked else None) for month, end in ends.items()}


def movement(before: int, now: int, was_ever: bool) -> str | None:
    """What became of a customer in a month, tested in the order of the definitions."""
    if now and not before:
        return "reactivation" if was_ever else "new"
    if before and not now:
        return "churn"
    if now == before:
        return None
    return "expansion" if now > before else "contraction"


def moved(table: Mapping[date, Worth]) -> dict[tuple[str, date], tuple[int, str | None, int]]:
    """(customer, month) to (worth at its end, movement, by how much); months in which nothing was and nothing moved are
    left out."""
    found: dict[tuple[str, date], tuple[int, str | None, int]] = {}
    before: Worth = {}
    ever: set[str] = set()
    for month, now in table.items():
        for customer in sorted({*before, *now}):
            was, worth_now = before.get(customer, 0), now.get(customer, 0)
            how = movement(was, worth_now, customer in ever)
            found[customer, month] = (worth_now, how, worth_now - was)
        before, ever = now, ever | set(now)
    return found


def monthly(table: Mapping[date, Worth]) -> dict[date, dict[str, int]]:
    """Month to opening, movements (signed) and closing, and how many customers."""
    steps, found, opening = moved(table), dict[date, dict[str, int]](), dict[str, int]()
    for month, closing in table.items():
        row = {"opening_mrr_minor": sum(opening.values()), "closing_mrr_minor": sum(closing.values())}
        of_month = [(how, amount) for (_, when), (_, how, amount) in steps.items() if when == month]
        for name in ("new", "reactivation", "churn", "expansion", "contraction"):
            row[f"{name}_mrr_minor"] = sum(amount for how, amount in of_month if how == name)
        row |= {"customers_opening": len(opening), "customers_closing": len(closing)}
        for name in ("new", "reactivation", "churn"):
            row[f"customers_{name}"] = sum(1 for how, _ in of_month if how == name)
        found[month], opening = row, dict(closing)
    return found
