"""The special cases of an order, as data: how each differs from a plain order.

Every shop has all of them among its first orders (``ShopSimulation``), and each again by its weight.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """A field that is None is drawn at random. ``weight`` is per thousand orders."""

    weight: int = 1
    buyer: str | None = None  # customer, new, guest, guest_email, guest_of_customer
    sources: tuple[str, ...] = ("web",)  # its orders take turns
    lines: int | None = None
    discount: str | None = None  # none, code, automatic, line, line_and_code, everything
    shipping: str | None = None  # none, paid, free_code, partly
    payment: str | None = None  # paid, captured, authorized, expired, pending, partly, cash, gift_card, …
    after: str | None = None  # a function of post_purchase
    extra: str | None = None  # gift_card, only_gift_card, tip, custom, free_item, duty, zero
    presentment: bool | None = None
    test: bool = False
    deleted: bool = False
    imported: bool = False


PLAIN = Scenario()
SCENARIOS: dict[str, Scenario] = {
    "late_refund": Scenario(8, after="late_refund", payment="paid", lines=2),
    "partial_refund": Scenario(20, after="partial_refund", payment="paid"),
    "full_refund": Scenario(15, after="full_refund", payment="paid"),
    "shipping_only_refund": Scenario(5, after="shipping_only_refund", payment="paid", shipping="paid"),
    "half_shipping_refund": Scenario(3, after="half_shipping_refund", payment="paid", shipping="paid", lines=2),
    "amount_only_refund": Scenario(5, after="amount_only_refund", payment="paid"),
    "restocking_fee": Scenario(4, after="restocking_fee", payment="paid", lines=2),
    "failed_refund": Scenario(3, after="failed_refund", payment="paid"),
    "failed_then_paid_refund": Scenario(2, after="failed_then_paid_refund", payment="paid"),
    "pending_refund": Scenario(3, after="pending_refund", payment="paid"),
    "two_refunds": Scenario(4, after="two_refunds", payment="paid", lines=3),
    "edited_refund": Scenario(3, after="edited_refund", payment="paid"),
    "backdated_refund": Scenario(2, after="backdated_refund", payment="paid"),
    "refund_to_store_credit": Scenario(6, after="refund_to_store_credit", payment="paid", buyer="customer"),
    "refund_to_gift_card": Scenario(4, after="refund_to_gift_card", payment="paid"),
    "exchange_even": Scenario(3, after="exchange_even", payment="paid"),
    "exchange_for_less": Scenario(4, after="exchange_for_less", payment="paid", lines=2),
    "exchange_for_more": Scenario(3, after="exchange_for_more", payment="paid", lines=2),
    "return_then_refund": Scenario(6, after="return_then_refund", payment="paid", lines=2),
    "edit_adds": Scenario(6, after="edit_adds", payment="paid"),
    "edit_removes": Scenario(5, after="edit_removes", payment="paid", lines=3),
    "edit_cuts_price": Scenario(5, after="edit_cuts_price", payment="paid", lines=2),
    "edit_does_all": Scenario(3, after="edit_does_all", payment="paid", lines=3, shipping="paid"),
    "cancelled_with_refund": Scenario(8, after="cancelled_with_refund", payment="paid"),
    "cancelled_without_refund": Scenario(4, after="cancelled_without_refund", payment="paid"),
    "cancelled_unpaid": Scenario(4, after="cancelled_unpaid", payment="pending"),
    "authorized": Scenario(4, payment="authorized"),
    "captured": Scenario(15, payment="captured"),
    "voided": Scenario(3, payment="authorized", after="voided"),
    "expired": Scenario(3, payment="expired"),
    "pending": Scenario(6, payment="pending"),
    "paid_late": Scenario(5, payment="pending", after="paid_late"),
    "partly_paid": Scenario(3, payment="partly"),
    "no_financial_status": Scenario(1, payment="unknown", sources=("shopify_draft_order",)),
    "failed_payment_first": Scenario(5, payment="failed_first"),
    "gift_card_sold": Scenario(6, extra="gift_card", payment="paid"),
    "only_gift_card_sold": Scenario(4, extra="only_gift_card", payment="paid", shipping="none"),
    "gift_card_refunded": Scenario(2, extra="gift_card", payment="paid", after="full_refund"),
    "gift_card_redeemed": Scenario(8, payment="gift_card"),
    "gift_card_and_card": Scenario(6, payment="gift_card_and_card"),
    "gift_card_redeemed_refunded": Scenario(3, payment="gift_card", after="partial_refund"),
    "tip": Scenario(12, extra="tip"),
    "custom_line": Scenario(8, extra="custom", sources=("shopify_draft_order",)),
    "free_item": Scenario(6, extra="free_item"),
    "duties_and_fees": Scenario(4, extra="duty"),
    "zero_total": Scenario(3, extra="zero", shipping="none", payment="paid"),
    "line_discount": Scenario(15, discount="line", lines=2),
    "order_code": Scenario(30, discount="code", lines=3),
    "automatic_discount": Scenario(25, discount="automatic", lines=3),
    "stacked_discounts": Scenario(8, discount="line_and_code", lines=3),
    "full_discount": Scenario(2, discount="everything", lines=2),
    "free_shipping_code": Scenario(12, shipping="free_code"),
    "discounted_shipping": Scenario(5, shipping="partly"),
    "discounted_then_refunded": Scenario(6, discount="line_and_code", lines=3, payment="paid", after="partial_refund"),
    "guest": Scenario(30, buyer="guest"),
    "guest_with_email": Scenario(25, buyer="guest_email"),
    "guest_with_customers_email": Scenario(12, buyer="guest_of_customer"),
    "point_of_sale_cash": Scenario(25, sources=("pos",), payment="cash", shipping="none"),
    "point_of_sale_card": Scenario(25, sources=("pos",), payment="paid", shipping="none"),
    "draft_order": Scenario(12, sources=("shopify_draft_order",), payment="paid"),
    "other_channel": Scenario(15, sources=("tiktok", "1630077"), payment="paid"),
    "app_channel": Scenario(5, sources=("1424624",), payment="paid"),
    "other_currency": Scenario(25, presentment=True),
    "other_currency_refunded": Scenario(5, presentment=True, payment="paid", after="partial_refund"),
    "imported": Scenario(4, imported=True, payment="paid"),
    "test_order": Scenario(4, test=True, payment="paid"),
    "deleted": Scenario(4, deleted=True, payment="paid"),
    "deleted_after_refund": Scenario(2, deleted=True, payment="paid", after="full_refund"),
    "many_lines": Scenario(0, lines=260, payment="paid", discount="code"),
}
