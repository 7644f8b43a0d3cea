"""Refunds with their lines and payments, requested by id."""

from __future__ import annotations

from connectors.base import Stream, Table
from connectors.shopify.streams.columns import MONEY, count, flag, identifier, instant, money, text
from connectors.shopify.streams.selection import record_of

QUERY = f"""nodes(ids: $ids) {{ ... on Refund {{
  __typename id createdAt processedAt updatedAt note order {{ id }} totalRefundedSet {MONEY}
  refundLineItems(first: %(inner)s) {{ nodes {{
    id quantity restockType restocked lineItem {{ id }} subtotalSet {MONEY} totalTaxSet {MONEY} }}
    pageInfo {{ hasNextPage }} }}
  transactions(first: %(inner)s) {{ nodes {{
    id kind status gateway test processedAt amountSet {MONEY} }} pageInfo {{ hasNextPage }} }}
}} }}"""

REFUNDS = Stream(
    name="refunds",
    query=QUERY,
    record=record_of(QUERY, lists=("nodes",)),
    tables=(
        Table(
            name="refunds",
            key=("refund_id",),
            version="updated_at",
            where="r.id is not null",
            columns=(
                identifier("refund_id", "r.id"),
                identifier("order_id", 'r."order".id'),
                instant("created_at", "r.createdAt"),
                instant("processed_at", "r.processedAt"),
                instant("updated_at", "r.updatedAt"),
                text("note", "r.note"),
                money("total_refunded", "r.totalRefundedSet"),
                text("currency", "r.totalRefundedSet.shopMoney.currencyCode"),
            ),
        ),
        Table(
            name="refund_lines",
            key=("refund_id", "refund_line_id"),
            parent="refund_id",
            source="record as r, unnest(r.refundLineItems.nodes) as u(line)",
            where="true",
            columns=(
                identifier("refund_id", "r.id"),
                identifier("refund_line_id", "u.line.id"),
                identifier("line_item_id", "u.line.lineItem.id"),
                count("quantity", "u.line.quantity"),
                text("restock_type", "u.line.restockType"),
                flag("restocked", "u.line.restocked"),
                money("subtotal", "u.line.subtotalSet"),
                money("tax", "u.line.totalTaxSet"),
            ),
        ),
        Table(
            name="refund_transactions",
            key=("refund_id", "transaction_id"),
            parent="refund_id",
            source="record as r, unnest(r.transactions.nodes) as u(paid)",
            where="true",
            columns=(
                identifier("refund_id", "r.id"),
                identifier("transaction_id", "u.paid.id"),
                text("kind", "u.paid.kind"),
                text("status", "u.paid.status"),
                text("gateway", "u.paid.gateway"),
                flag("is_test", "u.paid.test"),
                instant("processed_at", "u.paid.processedAt"),
                money("amount", "u.paid.amountSet"),
                text("currency", "u.paid.amountSet.shopMoney.currencyCode"),
            ),
        ),
    ),
)
