"""One demo shop, simulated day by day.

Each day draws from its own random stream (seed, shop, date). An order is recorded with its whole future when it is
placed. So a later day never changes an earlier one, and the simulation can always go on.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from math import pi, sin
from random import Random
from zoneinfo import ZoneInfo

from simulator.books import DAY, HOUR, MINUTE, Address, Application, Charge, Customer, Instant, Line, Order, Variant
from simulator.history import ShopHistory
from simulator.money import shown_price
from simulator.scenarios.demo.catalogue import Catalogue
from simulator.scenarios.demo.checkout import Checkout, Rates, percent
from simulator.scenarios.demo.post_purchase import POST_PURCHASE, PlacedOrder
from simulator.scenarios.demo.scenarios import PLAIN, SCENARIOS, Scenario
from simulator.scenarios.demo.shops import Profile

FIRST_ORDER_ID, FIRST_CUSTOMER_ID = 5_000_000, 6_000_000
WEEKDAYS = (0.95, 0.9, 0.95, 1.0, 1.1, 1.15, 0.95)
TAGGED_EVERY = 97  # days between two bulk edits, which give many orders the same updatedAt
CUSTOM_TITLES = ("Engraving, two lines", '=SUM(A1:A9) "special"', "-10 Größen-Anpassung")
ON_HOLD = ("ON_HOLD", "SCHEDULED", "OPEN", "PENDING_FULFILLMENT", "REQUEST_DECLINED")
_NAMES, _WEIGHTS = zip(*[(name, scenario.weight) for name, scenario in SCENARIOS.items()], strict=True)


class ShopSimulation:
    """Fills the history of a shop; ``per_day`` is the mean number of orders per day."""

    def __init__(self, profile: Profile, history: ShopHistory, seed: int, start: date, per_day: float) -> None:
        self.profile, self.history, self.seed, self.start, self.per_day = profile, history, seed, start, per_day
        self.zone, self.day, self.carry = ZoneInfo(profile.shop.time_zone), start, 0.0
        # The texts that seed a stream are part of the world: another text gives another world.
        rng = Random(f"{seed}:{profile.shop.account}:shelves")
        self.catalogue = Catalogue(profile, rng, self._midnight(start))
        history.products = self.catalogue.products
        self.emails: list[Customer] = []  # customers with an email

    def _midnight(self, day: date) -> Instant:
        return int(datetime.combine(day, time(), self.zone).timestamp())

    def advance(self, instant: Instant) -> bool:
        """Simulates every day that began by ``instant`` and is not simulated yet. Returns whether there was one."""
        first = self.day
        while self._midnight(self.day) <= instant:
            self._simulate(self.day)
            self.day += timedelta(days=1)
        return self.day != first

    def _simulate(self, day: date) -> None:
        rng, number = Random(f"{self.seed}:{self.profile.shop.account}:{day}"), (day - self.start).days
        midnight = self._midnight(day)
        self.catalogue.change(number, midnight, rng)
        season = 1 + 0.25 * sin(2 * pi * number / 365)
        self.carry += self.per_day * WEEKDAYS[day.weekday()] * season * rng.uniform(0.8, 1.2)
        count, self.carry = int(self.carry), self.carry - int(self.carry)
        for at in self._order_instants(day, midnight, count, rng):
            self._place_order(at, rng)
        if number % TAGGED_EVERY == TAGGED_EVERY - 1:
            self._tag_orders(midnight + 3 * HOUR)
        if number % 23 == 20 and self.history.customers:
            customer = rng.choice(self.history.customers)
            first, _ = customer.names[-1][1]
            customer.names.append((midnight + 9 * HOUR, (first, rng.choice(self.profile.last_names))))

    def _order_instants(self, day: date, midnight: Instant, count: int, rng: Random) -> list[Instant]:
        """When orders are placed. Some are always close to the turn of a month and to a clock change."""
        length = self._midnight(day + timedelta(days=1)) - midnight
        fixed = []
        if day.day == 1:
            fixed.append(7)
        if (day + timedelta(days=1)).day == 1:
            fixed.append(length - 7)
        if length != DAY:
            fixed += [90 * MINUTE, 150 * MINUTE, 210 * MINUTE, length - 5 * MINUTE]
        drawn = [int(rng.triangular(0, length, length * 0.62)) for _ in range(max(0, count - len(fixed)))]
        self.carry -= max(0, len(fixed) - count)
        return sorted(midnight + second for second in (*fixed, *drawn))

    def _tag_orders(self, at: Instant) -> None:
        """A bulk edit of tags: all orders of the last 60 days get the same updatedAt."""
        for order in reversed(self.history.orders):
            if order.created_at < at - 60 * DAY:
                break
            if order.created_at <= at:
                order.tagged_at.append(at)

    def _scenario(self, number: int, rng: Random) -> tuple[str, Scenario]:
        """Two of three early orders take the next special case; the others draw one by weight."""
        turn = number - 1 - number // 3
        if number % 3 and turn < len(SCENARIOS):
            return _NAMES[turn], SCENARIOS[_NAMES[turn]]
        if rng.random() < sum(_WEIGHTS) / 1000:
            name = rng.choices(_NAMES, _WEIGHTS)[0]
            return name, SCENARIOS[name]
        return "plain", PLAIN

    # --- one order

    def _place_order(self, at: Instant, rng: Random) -> None:
        number = len(self.history.orders)
        name, scenario = self._scenario(number, rng)
        order = Order(
            FIRST_ORDER_ID + number,
            f"{self.profile.prefix}{self.profile.first_order + number}",
            at,
            at,
            scenario.sources[number % len(scenario.sources)],
            0,
            self.profile.shop.taxes_included,
            scenario=name,
            test=scenario.test,
        )
        checkout = Checkout(order)
        order.agreement = checkout.next_agreement()
        if scenario.imported:
            order.processed_at = at - rng.randrange(40, 300) * DAY
        self._add_buyer(order, scenario, at, rng)
        if scenario.presentment or (scenario.presentment is None and rng.random() < 0.04):
            order.presentment = rng.choice(self.profile.presentments)
        rates = rng.choices([rates for _, rates in self.profile.taxes], [weight for weight, _ in self.profile.taxes])[0]
        self._add_lines(checkout, scenario, rates, at, rng)
        self._add_shipping(checkout, scenario, rates, at, rng)
        self._pay(checkout, scenario.payment or rng.choices(("paid", "captured", "pending"), (85, 12, 3))[0], at, rng)
        self._fulfil(order, at, rng)
        if scenario.after:
            placed = PlacedOrder(checkout, rng, at, lambda: self._pick(rng, rates, at))
            POST_PURCHASE[scenario.after](placed)
        if scenario.deleted:
            order.deleted_at = max(order.instants()) + rng.randrange(1, 20) * DAY
        self.history.orders.append(order)

    def _add_buyer(self, order: Order, scenario: Scenario, at: Instant, rng: Random) -> None:
        buyer = scenario.buyer or rng.choices(("returning", "new", "guest", "guest_email"), (46, 44, 6, 4))[0]
        first, last = rng.choice(self.profile.first_names), rng.choice(self.profile.last_names)
        country, customers = rng.choice(self.profile.countries), self.history.customers
        if buyer in ("customer", "returning") and customers:
            order.customer = customers[len(customers) - 1 - int(len(customers) * rng.random() ** 1.3)]
        elif buyer in ("customer", "returning", "new"):
            order.customer = self._register(first, last, country, at)
        if order.customer is not None:
            order.customer.order_instants.append(at)
            order.email, country = order.customer.email, order.customer.country
            first, last = order.customer.names[-1][1]
        elif buyer == "guest_email":
            guest = f"guest{rng.randrange(1 + len(self.history.orders) // 4)}"
            order.email = rng.choice((f"{guest}@example.org", f"{guest.title()}@Example.org"))
        elif buyer == "guest_of_customer" and self.emails:
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
        """A variant and its tax rates: some product types have reduced rates where the order is taxed."""
        variant = self.catalogue.pick(rng, at)
        reduced = variant.product.product_type in self.profile.reduced_types and bool(rates)
        return variant, self.profile.reduced if reduced else rates

    def _add_lines(self, checkout: Checkout, scenario: Scenario, rates: Rates, at: Instant, rng: Random) -> None:
        count = scenario.lines or rng.choices((1, 2, 3, 4, 6), (48, 27, 14, 8, 3))[0]
        lines: list[Line] = []
        for _ in range(0 if scenario.extra == "only_gift_card" else count):
            variant, own_rates = self._pick(rng, rates, at)
            lines.append(checkout.line(variant, rng.choices((1, 2, 3, 12), (78, 15, 5, 2))[0], own_rates, at))
        self._add_extras(checkout, scenario.extra, lines, rates, at, rng)
        drawn = rng.choices(("none", "code", "automatic", "line"), (76, 12, 8, 4))[0]
        self._add_discounts(checkout, scenario.discount or drawn, lines, at, rng)
        checkout.order.lines = [checkout.price(line) for line in lines]

    def _add_extras(
        self, checkout: Checkout, extra: str | None, lines: list[Line], rates: Rates, at: Instant, rng: Random
    ) -> None:
        if extra in ("gift_card", "only_gift_card"):
            lines.append(checkout.line(rng.choice(self.catalogue.gift_card.variants), 1, (), at, "gift_card"))
        elif extra == "tip":
            lines.append(checkout.custom_line("Tip", rng.choice((200, 350, 500)), 1, (), "tip"))
        elif extra == "custom":
            lines.append(checkout.custom_line(rng.choice(CUSTOM_TITLES), 1500, 2, rates))
        elif extra == "free_item":
            variant, own_rates = self._pick(rng, rates, at)
            lines.append(checkout.line(variant, 1, own_rates, at))
            lines[-1].unit_price = 0
        elif extra == "zero":
            for line in lines:
                line.unit_price = 0
        elif extra == "duty":
            checkout.order.charges = [Charge("duty", 1275), Charge("fee", 199)]

    def _add_discounts(self, checkout: Checkout, kind: str, lines: list[Line], at: Instant, rng: Random) -> None:
        goods = [line for line in lines if line.kind == "product"]
        if not goods or kind == "none":
            return
        if kind in ("line", "line_and_code"):
            application = checkout.add_discount(at, Application("manual", "Damaged box", across=False))
            checkout.allocate(goods[0], application, percent(shown_price(goods[0]), 25))
        if kind in ("code", "line_and_code"):
            application = checkout.add_discount(at, Application("code", rng.choice(self.profile.code_names)))
            checkout.allocate_across(goods, application, percent(sum(map(shown_price, goods)), 10))
        elif kind == "automatic":
            application = checkout.add_discount(at, Application("automatic", "Three for less"))
            checkout.allocate_across(goods, application, min(1000, sum(map(shown_price, goods))))
        elif kind == "everything":
            application = checkout.add_discount(at, Application("manual", "For the press"))
            checkout.allocate_across(goods, application, sum(map(shown_price, goods)))

    def _add_shipping(self, checkout: Checkout, scenario: Scenario, rates: Rates, at: Instant, rng: Random) -> None:
        drawn = rng.choices(("paid", "none", "free_code"), (80, 12, 8))[0]
        kind = scenario.shipping or ("none" if checkout.order.source == "pos" else drawn)
        if kind == "none":
            return
        title, price = rng.choice(self.profile.shipping)
        discount: tuple[int, int] | None = None
        if kind == "free_code":
            discount = checkout.add_discount(at, Application("code", "FREESHIP", "shipping")), price
        elif kind == "partly":
            discount = checkout.add_discount(at, Application("automatic", "Half the postage", "shipping")), price // 2
        checkout.order.shipping = [checkout.shipping_line(title, price, rates, discount)]

    def _pay(self, checkout: Checkout, kind: str, at: Instant, rng: Random) -> None:
        order, total, gateway = checkout.order, checkout.current_total, rng.choice(self.profile.gateways)
        if kind == "unknown":
            order.financial_status_unset = True
        elif total == 0:
            return
        elif kind == "cash":
            banknotes = -(-total // 2000) * 2000
            sale = checkout.transact(at, "SALE", "cash", banknotes)
            if banknotes > total:
                checkout.transact(at, "CHANGE", "cash", banknotes - total, parent=sale)
        elif kind == "captured":
            authorization = checkout.transact(at, "AUTHORIZATION", gateway, total)
            checkout.transact(at + 20 * HOUR, "CAPTURE", gateway, total, parent=authorization)
        elif kind in ("authorized", "expired"):
            checkout.transact(at, "AUTHORIZATION", gateway, total)
            order.expired_at = at + 7 * DAY if kind == "expired" else order.expired_at
        elif kind == "pending":
            checkout.transact(at, "SALE", "bank_deposit", total, "PENDING")
        elif kind == "partly":
            checkout.transact(at, "SALE", gateway, total // 2)
        elif kind == "gift_card":
            checkout.transact(at, "SALE", "gift_card", total)
        elif kind == "gift_card_and_card":
            checkout.transact(at, "SALE", gateway, total - total // 3)
            checkout.transact(at, "SALE", "gift_card", total // 3)
        else:
            if kind == "failed_first":
                checkout.transact(at, "SALE", gateway, total, "FAILURE")
            checkout.transact(at, "SALE", gateway, total)

    def _fulfil(self, order: Order, at: Instant, rng: Random) -> None:
        kinds = ("sent", "sent_closed", "unfulfilled", "on_hold", "partly", "not_required")
        kind = rng.choices(kinds, (45, 35, 8, 4, 5, 3))[0]
        if order.source == "pos":
            order.fulfilment, order.closed_at = [(at, "FULFILLED")], at
        elif kind in ("sent", "sent_closed"):
            sent_at = at + int(rng.uniform(0.4, 4) * DAY)
            order.fulfilment = [(at + 2 * HOUR, "IN_PROGRESS"), (sent_at, "FULFILLED")]
            if kind == "sent_closed":
                order.closed_at = sent_at + rng.randrange(5) * DAY
        elif kind == "on_hold":
            order.fulfilment = [(at, rng.choice(ON_HOLD))]
        elif kind == "partly":
            order.fulfilment = [(at + DAY, "PARTIALLY_FULFILLED")]
        elif kind == "not_required":
            order.fulfilment = [(at, "FULFILLMENT_NOT_REQUIRED")]
