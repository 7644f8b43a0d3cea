"""A demo shop's products over time: opened with, added, renamed, repriced, recosted, deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from simulator.books import Instant, Product, Variant, value_at
from simulator.scenarios.demo.checkout import DAY, percent
from simulator.scenarios.demo.shops import Profile

FIRST_PRODUCT, OPENED_WITH, NEW_EVERY = 8_000_000, 40, 20
DELETED_ON = (60, 120, 200, 260)  # days after the start at which one product is deleted
RENAMED_ON = (45, 150, 300)


@dataclass
class Shelves:
    """``gift_card`` is the product that gift cards are sold as; it is never picked."""

    profile: Profile
    rng: Random
    start: Instant
    products: list[Product] = field(default_factory=list)

    def __post_init__(self) -> None:
        for _ in range(OPENED_WITH):
            self._add(self.start - self.rng.randrange(30, 300) * DAY)
        self.gift_card = self._product("Gift Card", "Gift Cards", self.start - 300 * DAY, (2500, 5000, 10000))
        doomed = [each for each in self.products if each is not self.gift_card][
            :: max(1, OPENED_WITH // len(DELETED_ON))
        ]
        for product, day in zip(doomed, DELETED_ON, strict=False):
            product.deleted_at = self.start + day * DAY + 40_000
        for place, day in enumerate(RENAMED_ON):
            product = self.products[5 + 7 * place]
            product.titles.append((self.start + day * DAY + 30_000, product.titles[0][1] + " (2nd edition)"))

    def new_day(self, number: int, at: Instant, rng: Random) -> None:
        """What the owner does on a day: now and then a new product, new prices, new costs."""
        if number and number % NEW_EVERY == 0:
            self._add(at + rng.randrange(DAY // 2), rng)
        if number % 11 == 5:
            variant = rng.choice(rng.choice(self.products).variants)
            variant.prices.append((at + 30_600, percent(value_at(variant.prices, at), rng.choice((90, 95, 105, 112)))))
        if number % 17 == 3:
            variant = rng.choice(rng.choice(self.products).variants)
            cost = value_at(variant.costs, at)
            variant.costs.append((at + 31_200, 1234 if cost is None else percent(cost, rng.choice((92, 104, 110)))))

    def pick(self, rng: Random, at: Instant) -> Variant:
        """A variant that is sold at an instant; the first products sell best."""
        while True:
            product = self.products[int(len(self.products) * rng.random() ** 1.6)]
            if product is not self.gift_card and product.created_at <= at < product.deleted_at:
                return rng.choice(product.variants)

    def _add(self, at: Instant, rng: Random | None = None) -> None:
        rng = rng or self.rng
        name, kind, lowest = rng.choice(self.profile.kinds)
        title = f"{rng.choice(self.profile.styles)} {name}"
        prices = [lowest + 500 * step for step in range(rng.choice((1, 1, 2, 3, 4)))]
        self._product(title, kind, at, tuple(prices), rng)

    def _product(
        self, title: str, kind: str, at: Instant, prices: tuple[int, ...], rng: Random | None = None
    ) -> Product:
        rng = rng or self.rng
        number = FIRST_PRODUCT + len(self.products) * 10
        product = Product(number, [(at, title)], self.profile.shop.name, kind, [(at, "ACTIVE")], at)
        for place, price in enumerate(prices):
            option = "Default Title" if len(prices) == 1 else self.profile.options[place]
            cost = None if rng.random() < 0.15 else percent(price, rng.randrange(35, 60))
            sku = (
                None
                if rng.random() < 0.03
                else f"{self.profile.shop.account[:2].upper()}-{number % 100_000:05d}-{place + 1}"
            )
            product.variants.append(
                Variant(number + place + 1_000_000, product, option, sku, [(at, price)], [(at, cost)], at)
            )
        self.products.append(product)
        return product
