"""The books of a simulated shop: what was sold, changed, paid and paid back, kept as primitive facts.

Money is integer minor units of the shop's currency, instants are integer seconds since 1970 (UTC).  An order knows its
whole life; ``Order.at(instant)`` is the same order as it stood then.  Nothing here is a total: the wire's ledger rows
and totals are derived from these facts by ``shopify.order_views``, control totals by ``shopify.shopifyql``.
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
    """The value a history had at an instant; before its first entry, that first one."""
    place = bisect_right(history, at, key=lambda entry: entry[0])
    return history[max(0, place - 1)][1]


def simulated_token(account: str) -> str:
    """The access token of a simulated shop: no secret, and the same each time."""
    return f"shpat_simulated_{account}"


@dataclass(slots=True)
class Shop:
    """A shop: ``account`` is its name in URLs, ``exponent`` the digits of its currency after the point."""

    account: str
    name: str
    time_zone: str
    currency: str
    taxes_included: bool
    token: str
    exponent: int = 2
    reversals_show_discount: bool = True  # do RETURN rows carry the discount given back? Not known: shops differ
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
    """A discount of the order: ``kind`` is code, automatic or manual; ``target`` is line or shipping."""

    kind: str
    title: str
    target: str = "line"
    across: bool = True


@dataclass(slots=True, frozen=True)
class Allocation:
    application: int  # place in Order.applications
    amount: int  # as prices are shown: with tax where prices include it


@dataclass(slots=True, frozen=True)
class Tax:
    title: str
    rate: int  # thousandths of a percent: 8875 is 8.875 %
    amount: int


@dataclass(slots=True)
class Line:
    """A line as it was sold.  ``unit_price`` and allocations are as shown, with tax where prices include it."""

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
    """A duty or an additional fee, charged with the order."""

    kind: str  # duty, fee
    amount: int  # before tax
    tax: int = 0


@dataclass(slots=True)
class Reversal:
    """Units taken back: ``net`` is their value before tax and after discounts, ``discount`` the part given back."""

    id: int
    line: Line
    quantity: int
    net: int
    tax: int
    discount: int
    restock: str = "RETURN"


@dataclass(slots=True)
class PriceCut:
    """A price lowered by an edit: an allocation of ``amount`` (as shown), worth ``before_tax`` and ``tax``."""

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
    """A refund's difference from the value returned: negative lowers what the order is worth."""

    id: int
    reason: str
    amount: int
    tax: int = 0


@dataclass(slots=True)
class Transaction:
    """Money asked for: PENDING until ``settled_at``, ``status`` from then on."""

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
    agreement: int
    happened_at: Instant
    added: list[Line] = field(default_factory=list)
    removed: list[Reversal] = field(default_factory=list)
    cuts: list[PriceCut] = field(default_factory=list)
    shipping_added: list[ShippingLine] = field(default_factory=list)
    shipping_removed: list[ShippingReversal] = field(default_factory=list)


@dataclass(slots=True)
class Return:
    """Goods sent back, and what was taken instead (an exchange)."""

    id: int
    agreement: int
    happened_at: Instant
    lines: list[Reversal] = field(default_factory=list)
    added: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Refund:
    """``of_return``: the return already took the lines out of the ledger, here they are only named."""

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
    """The currency the buyer saw: shop minor units times ``numerator / denominator`` are its minor units."""

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
    transactions: list[Transaction] = field(default_factory=list)  # without those of refunds
    edits: list[Edit] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    fulfilment: History[str] = field(default_factory=list)
    expired_at: Instant = NEVER
    financial_status_unset: bool = False  # an order whose financial status the shop never set
    cancelled_at: Instant = NEVER
    cancel_reason: str | None = None
    closed_at: Instant = NEVER
    deleted_at: Instant = NEVER
    touched: list[Instant] = field(default_factory=list)  # mass edits of tags

    def instants(self) -> list[Instant]:
        """Every instant at which the order changed, unsorted, the future too; the deletion left out."""
        found = [self.created_at, *self.touched, *(at for at, _ in self.fulfilment)]
        found += [at for at in (self.cancelled_at, self.closed_at, self.expired_at) if at != NEVER]
        found += [edit.happened_at for edit in self.edits] + [each.happened_at for each in self.returns]
        for refund in self.refunds:
            found += [refund.created_at, max(refund.created_at, refund.edited_at)]
        for one in self.all_transactions():
            found += [one.created_at, max(one.created_at, one.settled_at)]
        return found

    def all_transactions(self) -> list[Transaction]:
        if not self.refunds:
            return self.transactions
        return [*self.transactions, *(one for refund in self.refunds for one in refund.transactions)]

    def all_lines(self) -> list[Line]:
        """Every line ever sold on it: ordered, edited in, exchanged for."""
        if not self.edits and not self.returns:
            return self.lines
        extra = [line for edit in self.edits for line in edit.added] + [x for each in self.returns for x in each.added]
        return [*self.lines, *extra]

    def all_shipping(self) -> list[ShippingLine]:
        return [*self.shipping, *(line for edit in self.edits for line in edit.shipping_added)]

    def reversals(self) -> list[Reversal]:
        """Units taken back, each once: a refund that settles a return only repeats the return's."""
        found = [each for edit in self.edits for each in edit.removed]
        found += [each for back in self.returns for each in back.lines]
        return found + [each for refund in self.refunds if refund.of_return is None for each in refund.lines]

    def at(self, instant: Instant) -> Order:
        """The order as it stood at ``instant`` (not before its creation)."""
        seen = copy.copy(self)
        seen.applications = [entry for entry in self.applications if entry[0] <= instant]
        seen.transactions = _transactions_at(self.transactions, instant)
        seen.edits = [edit for edit in self.edits if edit.happened_at <= instant]
        seen.returns = [each for each in self.returns if each.happened_at <= instant]
        seen.refunds = [_refund_at(refund, instant) for refund in self.refunds if refund.created_at <= instant]
        seen.fulfilment = [entry for entry in self.fulfilment if entry[0] <= instant]
        seen.touched = [at for at in self.touched if at <= instant]
        for name in ("cancelled_at", "closed_at", "expired_at", "deleted_at"):
            if getattr(self, name) > instant:
                setattr(seen, name, NEVER)
        if seen.cancelled_at == NEVER:
            seen.cancel_reason = None
        return seen


def _transactions_at(transactions: list[Transaction], instant: Instant) -> list[Transaction]:
    seen = [one for one in transactions if one.created_at <= instant]
    for place, one in enumerate(seen):
        if one.settled_at > instant:
            seen[place] = copy.copy(one)
            seen[place].status, seen[place].settled_at = "PENDING", 0
    return seen


def _refund_at(refund: Refund, instant: Instant) -> Refund:
    seen = copy.copy(refund)
    seen.transactions = _transactions_at(refund.transactions, instant)
    if refund.edited_at > instant:
        seen.edited_at, seen.edited_note = 0, None
    return seen
