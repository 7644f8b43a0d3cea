"""The special cases of subscriptions, direct payments and disputes, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """One subscriber; ``then`` lists (days after the start, a method of SubscriberHistory, its value)."""

    price: str = "monthly"
    quantity: int = 1
    second: str | None = None  # the price of a second item
    trial: int = 0  # days
    coupons: tuple[str, ...] = ()  # each is taken off what the one before leaves
    coupon_on: str = "subscription"  # or item
    customer_coupon: str | None = None
    tax_on: str = "item"  # or subscription: its default tax rates
    then: tuple[tuple[int, str, str], ...] = ()


SCENARIOS: dict[str, Scenario] = {
    "plain": Scenario(),
    "trial_converts": Scenario(trial=14),
    "trial_canceled": Scenario(trial=14, then=((9, "cancel", ""),)),
    "reactivated": Scenario(then=((20, "cancel", ""), (38, "subscribe", "monthly"))),
    "upgraded": Scenario(then=((17, "change_price", "monthly_plus"),)),
    "downgraded": Scenario("monthly_plus", then=((45, "change_price", "monthly"),)),
    "failed_and_canceled": Scenario(then=((25, "fail_payments", ""), (50, "cancel", ""))),
    "failed_and_paid": Scenario(then=((25, "fail_payments", ""), (36, "recover_payments", ""))),
    "paused": Scenario(then=((12, "pause", ""), (75, "resume", ""))),
    "deleted": Scenario(then=((33, "cancel", ""), (34, "delete_customer", ""))),
    "forever_coupon": Scenario(coupons=("FOREVER25",)),
    "once_coupon": Scenario(coupons=("ONCE500",)),
    "repeating_coupon": Scenario(coupons=("THREE50",)),
    "customer_coupon": Scenario(customer_coupon="LESS300"),
    "item_coupon": Scenario(coupons=("FOREVER25",), coupon_on="item", second="monthly_plus"),
    "patron": Scenario(coupons=("PATRON",)),
    "yearly": Scenario("yearly"),
    "quarterly": Scenario("quarterly"),
    "weekly": Scenario("weekly", quantity=2, then=((60, "cancel", ""),)),
    "team": Scenario("tiered", quantity=7, then=((40, "change_quantity", "23"), (100, "change_quantity", "4"))),
    "metered": Scenario("metered"),
    "tax_inclusive": Scenario("inclusive"),
    "cancels_at_period_end": Scenario(then=((10, "cancel_at_period_end", ""),)),
    "cancellation_revoked": Scenario(then=((10, "cancel_at_period_end", ""), (20, "revoke_cancellation", ""))),
    "one_off_invoice": Scenario(then=((8, "invoice_one_off", ""),)),
    "default_tax_rates": Scenario("inclusive", tax_on="subscription"),
    "coupon_and_customer_coupon": Scenario(coupons=("THREE50",), customer_coupon="LESS300"),
    "two_coupons": Scenario(coupons=("LESS300", "FOREVER25")),
}
DIRECT_SCENARIOS = ("plain", "refunded", "failed_refund", "foreign", "pending_refund", "plain", "refund_without_event",
                    "declined", "disputed", "foreign_refunded", "partial_capture")  # fmt: skip
DISPUTE_OUTCOMES = ("lost", "won", "open", "inquiry")
