"""The products of a demo shop over time: opening range, new products, new titles, prices and costs, deletions."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from simulator.books import DAY, Instant, Product, Variant, value_at
from simulator.scenarios.demo.checkout import percent
from simulator.scenarios.demo.shops import Profile

FIRST_PRODUCT_ID, VARIANT_ID_OFFSET = 8_000_000, 1_000_000
OPENING_PRODUCTS, NEW_PRODUCT_EVERY = 40, 20  # products, days
DELETED_ON = (60, 120, 200, 260)  # days after the start on which one product is deleted
RENAMED_ON = (45, 150, 300)


@dataclass
class Catalogue:
    """``gift_card`` is the product of gift card lines; ``pick`` never returns it."""

    profile: Profile
    rng: Random
    start: Instant
    products: list[Product] = field(default_factory=list)

    def __post_init__(self) -> None:
        for _ in range(OPENING_PRODUCTS):
            self._add(self.start - self.rng.randrange(30, 300) * DAY, self.rng)
        opening = list(self.products)
        prices = (2500, 5000, 10000)
        self.gift_card = self._product("Gift Card", "Gift Cards", self.start - 300 * DAY, prices, self.rng)
        step = OPENING_PRODUCTS // len(DELETED_ON)
        for product, day in zip(opening[::step], DELETED_ON, strict=True):
            product.deleted_at = self.start + day * DAY + 40_000
        for place, day in enumerate(RENAMED_ON):
            product = self.products[5 + 7 * place]
            product.titles.append((self.start + day * DAY + 30_000, product.titles[0][1] + " (2nd edition)"))

    def change(self, number: int, at: Instant, rng: Random) -> None:
        """The changes of day ``number``: on some days a new product, a new price or a new cost."""
        if number and number % NEW_PRODUCT_EVERY == 0:
            self._add(at + rng.randrange(DAY // 2), rng)
        if number % 11 == 5:
            variant = rng.choice(rng.choice(self.products).variants)
            variant.prices.append((at + 30_600, percent(value_at(variant.prices, at), rng.choice((90, 95, 105, 112)))))
        if number % 17 == 3:
            variant = rng.choice(rng.choice(self.products).variants)
            cost = value_at(variant.costs, at)
            variant.costs.append((at + 31_200, 1234 if cost is None else percent(cost, rng.choice((92, 104, 110)))))

    def pick(self, rng: Random, at: Instant) -> Variant:
        """A variant that exists at an instant; the first products are picked most often."""
        while True:
            product = self.products[int(len(self.products) * rng.random() ** 1.6)]
            if product is not self.gift_card and product.created_at <= at < product.deleted_at:
                return rng.choice(product.variants)

    def _add(self, at: Instant, rng: Random) -> None:
        name, kind, lowest = rng.choice(self.profile.kinds)
        title = f"{rng.choice(self.profile.styles)} {name}"
        prices = [lowest + 500 * step for step in range(rng.choice((1, 1, 2, 3, 4)))]
        self._product(title, kind, at, tuple(prices), rng)

    def _product(self, title: str, kind: str, at: Instant, prices: tuple[int, ...], rng: Random) -> Product:
        """A product with one variant per price. A few variants have no cost or no SKU."""
        shop, number = self.profile.shop, FIRST_PRODUCT_ID + len(self.products) * 10
        product = Product(number, [(at, title)], shop.name, kind, [(at, "ACTIVE")], at)
        for place, price in enumerate(prices):
            option = "Default Title" if len(prices) == 1 else self.profile.options[place]
            cost = None if rng.random() < 0.15 else percent(price, rng.randrange(35, 60))
            sku = f"{shop.account[:2].upper()}-{number % 100_000:05d}-{place + 1}"
            variant = Variant(
                number + place + VARIANT_ID_OFFSET,
                product,
                option,
                None if rng.random() < 0.03 else sku,
                [(at, price)],
                [(at, cost)],
                at,
            )
            product.variants.append(variant)
        self.products.append(product)
        return product
