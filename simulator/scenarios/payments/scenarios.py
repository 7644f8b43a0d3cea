"""The lives of subscribers, as data: what each takes, and what happens on which day after the start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """``then`` is (days after the start, what happens, with what)."""

    price: str = "monthly"
    quantity: int = 1
    second: str | None = None  # a second item, at this price
    trial: int = 0  # days
    coupons: tuple[str, ...] = ()  # one taken off what the one before has left
    coupon_on: str = "subscription"  # or item
    customer_coupon: str | None = None
    tax_on: str = "item"  # or subscription: its default rates
    then: tuple[tuple[int, str, str], ...] = ()


SCENARIOS: dict[str, Scenario] = {
    "plain": Scenario(),
    "trial_converts": Scenario(trial=14),
    "trial_left": Scenario(trial=14, then=((9, "cancel", ""),)),
    "reactivated": Scenario(then=((20, "cancel", ""), (38, "again", "monthly"))),
    "upgraded": Scenario(then=((17, "price", "monthly_plus"),)),
    "downgraded": Scenario("monthly_plus", then=((45, "price", "monthly"),)),
    "failed_and_left": Scenario(then=((25, "fail", ""), (50, "cancel", ""))),
    "failed_and_paid": Scenario(then=((25, "fail", ""), (36, "recover", ""))),
    "paused": Scenario(then=((12, "pause", ""), (75, "resume", ""))),
    "deleted": Scenario(then=((33, "cancel", ""), (34, "delete", ""))),
    "forever_coupon": Scenario(coupons=("FOREVER25",)),
    "once_coupon": Scenario(coupons=("ONCE500",)),
    "repeating_coupon": Scenario(coupons=("THREE50",)),
    "customer_coupon": Scenario(customer_coupon="LESS300"),
    "item_coupon": Scenario(coupons=("FOREVER25",), coupon_on="item", second="monthly_plus"),
    "patron": Scenario(coupons=("PATRON",)),
    "yearly": Scenario("yearly"),
    "quarterly": Scenario("quarterly"),
    "weekly": Scenario("weekly", quantity=2, then=((60, "cancel", ""),)),
    "team": Scenario("tiered", quantity=7, then=((40, "quantity", "23"), (100, "quantity", "4"))),
    "metered": Scenario("metered"),
    "inclusive": Scenario("inclusive"),
    "leaves_at_end": Scenario(then=((10, "cancel_at_end", ""),)),
    "stays_after_all": Scenario(then=((10, "cancel_at_end", ""), (20, "stay", ""))),
    "extra_once": Scenario(then=((8, "one_off", ""),)),
    "default_tax": Scenario("inclusive", tax_on="subscription"),
    "coupon_before_the_customers": Scenario(coupons=("THREE50",), customer_coupon="LESS300"),
    "two_coupons": Scenario(coupons=("LESS300", "FOREVER25")),
}
