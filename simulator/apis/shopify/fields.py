"""The getter of each field of the API: one table for pages and for bulk files.

A getter takes the view of an object and returns a plain value: minor units for money, an instant for DateTime, a Python
list for lists and connections. The field's type in ``schema.graphql`` decides how the value is serialized.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator.apis.shopify.agreements import agreements_of
from simulator.apis.shopify.catalogue_views import INVENTORY_ITEMS, CustomerView, ProductView, product_of, variant_of
from simulator.apis.shopify.order_views import LineView, OrderPart, OrderView, RefundView
from simulator.books import NEVER, value_at

Getter = Callable[[Any], Any]

CHANNELS: Mapping[str, tuple[str, bool] | None] = {
    "web": ("Online Store", False),
    "pos": ("Point of Sale", False),
    "tiktok": ("TikTok", True),
    "1630077": ("Faire", True),
    "1424624": None,
}
"""What Shopify says of an order's channel, by its source: the name and whether it is a marketplace; None for an app
without a definition. Drafts and renewals have no channel."""


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def _unless_never(at: int) -> int | None:
    return None if at == NEVER else at


def _address(order: OrderView, which: str) -> OrderPart | None:
    address = order.order.billing if which == "billing" else order.order.shipping_address
    return None if address is None else OrderPart(order, address, "MailingAddress")


def _agreement(**extra: Getter) -> dict[str, Getter]:
    return {
        "id": lambda a: gid("SalesAgreement", a.id),
        "happenedAt": lambda a: a.happened_at,
        "reason": lambda a: a.reason,
        "sales": lambda a: a.sales,
        **extra,
    }


def _sale(**extra: Getter) -> dict[str, Getter]:
    return {
        "id": lambda s: f"gid://shopify/Sale/{s.id}",
        "actionType": lambda s: s.action,
        "lineType": lambda s: s.line_type,
        "quantity": lambda s: s.quantity,
        "totalAmount": lambda s: s.total,
        "totalTaxAmount": lambda s: s.tax,
        "totalDiscountAmountBeforeTaxes": lambda s: s.discount,
        "totalDiscountAmountAfterTaxes": lambda s: s.discount_after,
        **extra,
    }


def _application(**extra: Getter) -> dict[str, Getter]:
    return {
        "index": lambda d: d.index,
        "allocationMethod": lambda d: "ACROSS" if d.application.across else "EACH",
        "targetType": lambda d: "SHIPPING_LINE" if d.application.target == "shipping" else "LINE_ITEM",
        **extra,
    }


def _taxes(view: Any) -> list[OrderPart]:
    line = view.line if isinstance(view, LineView) else view.part
    return [OrderPart(view.order, tax, "TaxLine") for tax in line.taxes] if line.taxes else []


def order_shipping(order: OrderView, include_removed: bool) -> list[OrderPart]:
    removed = {reversal.line.id for edit in order.order.edits for reversal in edit.shipping_removed}
    return [
        OrderPart(order, line, "ShippingLine")
        for line in order.order.all_shipping()
        if include_removed or line.id not in removed
    ]


def connection_items(parent: str, field: str, source: Any, args: dict[str, Any]) -> Any:
    """The whole list behind a nested connection."""
    if (parent, field) == ("Order", "shippingLines"):
        return order_shipping(source, bool(args.get("includeRemovals")))
    return FIELDS[parent][field](source)


_WITH_LINE: dict[str, Getter] = {"lineItem": lambda s: s.line_item}
_TITLE: dict[str, Getter] = {"title": lambda d: d.application.title}

FIELDS: Mapping[str, Mapping[str, Getter]] = {
    "Order": {
        "id": lambda o: gid("Order", o.order.id),
        "name": lambda o: o.order.name,
        "createdAt": lambda o: o.order.created_at,
        "processedAt": lambda o: o.order.processed_at,
        "updatedAt": lambda o: o.books.updated_at[o.order.id],
        "closedAt": lambda o: _unless_never(o.order.closed_at),
        "cancelledAt": lambda o: _unless_never(o.order.cancelled_at),
        "cancelReason": lambda o: o.order.cancel_reason,
        "test": lambda o: o.order.test,
        "sourceName": lambda o: o.order.source,
        "channelInformation": lambda o: o if o.order.source in CHANNELS else None,
        "currencyCode": lambda o: o.shop.currency,
        "presentmentCurrencyCode": lambda o: o.amounts.presentment_currency,
        "taxesIncluded": lambda o: o.included,
        "displayFinancialStatus": lambda o: o.financial_status,
        "displayFulfillmentStatus": lambda o: o.fulfilment_status,
        "email": lambda o: o.order.email,
        "discountCodes": lambda o: [discount.title for _, discount in o.order.applications if discount.kind == "code"],
        "customer": lambda o: None if o.order.customer is None else CustomerView(o.books, o.order.customer),
        "billingAddress": lambda o: _address(o, "billing"),
        "shippingAddress": lambda o: _address(o, "shipping"),
        "originalTotalPriceSet": lambda o: o.original_total,
        "totalPriceSet": lambda o: o.total,
        "currentTotalPriceSet": lambda o: o.current_total,
        "totalRefundedSet": lambda o: o.refunded,
        "refunds": lambda o: [RefundView(o, refund) for refund in o.order.refunds],
        "transactions": lambda o: o.transactions,
        "lineItems": lambda o: o.lines,
        "shippingLines": lambda o: order_shipping(o, False),
        "agreements": agreements_of,
    },
    "ChannelInformation": {"channelDefinition": lambda o: CHANNELS[o.order.source]},
    "ChannelDefinition": {"channelName": lambda c: c[0], "isMarketplace": lambda c: c[1]},
    "LineItem": {
        "id": lambda x: f"gid://shopify/LineItem/{x.line.id}",
        "title": lambda x: x.line.title,
        "variantTitle": lambda x: x.line.variant_title,
        "sku": lambda x: x.line.sku,
        "vendor": lambda x: x.line.vendor,
        "quantity": lambda x: x.line.quantity,
        "currentQuantity": lambda x: x.current_quantity,
        "isGiftCard": lambda x: x.line.kind == "gift_card",
        "product": product_of,
        "variant": variant_of,
        "originalUnitPriceSet": lambda x: x.line.unit_price,
        "discountAllocations": lambda x: x.allocations,
        "taxLines": _taxes,
    },
    "DiscountAllocation": {
        "allocatedAmountSet": lambda x: x.allocation.amount,
        "discountApplication": lambda x: x.application,
    },
    "AutomaticDiscountApplication": _application(**_TITLE),
    "DiscountCodeApplication": _application(code=lambda d: d.application.title),
    "ManualDiscountApplication": _application(**_TITLE),
    "TaxLine": {
        "title": lambda x: x.part.title,
        "ratePercentage": lambda x: x.part.rate / 1000,
        "priceSet": lambda x: x.part.amount,
    },
    "ShippingLine": {
        "id": lambda x: gid("ShippingLine", x.part.id),
        "title": lambda x: x.part.title,
        "isRemoved": lambda x: any(
            removed.line.id == x.part.id for edit in x.order.order.edits for removed in edit.shipping_removed
        ),
        "originalPriceSet": lambda x: x.part.price,
        "discountedPriceSet": lambda x: x.part.price - sum(allocation.amount for allocation in x.part.discounts),
        "taxLines": _taxes,
    },
    "OrderTransaction": {
        "id": lambda x: gid("OrderTransaction", x.part.id),
        "kind": lambda x: x.part.kind,
        "status": lambda x: x.part.status,
        "gateway": lambda x: x.part.gateway,
        "test": lambda x: x.part.test,
        "createdAt": lambda x: x.part.created_at,
        "processedAt": lambda x: max(x.part.created_at, x.part.settled_at),
        "amountSet": lambda x: x.part.amount,
        "parentTransaction": lambda x: None if x.part.parent is None else x.order.transaction(x.part.parent),
    },
    "Refund": {
        "id": lambda r: gid("Refund", r.refund.id),
        "createdAt": lambda r: r.refund.created_at,
        "processedAt": lambda r: r.refund.processed_at,
        "updatedAt": lambda r: r.updated_at,
        "note": lambda r: r.refund.edited_note or r.refund.note,
        "order": lambda r: r.order,
        "return": lambda r: None if r.refund.of_return is None else OrderPart(r.order, r.refund.of_return, "Return"),
        "totalRefundedSet": lambda r: r.total,
        "refundLineItems": lambda r: [OrderPart(r.order, x, "RefundLineItem") for x in r.refund.lines],
        "refundShippingLines": lambda r: [OrderPart(r.order, x, "RefundShippingLine") for x in r.refund.shipping],
        "orderAdjustments": lambda r: [OrderPart(r.order, x, "OrderAdjustment") for x in r.refund.adjustments],
        "transactions": lambda r: [r.order.transaction(x) for x in r.refund.transactions],
    },
    "RefundLineItem": {
        "id": lambda x: gid("RefundLineItem", x.part.id),
        "quantity": lambda x: x.part.quantity,
        "restockType": lambda x: x.part.restock,
        "restocked": lambda x: x.part.restock != "NO_RESTOCK",
        "lineItem": lambda x: x.order.line(x.part.line),
        "subtotalSet": lambda x: x.part.net + x.part.tax if x.order.included else x.part.net,
        "totalTaxSet": lambda x: x.part.tax,
    },
    "RefundShippingLine": {
        "id": lambda x: gid("RefundShippingLine", x.part.id),
        "shippingLine": lambda x: OrderPart(x.order, x.part.line, "ShippingLine"),
        "subtotalAmountSet": lambda x: x.part.net + x.part.tax if x.order.included else x.part.net,
        "taxAmountSet": lambda x: x.part.tax,
    },
    "OrderAdjustment": {
        "id": lambda x: gid("OrderAdjustment", x.part.id),
        "reason": lambda x: x.part.reason,
        "amountSet": lambda x: x.part.amount,
        "taxAmountSet": lambda x: x.part.tax,
    },
    "Return": {
        "id": lambda x: gid("Return", x.part.id),
        "name": lambda x: f"{x.order.order.name}-R{x.order.order.returns.index(x.part) + 1}",
        "createdAt": lambda x: x.part.happened_at,
        "order": lambda x: x.order,
    },
    "OrderAgreement": _agreement(order=lambda a: a.order),
    "OrderEditAgreement": _agreement(),
    "RefundAgreement": _agreement(refund=lambda a: a.refund),
    "ReturnAgreement": _agreement(**{"return": lambda a: OrderPart(a.order, a.return_, "Return")}),
    "ProductSale": _sale(**_WITH_LINE),
    "GiftCardSale": _sale(**_WITH_LINE),
    "TipSale": _sale(**_WITH_LINE),
    "ShippingLineSale": _sale(),
    "AdjustmentSale": _sale(),
    "DutySale": _sale(),
    "FeeSale": _sale(),
    "MailingAddress": {
        "id": lambda x: gid("MailingAddress", x.order.order.id * 10 + (x.part is x.order.order.shipping_address)),
        "name": lambda x: x.part.name,
        "countryCodeV2": lambda x: x.part.country,
    },
    "Customer": {
        "id": lambda c: gid("Customer", c.customer.id),
        "displayName": lambda c: " ".join(part for part in c.name if part),
        "firstName": lambda c: c.name[0] or None,
        "lastName": lambda c: c.name[1] or None,
        "defaultEmailAddress": lambda c: c if c.customer.email else None,
        "createdAt": lambda c: c.customer.created_at,
        "updatedAt": lambda c: c.updated_at,
        "numberOfOrders": lambda c: len(c.orders),
        "amountSpent": lambda c: c.amount_spent,
        "tags": lambda c: list(c.customer.tags),
    },
    "CustomerEmailAddress": {"emailAddress": lambda c: c.customer.email},
    "Product": {
        "id": lambda p: gid("Product", p.product.id),
        "title": lambda p: value_at(p.product.titles, p.books.at),
        "vendor": lambda p: p.product.vendor,
        "productType": lambda p: p.product.product_type,
        "status": lambda p: value_at(p.product.statuses, p.books.at),
        "createdAt": lambda p: p.product.created_at,
        "updatedAt": lambda p: p.updated_at,
        "variants": lambda p: p.variants,
    },
    "ProductVariant": {
        "id": lambda v: gid("ProductVariant", v.variant.id),
        "title": lambda v: v.variant.title,
        "sku": lambda v: v.variant.sku,
        "price": lambda v: v.amounts.shop_amount(value_at(v.variant.prices, v.books.at)),
        "createdAt": lambda v: v.variant.created_at,
        "updatedAt": lambda v: v.updated_at,
        "inventoryItem": lambda v: v,
        "product": lambda v: ProductView(v.books, v.variant.product),
    },
    "InventoryItem": {
        "id": lambda v: gid("InventoryItem", v.variant.id + INVENTORY_ITEMS),
        "createdAt": lambda v: v.variant.created_at,
        "updatedAt": lambda v: v.cost_updated_at,
        "sku": lambda v: v.variant.sku,
        "unitCost": lambda v: value_at(v.variant.costs, v.books.at),
    },
    "BasicEvent": {
        "id": lambda e: gid("BasicEvent", e.id),
        "action": lambda e: "destroy",
        "createdAt": lambda e: e.at,
        "subjectId": lambda e: gid({"ORDER": "Order", "PRODUCT": "Product"}[e.kind], e.subject),
        "subjectType": lambda e: e.kind,
    },
}
