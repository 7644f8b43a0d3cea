"""The records of a simulated shop: what was sold, changed, paid and refunded.

Money is integer minor units of the shop's currency, instants are integer seconds since 1970 (UTC). An order holds all
its changes, future ones too; ``Order.at(instant)`` is the order as of that instant. Nothing here is a total:
``apis.shopify`` derives ledger rows, totals and reports from these records.
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Instant = int
T = TypeVar("T")
History = list[tuple[Instant, T]]
NEVER: Instant = 1 << 62
MINUTE, HOUR, DAY = 60, 3_600, 86_400  # seconds


def value_at(history: Sequence[tuple[Instant, T]], at: Instant) -> T:
    """The value of a history at an instant; before its first entry, the first value."""
    place = bisect_right(history, at, key=lambda entry: entry[0])
    return history[max(0, place - 1)][1]


def simulated_token(account: str) -> str:
    """The access token of a simulated shop. It is derived from the account and no secret."""
    return f"shpat_simulated_{account}"


@dataclass(slots=True)
class Shop:
    """``account`` is the shop's name in URLs, ``exponent`` the number of decimal digits of its currency."""

    account: str
    name: str
    time_zone: str
    currency: str
    taxes_included: bool
    token: str
    exponent: int = 2
    reversals_show_discount: bool = True  # undocumented: whether RETURN rows show the discount
    scopes: tuple[str, ...] = (
        "read_orders",
        "read_all_orders",
        "read_products",
        "read_inventory",
        "read_customers",
        "read_returns",
        "read_reports",
        "read_discounts",
    )


@dataclass(slots=True)
class Customer:
    id: int
    names: History[tuple[str, str]]
    email: str | None
    country: str
    created_at: Instant
    tags: tuple[str, ...] = ()
    order_instants: list[Instant] = field(default_factory=list)  # when orders of this customer were placed


@dataclass(slots=True)
class Variant:
    id: int
    product: Product
    title: str
    sku: str | None
    prices: History[int]
    costs: History[int | None]
    created_at: Instant


@dataclass(slots=True)
class Product:
    id: int
    titles: History[str]
    vendor: str
    product_type: str
    statuses: History[str]
    created_at: Instant
    variants: list[Variant] = field(default_factory=list)
    deleted_at: Instant = NEVER


@dataclass(slots=True, frozen=True)
class Application:
    """A discount of an order: ``kind`` is code, automatic or manual; ``target`` is line or shipping."""

    kind: str
    title: str
    target: str = "line"
    across: bool = True  # allocated across all lines, not to one line


@dataclass(slots=True, frozen=True)
class Allocation:
    """The part of a discount that one line gets."""

    application: int  # index in Order.applications
    amount: int  # as shown: with tax where prices include it


@dataclass(slots=True, frozen=True)
class Tax:
    title: str
    rate: int  # thousandths of a percent: 8875 is 8.875 %
    amount: int


@dataclass(slots=True)
class Line:
    """A line as sold. ``unit_price`` and discounts are as shown: with tax where prices include it."""

    id: int
    kind: str  # product, gift_card, tip
    title: str
    variant_title: str | None
    sku: str | None
    vendor: str | None
    variant: Variant | None
    quantity: int
    unit_price: int
    discounts: tuple[Allocation, ...] = ()
    discount_before_tax: int = 0
    taxes: tuple[Tax, ...] = ()


@dataclass(slots=True)
class ShippingLine:
    id: int
    title: str
    price: int
    discounts: tuple[Allocation, ...] = ()
    discount_before_tax: int = 0
    taxes: tuple[Tax, ...] = ()


@dataclass(slots=True)
class Charge:
    """A duty or an additional fee of an order."""

    kind: str  # duty, fee
    amount: int  # before tax
    tax: int = 0


@dataclass(slots=True)
class Reversal:
    """Returned units: ``net`` is their value before tax and after discounts, ``discount`` their discount."""

    id: int
    line: Line
    quantity: int
    net: int
    tax: int
    discount: int
    restock: str = "RETURN"


@dataclass(slots=True)
class PriceCut:
    """A price lowered by an edit: a discount of ``amount`` as shown, which is ``before_tax`` and ``tax``."""

    line: Line
    application: int
    amount: int
    before_tax: int
    tax: int


@dataclass(slots=True)
class ShippingReversal:
    id: int
    line: ShippingLine
    net: int
    tax: int


@dataclass(slots=True)
class Adjustment:
    """The difference between a refund and the value returned: a negative one lowers the value of the order."""

    id: int
    reason: str
    amount: int
    tax: int = 0


@dataclass(slots=True)
class Transaction:
    """A payment, or an attempt at one: PENDING until ``settled_at``, then ``status``."""

    id: int
    kind: str
    gateway: str
    amount: int
    created_at: Instant
    status: str = "SUCCESS"
    settled_at: Instant = 0
    parent: Transaction | None = None
    test: bool = False


@dataclass(slots=True)
class Edit:
    agreement: int  # the id of its sales agreement, as in every class below
    happened_at: Instant
    added: list[Line] = field(default_factory=list)
    removed: list[Reversal] = field(default_factory=list)
    cuts: list[PriceCut] = field(default_factory=list)
    shipping_added: list[ShippingLine] = field(default_factory=list)
    shipping_removed: list[ShippingReversal] = field(default_factory=list)


