"""The lives of subscribers, as data: what each takes, and what happens on which day after the start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plot:
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


PLOTS: dict[str, Plot] = {
    "plain": Plot(),
    "trial_converts": Plot(trial=14),
    "trial_left": Plot(trial=14, then=((9, "cancel", ""),)),
    "reactivated": Plot(then=((20, "cancel", ""), (38, "again", "monthly"))),
    "upgraded": Plot(then=((17, "price", "monthly_plus"),)),
    "downgraded": Plot("monthly_plus", then=((45, "price", "monthly"),)),
    "failed_and_left": Plot(then=((25, "fail", ""), (50, "cancel", ""))),
    "failed_and_paid": Plot(then=((25, "fail", ""), (36, "recover", ""))),
    "paused": Plot(then=((12, "pause", ""), (75, "resume", ""))),
    "deleted": Plot(then=((33, "cancel", ""), (34, "delete", ""))),
    "forever_coupon": Plot(coupons=("FOREVER25",)),
    "once_coupon": Plot(coupons=("ONCE500",)),
    "repeating_coupon": Plot(coupons=("THREE50",)),
    "customer_coupon": Plot(customer_coupon="LESS300"),
    "item_coupon": Plot(coupons=("FOREVER25",), coupon_on="item", second="monthly_plus"),
    "patron": Plot(coupons=("PATRON",)),
    "yearly": Plot("yearly"),
    "quarterly": Plot("quarterly"),
    "weekly": Plot("weekly", quantity=2, then=((60, "cancel", ""),)),
    "team": Plot("tiered", quantity=7, then=((40, "quantity", "23"), (100, "quantity", "4"))),
    "metered": Plot("metered"),
    "inclusive": Plot("inclusive"),
    "leaves_at_end": Plot(then=((10, "cancel_at_end", ""),)),
    "stays_after_all": Plot(then=((10, "cancel_at_end", ""), (20, "stay", ""))),
    "extra_once": Plot(then=((8, "one_off", ""),)),
    "default_tax": Plot("inclusive", tax_on="subscription"),
    "coupon_before_the_customers": Plot(coupons=("THREE50",), customer_coupon="LESS300"),
    "two_coupons": Plot(coupons=("LESS300", "FOREVER25")),
}
