"""The days of a creator: visits, carts, purchases and their future refunds.

Each day draws from its own random stream (seed, account, day), in order, so that a later instant only adds days.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

from simulator.books import DAY, HOUR, MINUTE, Instant
from simulator.scenarios.creator.books import FIRST_TIME, REPEAT, Creator, Purchase, Refund, Visit
from simulator.scenarios.creator.catalogue import (
    CONVERSION,
    COUNTRIES,
    GENERATION_FAILED,
    NOT_DELIVERED,
    PRODUCTS,
    REASONS,
    REFUND_SHARE,
    Generation,
    Product,
    choose,
    generate,
    price_of,
)

CART_SHARE, PURCHASE_SHARE = 24, 9  # percent of the visits, with the most frequent style
SHOWN_SHARE = 40  # percent of visits whose rows carry the price as sale_amount
RETURNING_SHARE, SAME_VISIT_SHARE = 22, 25  # percent: of the purchases; of those, with the visit id of the first one
SPECIAL_CASES = (
    "partial_refund", "two_equal_purchases", "refund_logged_twice", "late_refund", "flagged_refund",
    "refund_without_purchase", "refund_a_year_late", "two_products_in_one_visit", "wrong_customer_type", "failed",
)  # fmt: skip
"""By the last digit of the day's number; the package's docstring describes them."""
SOLD = tuple((product, product.weight) for product in PRODUCTS)
SAMPLE_DAY, SAMPLE_TIME = date(2025, 6, 19), time(15, 4, 32)
SAMPLE_PRODUCT = next(product for product in PRODUCTS if product.name == "AI Tools Toolkit")
SAMPLE_GENERATION = Generation("v2", "corporate", True, 123, "gpt-4")


class Days:
    """Adds the days of a creator; ``visits_per_day`` is their mean number."""

    def __init__(self, creator: Creator, seed: int, visits_per_day: float) -> None:
        self.creator, self.seed, self.visits_per_day = creator, seed, visits_per_day
        self.number, self.next_visit, self.next_buyer = 0, 1_001, 1
        self.buyers: list[tuple[int, str, set[str]]] = []  # who can return: buyer, first visit, vault and product names
        self.visits: list[Visit] = []  # of the day
        self.purchases: list[Purchase] = []

    def advance(self, instant: Instant) -> None:
        """Adds every day with an event until ``instant``: the visit of a purchase can be on the day before."""
        while self.midnight(self.number) <= instant + HOUR:
            self._add_day()
            self.number += 1

    def midnight(self, number: int) -> Instant:
        """The begin of day ``number`` in the creator's zone."""
        return self.local(self.creator.start + timedelta(days=number), time())

    def local(self, day: date, clock: time) -> Instant:
        return int(datetime.combine(day, clock, self.creator.zone).timestamp())

    def _add_day(self) -> None:
        rng = Random(f"{self.seed}:creator:{self.creator.account}:{self.number}")
        self.visits, self.purchases = [], []
        begin, end = self.midnight(self.number), self.midnight(self.number + 1)
        weekday = (1.0, 1.1, 1.1, 1.0, 0.9, 0.8, 1.1)[(self.creator.start + timedelta(days=self.number)).weekday()]
        known = len(self.buyers)
        for _ in range(max(1, round(self.visits_per_day * weekday * rng.uniform(0.7, 1.3)))):
            self._visit(begin + int(rng.triangular(0, end - begin - 1, (end - begin) * 0.7)), known, rng)
        self._special_case(begin, rng)
        self._month_edges(begin, end, rng)
        self._clock_change(begin, end, rng)
        if self.creator.start + timedelta(days=self.number) == SAMPLE_DAY:
            self._sample()
        self.creator.add(self.visits, self.purchases)

    def _visit(self, at: Instant, known: int, rng: Random) -> None:
        """A visit that may become a cart and a purchase; ``known`` buyers were there when the day began."""
        product = choose(SOLD, rng)
        generation = generate(product, self.number, rng)
        buys = rng.random() * 100 < PURCHASE_SHARE * CONVERSION[generation.style] / 100
        if not buys:
            self._look(at, product, generation, rng, has_cart=rng.random() * 100 < CART_SHARE)
            return
        purchase = self._buy(at, product, generation, rng, known=known)
        share = 60 if not generation.succeeded else REFUND_SHARE[product.language]
        if rng.random() * 100 < share:
            self._refund(purchase, rng)

    def _look(
        self, at: Instant, product: Product, generation: Generation, rng: Random, *, has_cart: bool, visit_id: str = "",
        customer_type: str = FIRST_TIME, country: str = "",
    ) -> Visit:  # fmt: skip
        shown = price_of(product, self.midnight(0), at) if rng.random() * 100 < SHOWN_SHARE else 0
        cart_at = at + 20 + int(rng.random() * 5 * MINUTE) if has_cart else None
        country = country or choose(COUNTRIES[product.language], rng)
        visit = Visit(at, visit_id or self._visit_id(), product, generation, country, customer_type, cart_at, shown)
        self.visits.append(visit)
        return visit

    def _buy(
        self,
        at: Instant,
        product: Product,
        generation: Generation,
        rng: Random,
        *,
        known: int = 0,
        has_visit: bool = True,
    ) -> Purchase:
        """A purchase by a new or a returning buyer, with its visit a few minutes before."""
        country, visit_id, returns = choose(COUNTRIES[product.language], rng), "", False
        buyer, place = 0, int(rng.random() * known)
        if known and rng.random() * 100 < RETURNING_SHARE:
            buyer, first_visit, names = self.buyers[place]
            if returns := product.name not in names:
                visit_id = first_visit if rng.random() * 100 < SAME_VISIT_SHARE else ""
                names.add(product.name)
        visit_id = visit_id or self._visit_id()
        if not returns:
            buyer = self._new_buyer(visit_id, product)
        kind = REPEAT if returns else FIRST_TIME
        if has_visit:
            before = 6 * MINUTE + int(rng.random() * 20 * MINUTE)
            visited_at = max(self.midnight(0), at - before)
            self._look(
                visited_at,
                product,
                generation,
                rng,
                has_cart=True,
                visit_id=visit_id,
                customer_type=kind,
                country=country,
            )
        delivered = rng.random() * 100 >= (70 if not generation.succeeded else 2)
        amount = price_of(product, self.midnight(0), at)
        purchase = Purchase(at, visit_id, buyer, product, generation, amount, country, returns, kind, delivered)
        self.purchases.append(purchase)
        return purchase

    def _new_buyer(self, visit_id: str, product: Product) -> int:
        buyer, self.next_buyer = self.next_buyer, self.next_buyer + 1
        self.buyers.append((buyer, visit_id, {product.name}))
        return buyer

    def _visit_id(self) -> str:
        number, self.next_visit = self.next_visit, self.next_visit + 1
        return f"visit_{number}"

    # --- refunds

    def _refund(self, purchase: Purchase, rng: Random) -> None:
        """A refund of a usual purchase: as a row, as a flag, or as both."""
        kind = rng.choices(("row", "flag", "both"), (60, 20, 20))[0]
        delay = int(rng.expovariate(1 / (9 * DAY))) + HOUR if kind == "row" else int(rng.uniform(1, 60) * HOUR)
        self._give_back(purchase, delay, kind, rng)

    def _give_back(self, purchase: Purchase, delay: int, kind: str, rng: Random, amount: int | None = None) -> None:
        """Replaces the purchase by one with a refund. A flag needs the month of the sale: older files never change."""
        at = purchase.at + delay
        if self.creator.local(at).month != self.creator.local(purchase.at).month or delay > 27 * DAY:
            kind = "row"
        reason = GENERATION_FAILED if not purchase.generation.succeeded else rng.choice(REASONS)
        if purchase.generation.succeeded and not purchase.delivered:
            reason = NOT_DELIVERED
        amount = purchase.amount if amount is None else amount
        refund = Refund(at, amount, reason, flagged=kind != "row", logged=kind != "flag")
        self.purchases[self.purchases.index(purchase)] = replace(purchase, refund=refund)

    # --- special cases

    def _special_case(self, begin: Instant, rng: Random) -> None:
        """The purchase of the day's special case, between 8 and 19 o'clock: a refund follows on the same day."""
        case, at = SPECIAL_CASES[self.number % 10], begin + int(rng.triangular(8, 19, 16) * HOUR)
        product = PRODUCTS[self.number // 10 % len(PRODUCTS)]
        generation = generate(product, self.number, rng)._replace(succeeded=case != "failed")
        purchase = self._buy(at, product, generation, rng, has_visit=case != "refund_without_purchase")
        purchase = self._change(purchase, delivered=case != "failed")
        if case == "partial_refund":
            self._give_back(purchase, 3 * DAY, "row", rng, amount=purchase.amount * 2 // 5)
        elif case == "two_equal_purchases":
            self.purchases.append(replace(purchase, bought_before=True))
        elif case == "refund_logged_twice":
            self._give_back(purchase, 5 * HOUR, "both", rng)
        elif case == "late_refund":
            self._give_back(purchase, (21 + self.number % 36) * DAY, "row", rng)
        elif case in ("flagged_refund", "failed"):
            self._give_back(purchase, 4 * HOUR, "flag" if case == "flagged_refund" else "both", rng)
        elif case == "refund_without_purchase":
            old = self._change(purchase, at=self.midnight(0) - 40 * DAY, logged=False)
            self._give_back(old, at - old.at, "row", rng)
        elif case == "refund_a_year_late":
            self._give_back(purchase, 366 * DAY, "row", rng)
        elif case == "two_products_in_one_visit":
            other = PRODUCTS[(PRODUCTS.index(product) + 2) % len(PRODUCTS)]
            second = replace(
                purchase, at=at + 3 * MINUTE, product=other, amount=price_of(other, self.midnight(0), at),
                bought_before=True, customer_type=REPEAT,
            )  # fmt: skip
            self.purchases.append(second)
        elif case == "wrong_customer_type" and len(self.buyers) > 1:
            self.buyers.pop()  # the buyer is the first one, not a new one
            self.buyers[0][2].add(product.name)
            self._change(purchase, buyer=self.buyers[0][0], bought_before=True, customer_type=FIRST_TIME)

    def _change(self, purchase: Purchase, **changes: object) -> Purchase:
        changed = replace(purchase, **changes)  # type: ignore[arg-type]
        self.purchases[self.purchases.index(purchase)] = changed
        return changed

    def _month_edges(self, begin: Instant, end: Instant, rng: Random) -> None:
        day = self.creator.start + timedelta(days=self.number)
        for is_edge, at in ((day.day == 1, begin), ((day + timedelta(days=1)).day == 1, end - 1)):
            if is_edge:
                product = PRODUCTS[day.month % len(PRODUCTS)]
                self._buy(at, product, generate(product, self.number, rng), rng, has_visit=False)

    def _clock_change(self, begin: Instant, end: Instant, rng: Random) -> None:
        """In autumn a visit and a purchase at the same local time, before and after the change; in spring a visit
        across the change."""
        if end - begin == DAY:
            return
        offsets = [datetime.fromtimestamp(begin + hour * HOUR, self.creator.zone).utcoffset() for hour in range(26)]
        change = begin + next(hour for hour in range(26) if offsets[hour] != offsets[0]) * HOUR
        product = PRODUCTS[0]
        generation = generate(product, self.number, rng)
        if end - begin > DAY:
            self._look(change - 30 * MINUTE, product, generation, rng, has_cart=False)
            self._buy(change + 30 * MINUTE, product, generation, rng, has_visit=False)
        else:
            visit = self._look(change - 2 * MINUTE, product, generation, rng, has_cart=True)
            self.visits[-1] = replace(visit, cart_at=change + 2 * MINUTE)

    def _sample(self) -> None:
        """The purchase of the sample entry in the log's description."""
        visit_id, at = "visit_123", self.local(SAMPLE_DAY, SAMPLE_TIME)
        buyer = self._new_buyer(visit_id, SAMPLE_PRODUCT)
        purchase = Purchase(
            at, visit_id, buyer, SAMPLE_PRODUCT, SAMPLE_GENERATION, 4999, "US",
            bought_before=False, customer_type=FIRST_TIME, delivered=True,
        )  # fmt: skip
        self.purchases.append(purchase)
