"""Orders with their lines, discounts, shipping, payments, and the ledger: agreements and their sales."""

from __future__ import annotations

from connectors.base import Column, Stream, Table
from connectors.shopify.streams.columns import (
    BAG,
    MONEY,
    count,
    flag,
    identifier,
    instant,
    money,
    text,
)
from connectors.shopify.streams.selection import record_of

# channelInformation is deprecated since 2026-10; what replaces it, attribution, does not say isMarketplace.
ORDER_FIELDS = f"""
  __typename id name createdAt processedAt updatedAt closedAt cancelledAt cancelReason test sourceName
  channelInformation {{ channelDefinition {{ channelName isMarketplace }} }}
  currencyCode presentmentCurrencyCode taxesIncluded displayFinancialStatus displayFulfillmentStatus email
  customer {{ id }} billingAddress {{ name countryCodeV2 }} shippingAddress {{ name countryCodeV2 }}
  totalPriceSet {BAG} currentTotalPriceSet {MONEY} totalRefundedSet {MONEY}
  refunds {{ id updatedAt }}
  transactions {{ id kind status gateway test createdAt processedAt amountSet {BAG} }}
"""
LINE_FIELDS = f"""
  __typename id title variantTitle sku vendor quantity currentQuantity isGiftCard product {{ id }} variant {{ id }}
  originalUnitPriceSet {MONEY}
  discountAllocations {{
    allocatedAmountSet {MONEY}
    discountApplication {{
      __typename index targetType allocationMethod
      ... on DiscountCodeApplication {{ code }}
      ... on ManualDiscountApplication {{ title }}
      ... on AutomaticDiscountApplication {{ title }}
    }}
  }}
"""
SHIPPING_FIELDS = f"__typename id title originalPriceSet {MONEY} discountedPriceSet {MONEY}"
AGREEMENT_FIELDS = "__typename id happenedAt reason ... on RefundAgreement { refund { id } }"
SALE_FIELDS = f"""
  __typename id actionType lineType quantity
  totalAmount {MONEY} totalTaxAmount {MONEY} totalDiscountAmountBeforeTaxes {MONEY}
  ... on ProductSale {{ lineItem {{ id }} }}
  ... on GiftCardSale {{ lineItem {{ id }} }}
  ... on TipSale {{ lineItem {{ id }} }}
"""

QUERY = f"""orders%(arguments)s {{ %(open)s {ORDER_FIELDS}
  lineItems%(inner)s {{ %(open)s {LINE_FIELDS} %(close)s }}
  shippingLines%(shipping)s {{ %(open)s {SHIPPING_FIELDS} %(close)s }}
  agreements%(inner)s {{ %(open)s {AGREEMENT_FIELDS} sales%(inner)s {{ %(open)s {SALE_FIELDS} %(close)s }} %(close)s }}
%(close)s }}"""
CONNECTIONS: dict[str, object] = {"lineItems": {}, "shippingLines": {}, "agreements": {"sales": {}}}

