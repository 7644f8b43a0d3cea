"""The catalogue of an account: products, prices of every kind, coupons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.books import DAY, Instant
from simulator.money import RATE, half_up, tax_of
from simulator.scenarios.payments.books import Ledger, State

TAX_RATE = 19_000  # thousandths of a percent, for prices that include tax
TIERS = ((5, 900), (20, 700), (None, 500))  # (up to this unit, price per unit)


@dataclass(frozen=True)
class Price:
    """``unit`` minor units per ``interval`` (None: paid once); a metered price is per unit of usage.

    An ``inline`` price was created by a sale (`price_data`): it can be retrieved by id, but no list shows it.
    """

    unit: int
    interval: str | None
    product: str
    count: int = 1  # intervals per period
    tiered: bool = False
    metered: bool = False
    inclusive: bool = False
    inline: bool = False

    def amount(self, quantity: int) -> int:
        """The amount of one period, as shown."""
        if not self.tiered:
            return self.unit * quantity
        total, below = 0, 0
        for up_to, unit in TIERS:
            top = quantity if up_to is None else min(quantity, up_to)
            total, below = total + max(0, top - below) * unit, top
        return total

    def tax(self, amount: int) -> int:
        """The tax that an amount contains."""
        return tax_of(amount, TAX_RATE, True) if self.inclusive else 0


PRICES: Mapping[str, Price] = {
    "monthly": Price(1900, "month", "club"),
    "monthly_plus": Price(3900, "month", "club"),
    "yearly": Price(19_000, "year", "club"),
    "quarterly": Price(5400, "month", "club", count=3),
    "weekly": Price(1250, "week", "box", inline=True),
    "tiered": Price(0, "month", "team", tiered=True),
    "metered": Price(3, "month", "api", metered=True),
    "inclusive": Price(2380, "month", "club", inclusive=True),
    "one_off": Price(4900, None, "box"),
}
PRODUCTS = {"club": "Club membership", "box": "Weekly box", "team": "Team seats", "api": "API calls"}
COUPONS: Mapping[str, State] = {
    "FOREVER25": {"duration": "forever", "percent_off": 25},
    "ONCE500": {"duration": "once", "amount_off": 500},
    "THREE50": {"duration": "repeating", "duration_in_months": 3, "percent_off": 50},
    "LESS300": {"duration": "forever", "amount_off": 300},
    "PATRON": {"duration": "forever", "percent_off": 100},
    "RETIRED": {"duration": "once", "percent_off": 10},
}


def create_catalogue(ledger: Ledger, start: Instant) -> None:
    """Creates the catalogue. One product and one coupon are deleted later, one price is archived."""
    for name, title in PRODUCTS.items():
        product = ledger.create(
            "product", f"prod_{ledger.tag}{name}", start, "product.created", active=True, name=title, updated=start,
            default_price=None, description=None, metadata={},
        )  # fmt: skip
        if name == "club":
            at = start + 90 * DAY
            product.change(at, "product.updated", name="Club membership (new)", updated=at)
    unsold = ledger.create(
        "product", f"prod_{ledger.tag}gone", start, "product.created", active=True, name="Never sold", updated=start,
        default_price=None, description=None, metadata={},
    )  # fmt: skip
    unsold.delete(start + 40 * DAY, "product.deleted")
    for name, price in PRICES.items():
        created = ledger.create(
            "price", f"price_{ledger.tag}{name}", start, "price.created", **_price(ledger, name, price)
        )
        if name == "monthly_plus":
            created.change(start + 120 * DAY, "price.updated", active=False)
    for name, terms in COUPONS.items():
        coupon = ledger.create(
            "coupon", f"{name}_{ledger.tag}", start, "coupon.created", name=name, valid=True, times_redeemed=0,
            currency=ledger.currency.lower() if "amount_off" in terms else None, **terms,
        )  # fmt: skip
        if name == "RETIRED":
            coupon.delete(start + 50 * DAY, "coupon.deleted")


def _price(ledger: Ledger, name: str, price: Price) -> State:
    recurring = None
    if price.interval:
        recurring = {
            "interval": price.interval, "interval_count": price.count, "trial_period_days": None,
            "usage_type": "metered" if price.metered else "licensed",
            "meter": f"mtr_{ledger.tag}{name}" if price.metered else None,
        }  # fmt: skip
    tiers = [{"up_to": up_to, "unit_amount": unit, "unit_amount_decimal": str(unit), "flat_amount": None,
              "flat_amount_decimal": None} for up_to, unit in TIERS]  # fmt: skip
    return {
        "active": True,
        "billing_scheme": "tiered" if price.tiered else "per_unit",
        "currency": ledger.currency.lower(),
        "metadata": {},
        "nickname": name,
        "product": f"prod_{ledger.tag}{price.product}",
        "recurring": recurring,
        "tax_behavior": "inclusive" if price.inclusive else "unspecified",
        "tiers_mode": "graduated" if price.tiered else None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": None if price.tiered else price.unit,
        "unit_amount_decimal": None if price.tiered else str(price.unit),
        "inline": price.inline,
        **({"tiers": tiers} if price.tiered else {}),
    }


def coupon_discount(terms: State, amount: int) -> int:
    """The discount of a coupon on an amount; at most the amount."""
    if "percent_off" in terms:
        return half_up(amount * int(terms["percent_off"]), 100)
    return min(amount, int(terms["amount_off"]))


def tax_rate(ledger: Ledger, start: Instant) -> State:
    """The tax rate of prices that include tax."""
    return {
        "id": f"txr_{ledger.tag}", "object": "tax_rate", "active": True, "country": "DE", "created": start,
        "display_name": "VAT", "inclusive": True, "percentage": TAX_RATE * 100 // RATE, "tax_type": "vat",
    }  # fmt: skip