@dataclass(slots=True)
class Return:
    """Goods sent back; ``added`` are the goods of an exchange."""

    id: int
    agreement: int
    happened_at: Instant
    lines: list[Reversal] = field(default_factory=list)
    added: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Refund:
    """A refund that settles a return (``of_return``) repeats its lines: the return already reversed them."""

    id: int
    agreement: int
    created_at: Instant
    processed_at: Instant
    lines: list[Reversal] = field(default_factory=list)
    shipping: list[ShippingReversal] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    of_return: Return | None = None
    note: str | None = None
    edited_at: Instant = 0
    edited_note: str | None = None


@dataclass(slots=True, frozen=True)
class Presentment:
    """The buyer's currency: its minor units are the shop's minor units times ``numerator / denominator``."""

    currency: str
    exponent: int
    numerator: int
    denominator: int


@dataclass(slots=True, frozen=True)
class Address:
    name: str | None
    country: str | None  # ISO 3166 alpha-2


@dataclass(slots=True)
class Order:
    id: int
    name: str
    created_at: Instant
    processed_at: Instant
    source: str
    agreement: int
    taxes_included: bool
    scenario: str = "plain"  # the name of its special case; no API shows it
    test: bool = False
    customer: Customer | None = None
    email: str | None = None
    billing: Address | None = None
    shipping_address: Address | None = None
    presentment: Presentment | None = None
    applications: list[tuple[Instant, Application]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    shipping: list[ShippingLine] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)  # without those of its refunds
    edits: list[Edit] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    fulfilment: History[str] = field(default_factory=list)
    expired_at: Instant = NEVER
    financial_status_unset: bool = False  # its displayFinancialStatus is null
    cancelled_at: Instant = NEVER
    cancel_reason: str | None = None
    closed_at: Instant = NEVER
    deleted_at: Instant = NEVER
    tagged_at: list[Instant] = field(default_factory=list)  # bulk edits of its tags

    def instants(self) -> list[Instant]:
        """Every instant at which the order changes, future ones too; unsorted, without the deletion."""
        instants = [self.created_at, *self.tagged_at, *(at for at, _ in self.fulfilment)]
        instants += [at for at in (self.cancelled_at, self.closed_at, self.expired_at) if at != NEVER]
        instants += [edit.happened_at for edit in self.edits] + [return_.happened_at for return_ in self.returns]
        for refund in self.refunds:
            instants += [refund.created_at, max(refund.created_at, refund.edited_at)]
        for payment in self.all_transactions():
            instants += [payment.created_at, max(payment.created_at, payment.settled_at)]
        return instants

    def all_transactions(self) -> list[Transaction]:
        if not self.refunds:
            return self.transactions
        return [*self.transactions, *(payment for refund in self.refunds for payment in refund.transactions)]

    def all_lines(self) -> list[Line]:
        """Every line ever sold: with the order, by an edit or in an exchange."""
        if not self.edits and not self.returns:
            return self.lines
        added = [line for edit in self.edits for line in edit.added]
        added += [line for return_ in self.returns for line in return_.added]
        return [*self.lines, *added]

    def all_shipping(self) -> list[ShippingLine]:
        return [*self.shipping, *(line for edit in self.edits for line in edit.shipping_added)]

    def reversals(self) -> list[Reversal]:
        """All returned units. A refund that settles a return adds none: its lines repeat those of the return."""
        reversals = [removed for edit in self.edits for removed in edit.removed]
        reversals += [line for return_ in self.returns for line in return_.lines]
        return reversals + [line for refund in self.refunds if refund.of_return is None for line in refund.lines]

    def at(self, instant: Instant) -> Order:
        """The order as of ``instant``, which is not before its creation."""
        past = copy.copy(self)
        past.applications = [entry for entry in self.applications if entry[0] <= instant]
        past.transactions = _transactions_at(self.transactions, instant)
        past.edits = [edit for edit in self.edits if edit.happened_at <= instant]
        past.returns = [return_ for return_ in self.returns if return_.happened_at <= instant]
        past.refunds = [_refund_at(refund, instant) for refund in self.refunds if refund.created_at <= instant]
        past.fulfilment = [entry for entry in self.fulfilment if entry[0] <= instant]
        past.tagged_at = [at for at in self.tagged_at if at <= instant]
        for name in ("cancelled_at", "closed_at", "expired_at", "deleted_at"):
            if getattr(self, name) > instant:
                setattr(past, name, NEVER)
        if past.cancelled_at == NEVER:
            past.cancel_reason = None
        return past


def _transactions_at(transactions: list[Transaction], instant: Instant) -> list[Transaction]:
    past = [payment for payment in transactions if payment.created_at <= instant]
    for place, payment in enumerate(past):
        if payment.settled_at > instant:
            past[place] = copy.copy(payment)
            past[place].status, past[place].settled_at = "PENDING", 0
    return past


def _refund_at(refund: Refund, instant: Instant) -> Refund:
    past = copy.copy(refund)
    past.transactions = _transactions_at(refund.transactions, instant)
    if refund.edited_at > instant:
        past.edited_at, past.edited_note = 0, None
    return past
