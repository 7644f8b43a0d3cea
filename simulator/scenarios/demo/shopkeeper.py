"""A demo shop, simulated day by day.

Each day draws from a random stream of its own (seed, shop, date), and each order's whole life is written down when it
is placed, with the instants at which things will happen.  So a day never changes what was before it, and the simulation
can go on as far as a clock is moved.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from math import pi, sin
from random import Random
from zoneinfo import ZoneInfo

from simulator.books import Address, Application, Charge, Customer, Instant, Line, Order, Variant
from simulator.history import ShopHistory
from simulator.money import shown_price
from simulator.scenarios.demo.catalogue import Shelves
from simulator.scenarios.demo.checkout import DAY, HOUR, MINUTE, Rates, Till, percent
from simulator.scenarios.demo.post_purchase import AFTER, Story
from simulator.scenarios.demo.scenarios import PLAIN, SCENARIOS, Scenario
from simulator.scenarios.demo.shops import Profile

FIRST_ORDER_ID, FIRST_CUSTOMER_ID = 5_000_000, 6_000_000
WEEKDAYS = (0.95, 0.9, 0.95, 1.0, 1.1, 1.15, 0.95)
TAGGED_EVERY = 97  # days between two mass edits that give many orders one updatedAt
CUSTOM_TITLES = ("Engraving, two lines", '=SUM(A1:A9) "special"', "-10 Größen-Anpassung")
HALTED = ("ON_HOLD", "SCHEDULED", "OPEN", "PENDING_FULFILLMENT", "REQUEST_DECLINED")
_NAMES, _WEIGHTS = zip(*[(name, scenario.weight) for name, scenario in SCENARIOS.items()], strict=True)


class Shopkeeper:
    """Writes a shop's history; ``per_day`` is how many orders a mean day brings."""

    def __init__(self, profile: Profile, history: ShopHistory, seed: int, start: date, per_day: float) -> None:
        self.profile, self.history, self.seed, self.start, self.per_day = profile, history, seed, start, per_day
        self.zone, self.day, self.carry = ZoneInfo(profile.shop.time_zone), start, 0.0
        self.shelves = Shelves(profile, Random(f"{seed}:{profile.shop.account}:shelves"), self._midnight(start))
        history.products = self.shelves.products
        self.emails: list[Customer] = []

    def _midnight(self, day: date) -> Instant:
        return int(datetime.combine(day, time(), self.zone).timestamp())

    def advance(self, instant: Instant) -> bool:
        """Simulates every day that has begun at ``instant`` and is not yet; whether there was one."""
        began = self.day
        while self._midnight(self.day) <= instant:
            self._live(self.day)
            self.day += timedelta(days=1)
        return self.day != began

    def _live(self, day: date) -> None:
        rng, number = Random(f"{self.seed}:{self.profile.shop.account}:{day}"), (day - self.start).days
        midnight = self._midnight(day)
        self.shelves.new_day(number, midnight, rng)
        season = 1 + 0.25 * sin(2 * pi * number / 365)
        self.carry += self.per_day * WEEKDAYS[day.weekday()] * season * rng.uniform(0.8, 1.2)
        count, self.carry = int(self.carry), self.carry - int(self.carry)
        for at in self._moments(day, midnight, count, rng):
            self._place(at, rng)
        if number % TAGGED_EVERY == TAGGED_EVERY - 1:
            self._tag(midnight + 3 * HOUR)
        if number % 23 == 20 and self.history.customers:
            customer = rng.choice(self.history.customers)
            first, _ = customer.names[-1][1]
            customer.names.append((midnight + 9 * HOUR, (first, rng.choice(self.profile.last_names))))

    def _moments(self, day: date, midnight: Instant, count: int, rng: Random) -> list[Instant]:
        """When the day's orders come: always some around midnight at month's turn and around a clock change."""
        length = self._midnight(day + timedelta(days=1)) - midnight
        fixed = []
        if day.day == 1:
            fixed.append(7)
        if (day + timedelta(days=1)).day == 1:
            fixed.append(length - 7)
        if length != DAY:
            fixed += [90 * MINUTE, 150 * MINUTE, 210 * MINUTE, length - 5 * MINUTE]
        chance = [int(rng.triangular(0, length, length * 0.62)) for _ in range(max(0, count - len(fixed)))]
        self.carry -= max(0, len(fixed) - count)
        return sorted(midnight + second for second in (*fixed, *chance))

    def _tag(self, at: Instant) -> None:
        """A mass edit of tags: the orders of the last 60 days all get the same updatedAt."""
        for order in reversed(self.history.orders):
            if order.created_at < at - 60 * DAY:
                break
            if order.created_at <= at:
                order.touched.append(at)

    def _scenario(self, number: int, rng: Random) -> tuple[str, Scenario]:
        """Two of three of the first orders live through the next special case; later ones by their weights."""
        turn = number - 1 - number // 3
        if number % 3 and turn < len(SCENARIOS):
            return _NAMES[turn], SCENARIOS[_NAMES[turn]]
        if rng.random() < sum(_WEIGHTS) / 1000:
            name = rng.choices(_NAMES, _WEIGHTS)[0]
            return name, SCENARIOS[name]
        return "plain", PLAIN

    # --- one order

    def _place(self, at: Instant, rng: Random) -> None:
        number = len(self.history.orders)
        name, scenario = self._scenario(number, rng)
        order = Order(
            FIRST_ORDER_ID + number,
            f"{self.profile.prefix}{self.profile.first_order + number}",
            at,
            at,
            scenario.source or "web",
            0,
            self.profile.shop.taxes_included,
            scenario=name,
            test=scenario.test,
        )
        till = Till(order)
        order.agreement = till.agreement()
        if scenario.imported:
            order.processed_at = at - rng.randrange(40, 300) * DAY
        self._buyer(order, scenario, at, rng)
        if scenario.presentment or (scenario.presentment is None and rng.random() < 0.04):
            order.presentment = rng.choice(self.profile.presentments)
        rates = rng.choices([each for _, each in self.profile.taxes], [weight for weight, _ in self.profile.taxes])[0]
        self._basket(till, scenario, rates, at, rng)
        self._ship(till, scenario, rates, at, rng)
        self._pay(till, scenario.pay or rng.choices(("paid", "captured", "pending"), (85, 12, 3))[0], at, rng)
        self._fulfil(order, at, rng)
        if scenario.after:
            AFTER[scenario.after](Story(till, rng, at, lambda: self._pick(rng, rates, at)))
        self._end(order, scenario, at, rng)
        self.history.orders.append(order)

    def _buyer(self, order: Order, scenario: Scenario, at: Instant, rng: Random) -> None:
        who = scenario.who or rng.choices(("returning", "new", "guest", "guest_email"), (46, 44, 6, 4))[0]
        first, last = rng.choice(self.profile.first_names), rng.choice(self.profile.last_names)
        country, known = rng.choice(self.profile.countries), self.history.customers
        if who in ("customer", "returning") and known:
            order.customer = known[len(known) - 1 - int(len(known) * rng.random() ** 1.3)]
        elif who in ("customer", "returning", "new"):
            order.customer = self._register(first, last, country, at)
        if order.customer is not None:
            order.customer.order_instants.append(at)
            order.email, country = order.customer.email, order.customer.country
            first, last = order.customer.names[-1][1]
        elif who == "guest_email":
            pool = f"guest{rng.randrange(1 + len(self.history.orders) // 4)}"
            order.email = rng.choice((f"{pool}@example.org", f"{pool.title()}@Example.org"))
        elif who == "guest_of_customer" and self.emails:
            order.email = rng.choice(self.emails).email
            order.email = order.email.upper() if order.email and rng.random() < 0.5 else order.email
        name = f"{first} {last}"
        if order.source != "pos":
            order.billing = Address(name, country)
            gift = Address(f"{rng.choice(self.profile.first_names)} {last}", country)
            order.shipping_address = order.billing if rng.random() < 0.8 else gift
        elif order.customer is not None and rng.random() < 0.5:
            order.billing = Address(name, country)

    def _register(self, first: str, last: str, country: str, at: Instant) -> Customer:
        number = FIRST_CUSTOMER_ID + len(self.history.customers)
        email = None if number % 29 == 0 else f"customer{number}@example.com"
        customer = Customer(number, [(at, (first, last))], email, country, at, ("vip",) if number % 10 == 0 else ())
        self.history.customers.append(customer)
        if email:
            self.emails.append(customer)
        return customer

    def _pick(self, rng: Random, rates: Rates, at: Instant) -> tuple[Variant, Rates]:
        variant = self.shelves.pick(rng, at)
        reduced = variant.product.product_type in self.profile.reduced_types and bool(rates)
        return variant, self.profile.reduced if reduced else rates

    def _basket(self, till: Till, scenario: Scenario, rates: Rates, at: Instant, rng: Random) -> None:
        order = till.order
        count = scenario.lines or rng.choices((1, 2, 3, 4, 6), (48, 27, 14, 8, 3))[0]
        lines: list[Line] = []
        for _ in range(0 if scenario.extra == "only_gift_card" else count):
            variant, own = self._pick(rng, rates, at)
            lines.append(till.line(variant, rng.choices((1, 2, 3, 12), (78, 15, 5, 2))[0], own, at))
        self._extras(till, scenario.extra, lines, rates, at, rng)
        by_chance = rng.choices(("none", "code", "automatic", "line"), (76, 12, 8, 4))[0]
        self._discounts(till, scenario.discount or by_chance, lines, at, rng)
        order.lines = [till.price(line) for line in lines]

    def _extras(self, till: Till, extra: str | None, lines: list[Line], rates: Rates, at: Instant, rng: Random) -> None:
        if extra in ("gift_card", "only_gift_card"):
            lines.append(till.line(rng.choice(self.shelves.gift_card.variants), 1, (), at, "gift_card"))
        elif extra == "tip":
            lines.append(till.custom("Tip", rng.choice((200, 350, 500)), 1, (), "tip"))
        elif extra == "custom":
            lines.append(till.custom(rng.choice(CUSTOM_TITLES), 1500, 2, rates))
        elif extra == "free_item":
            variant, own = self._pick(rng, rates, at)
            lines.append(till.line(variant, 1, own, at))
            lines[-1].unit_price = 0
        elif extra == "zero":
            for line in lines:
                line.unit_price = 0
        elif extra == "duty":
            till.order.charges = [Charge("duty", 1275), Charge("fee", 199)]

    def _discounts(self, till: Till, kind: str, lines: list[Line], at: Instant, rng: Random) -> None:
        goods = [line for line in lines if line.kind == "product"]
        if not goods or kind == "none":
            return
        if kind in ("line", "line_and_code"):
            application = till.apply(at, Application("manual", "Damaged box", across=False))
            till.discount(goods[0], application, percent(shown_price(goods[0]), 25))
        if kind in ("code", "line_and_code"):
            application = till.apply(at, Application("code", rng.choice(self.profile.code_names)))
            till.discount_across(goods, application, percent(sum(map(shown_price, goods)), 10))
        elif kind == "automatic":
            application = till.apply(at, Application("automatic", "Three for less"))
            till.discount_across(goods, application, min(1000, sum(map(shown_price, goods))))
        elif kind == "everything":
            application = till.apply(at, Application("manual", "For the press"))
            till.discount_across(goods, application, sum(map(shown_price, goods)))

    def _ship(self, till: Till, scenario: Scenario, rates: Rates, at: Instant, rng: Random) -> None:
        by_chance = rng.choices(("paid", "none", "free_code"), (80, 12, 8))[0]
        how = scenario.shipping or ("none" if till.order.source == "pos" else by_chance)
        if how == "none":
            return
        title, price = rng.choice(self.profile.shipping)
        discount: tuple[int, int] | None = None
        if how == "free_code":
            discount = till.apply(at, Application("code", "FREESHIP", "shipping")), price
        elif how == "partly":
            discount = till.apply(at, Application("automatic", "Half the postage", "shipping")), price // 2
        till.order.shipping = [till.ship(title, price, rates, discount)]

    def _pay(self, till: Till, how: str, at: Instant, rng: Random) -> None:
        order, due, gateway = till.order, till.due, rng.choice(self.profile.gateways)
        if how == "none_known":
            order.financial_status_unset = True
        elif due == 0:
            return
        elif how == "cash":
            given = -(-due // 2000) * 2000
            sale = till.transact(at, "SALE", "cash", given)
            if given > due:
                till.transact(at, "CHANGE", "cash", given - due, parent=sale)
        elif how == "captured":
            hold = till.transact(at, "AUTHORIZATION", gateway, due)
            till.transact(at + 20 * HOUR, "CAPTURE", gateway, due, parent=hold)
        elif how in ("authorized", "expired"):
            till.transact(at, "AUTHORIZATION", gateway, due)
            order.expired_at = at + 7 * DAY if how == "expired" else order.expired_at
        elif how == "pending":
            till.transact(at, "SALE", "bank_deposit", due, "PENDING")
        elif how == "partly":
            till.transact(at, "SALE", gateway, due // 2)
        elif how == "gift_card":
            till.transact(at, "SALE", "gift_card", due)
        elif how == "gift_card_and_card":
            till.transact(at, "SALE", gateway, due - due // 3)
            till.transact(at, "SALE", "gift_card", due // 3)
        else:
            if how == "failed_first":
                till.transact(at, "SALE", gateway, due, "FAILURE")
            till.transact(at, "SALE", gateway, due)

    def _fulfil(self, order: Order, at: Instant, rng: Random) -> None:
        how = rng.choices(("sent", "sent_closed", "waits", "halted", "partly", "not_asked"), (45, 35, 8, 4, 5, 3))[0]
        if order.source == "pos":
            order.fulfilment, order.closed_at = [(at, "FULFILLED")], at
        elif how in ("sent", "sent_closed"):
            sent = at + int(rng.uniform(0.4, 4) * DAY)
            order.fulfilment = [(at + 2 * HOUR, "IN_PROGRESS"), (sent, "FULFILLED")]
            if how == "sent_closed":
                order.closed_at = sent + rng.randrange(5) * DAY
        elif how == "halted":
            order.fulfilment = [(at, rng.choice(HALTED))]
        elif how == "partly":
            order.fulfilment = [(at + DAY, "PARTIALLY_FULFILLED")]
        elif how == "not_asked":
            order.fulfilment = [(at, "FULFILLMENT_NOT_REQUIRED")]

    @staticmethod
    def _end(order: Order, scenario: Scenario, at: Instant, rng: Random) -> None:
        if scenario.deleted:
            order.deleted_at = max(order.instants()) + rng.randrange(1, 20) * DAY