ORDERS = Stream(
    name="orders",
    cursor="updated_at",
    query=QUERY,
    connections=CONNECTIONS,
    record=record_of(QUERY, CONNECTIONS, lists=("refunds", "transactions", "discountAllocations")),
    tables=(
        Table(
            name="orders",
            key=("order_id",),
            version="updated_at",
            where="r.__typename = 'Order'",
            columns=(
                identifier("order_id", "r.id"),
                text("order_name", "r.name"),
                instant("created_at", "r.createdAt"),
                instant("processed_at", "r.processedAt"),
                instant("updated_at", "r.updatedAt"),
                instant("closed_at", "r.closedAt"),
                instant("cancelled_at", "r.cancelledAt"),
                text("cancel_reason", "r.cancelReason"),
                flag("is_test", "r.test"),
                text("source_name", "r.sourceName"),
                text("channel_name", "r.channelInformation.channelDefinition.channelName"),
                flag("is_marketplace", "r.channelInformation.channelDefinition.isMarketplace"),
                text("currency", "r.currencyCode"),
                text("presentment_currency", "r.presentmentCurrencyCode"),
                flag("taxes_included", "r.taxesIncluded"),
                text("financial_status", "r.displayFinancialStatus"),
                text("fulfillment_status", "r.displayFulfillmentStatus"),
                text("email", "r.email"),
                identifier("customer_id", "r.customer.id"),
                text("customer_name", "coalesce(r.billingAddress.name, r.shippingAddress.name)"),
                text("country", "coalesce(r.billingAddress.countryCodeV2, r.shippingAddress.countryCodeV2)"),
                money("total", "r.totalPriceSet"),
                money("current_total", "r.currentTotalPriceSet"),
                money("total_refunded", "r.totalRefundedSet"),
                Column("presentment_total", "MONEY", "r.totalPriceSet.presentmentMoney.amount"),
            ),
        ),
        Table(
            name="order_refunds",
            key=("order_id", "refund_id"),
            parent="order_id",
            source="record as r, unnest(r.refunds) as u(refund)",
            where="r.__typename = 'Order'",
            columns=(
                identifier("order_id", "r.id"),
                identifier("refund_id", "u.refund.id"),
                instant("updated_at", "u.refund.updatedAt"),
            ),
        ),
        Table(
            name="transactions",
            key=("order_id", "transaction_id"),
            parent="order_id",
            source="record as r, unnest(r.transactions) as u(paid)",
            where="r.__typename = 'Order'",
            columns=(
                identifier("order_id", "r.id"),
                identifier("transaction_id", "u.paid.id"),
                text("kind", "u.paid.kind"),
                text("status", "u.paid.status"),
                text("gateway", "u.paid.gateway"),
                flag("is_test", "u.paid.test"),
                instant("created_at", "u.paid.createdAt"),
                instant("processed_at", "u.paid.processedAt"),
                text("currency", "u.paid.amountSet.shopMoney.currencyCode"),
                money("amount", "u.paid.amountSet"),
                text("presentment_currency", "u.paid.amountSet.presentmentMoney.currencyCode"),
                Column("presentment_amount", "MONEY", "u.paid.amountSet.presentmentMoney.amount"),
            ),
        ),
        Table(
            name="order_lines",
            key=("order_id", "line_item_id"),
            parent="order_id",
            where="r.__typename = 'LineItem'",
            columns=(
                identifier("order_id", "r.__parentId"),
                identifier("line_item_id", "r.id"),
                identifier("product_id", "r.product.id"),
                identifier("variant_id", "r.variant.id"),
                text("title", "r.title"),
                text("variant_title", "r.variantTitle"),
                text("sku", "nullif(r.sku, '')"),
                text("vendor", "r.vendor"),
                count("quantity", "r.quantity"),
                count("current_quantity", "r.currentQuantity"),
                flag("is_gift_card", "r.isGiftCard"),
                money("unit_price", "r.originalUnitPriceSet"),
                text("currency", "r.originalUnitPriceSet.shopMoney.currencyCode"),
            ),
        ),
        Table(
            name="discounts",
            key=("order_id", "line_item_id", "position"),
            parent="order_id",
            source="(select * from record where len(discountAllocations) > 0) as r, "
            "unnest(range(1, len(r.discountAllocations) + 1)) as u(place)",
            where="r.__typename = 'LineItem'",
            columns=(
                identifier("order_id", "r.__parentId"),
                identifier("line_item_id", "r.id"),
                text("position", "u.place::varchar"),
                text("kind", "r.discountAllocations[u.place].discountApplication.__typename"),
                text("target_type", "r.discountAllocations[u.place].discountApplication.targetType"),
                text(
                    "title",
                    "coalesce(r.discountAllocations[u.place].discountApplication.code, "
                    "r.discountAllocations[u.place].discountApplication.title)",
                ),
                money("amount", "r.discountAllocations[u.place].allocatedAmountSet"),
                text("currency", "r.discountAllocations[u.place].allocatedAmountSet.shopMoney.currencyCode"),
            ),
        ),
        Table(
            name="shipping_lines",
            key=("order_id", "shipping_line_id"),
            parent="order_id",
            where="r.__typename = 'ShippingLine'",
            columns=(
                identifier("order_id", "r.__parentId"),
                identifier("shipping_line_id", "r.id"),
                text("title", "r.title"),
                money("price", "r.originalPriceSet"),
                money("discounted_price", "r.discountedPriceSet"),
                text("currency", "r.originalPriceSet.shopMoney.currencyCode"),
            ),
        ),
        Table(
            name="agreements",
            key=("order_id", "agreement_id"),
            parent="order_id",
            where="r.happenedAt is not null",
            columns=(
                identifier("order_id", "r.__parentId"),
                identifier("agreement_id", "r.id"),
                text("kind", "r.__typename"),
                instant("happened_at", "r.happenedAt"),
                text("reason", "r.reason"),
                identifier("refund_id", "r.refund.id"),
            ),
        ),
        Table(
            name="sales",
            key=("order_id", "sale_id"),
            parent="order_id",
            source="record as r join record as a on a.id = r.__parentId and a.happenedAt is not null",
            where="r.lineType is not null",
            columns=(
                identifier("order_id", "a.__parentId"),
                identifier("agreement_id", "r.__parentId"),
                identifier("sale_id", "r.id"),
                text("action_type", "r.actionType"),
                text("line_type", "r.lineType"),
                identifier("line_item_id", "r.lineItem.id"),
                count("quantity", "r.quantity"),
                money("amount", "r.totalAmount"),
                money("tax", "r.totalTaxAmount"),
                money("discount_before_tax", "r.totalDiscountAmountBeforeTaxes"),
                text("currency", "r.totalAmount.shopMoney.currencyCode"),
            ),
        ),
    ),
)
