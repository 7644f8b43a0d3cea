"""What is asked of Shopify, and the staging tables that it becomes. Data, no code.

Every number of a shop's sales comes from the ledger (`agreements` and their `sales`): on a recorded order with two
refunds and an exchange its rows add up to the order's current total, and nothing else does. Refunds' own lines hang
below a list, which a bulk operation refuses, so they are asked for by id once their orders have arrived.
"""

from __future__ import annotations

from connectors.base import Column, Stream, Table

_MONEY = "{ shopMoney { amount currencyCode } }"
_BAG = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
_MONEY_T = "STRUCT(amount VARCHAR, currencyCode VARCHAR)"
_SHOP_T = f"STRUCT(shopMoney {_MONEY_T})"
_BAG_T = f"STRUCT(shopMoney {_MONEY_T}, presentmentMoney {_MONEY_T})"
_ID_T = "STRUCT(id VARCHAR)"


def _gid(read: str) -> str:
    """The id behind gid://shopify/<Type>/."""
    return f"split_part({read}, '/', 5)"


def _text(name: str, read: str) -> Column:
    return Column(name, "VARCHAR", read)


def _id(name: str, read: str) -> Column:
    return Column(name, "VARCHAR", _gid(read))


def _instant(name: str, read: str) -> Column:
    return Column(name, "INSTANT", read)


def _money(name: str, read: str) -> Column:
    return Column(name, "MONEY", f"{read}.shopMoney.amount")


def _count(name: str, read: str) -> Column:
    return Column(name, "BIGINT", read)


def _flag(name: str, read: str) -> Column:
    return Column(name, "BOOLEAN", read)


ORDER_FIELDS = f"""
  __typename id name createdAt processedAt updatedAt closedAt cancelledAt cancelReason test sourceName
  currencyCode presentmentCurrencyCode taxesIncluded displayFinancialStatus displayFulfillmentStatus email
  customer {{ id }} billingAddress {{ name countryCodeV2 }} shippingAddress {{ name countryCodeV2 }}
  totalPriceSet {_BAG} currentTotalPriceSet {_MONEY} totalRefundedSet {_MONEY}
  refunds {{ id updatedAt }}
  transactions {{ id kind status gateway test createdAt processedAt amountSet {_BAG} }}
"""
LINE_FIELDS = f"""
  __typename id title variantTitle sku vendor quantity currentQuantity isGiftCard product {{ id }} variant {{ id }}
  originalUnitPriceSet {_MONEY}
  discountAllocations {{
    allocatedAmountSet {_MONEY}
    discountApplication {{
      __typename index targetType allocationMethod
      ... on DiscountCodeApplication {{ code }}
      ... on ManualDiscountApplication {{ title }}
      ... on AutomaticDiscountApplication {{ title }}
    }}
  }}
"""
SHIPPING_FIELDS = f"__typename id title originalPriceSet {_MONEY} discountedPriceSet {_MONEY}"
AGREEMENT_FIELDS = "__typename id happenedAt reason ... on RefundAgreement { refund { id } }"
SALE_FIELDS = f"""
  __typename id actionType lineType quantity
  totalAmount {_MONEY} totalTaxAmount {_MONEY} totalDiscountAmountBeforeTaxes {_MONEY}
  ... on ProductSale {{ lineItem {{ id }} }}
  ... on GiftCardSale {{ lineItem {{ id }} }}
  ... on TipSale {{ lineItem {{ id }} }}
"""

ORDERS = Stream(
    name="orders",
    cursor="updated_at",
    query=f"""orders%(arguments)s {{ %(open)s {ORDER_FIELDS}
  lineItems%(inner)s {{ %(open)s {LINE_FIELDS} %(close)s }}
  shippingLines%(shipping)s {{ %(open)s {SHIPPING_FIELDS} %(close)s }}
  agreements%(inner)s {{ %(open)s {AGREEMENT_FIELDS} sales%(inner)s {{ %(open)s {SALE_FIELDS} %(close)s }} %(close)s }}
%(close)s }}""",
    connections={"lineItems": {}, "shippingLines": {}, "agreements": {"sales": {}}},
    record={
        "__typename": "VARCHAR",
        "__parentId": "VARCHAR",
        "id": "VARCHAR",
        "name": "VARCHAR",
        "createdAt": "VARCHAR",
        "processedAt": "VARCHAR",
        "updatedAt": "VARCHAR",
        "closedAt": "VARCHAR",
        "cancelledAt": "VARCHAR",
        "cancelReason": "VARCHAR",
        "test": "VARCHAR",
        "sourceName": "VARCHAR",
        "currencyCode": "VARCHAR",
        "presentmentCurrencyCode": "VARCHAR",
        "taxesIncluded": "VARCHAR",
        "displayFinancialStatus": "VARCHAR",
        "displayFulfillmentStatus": "VARCHAR",
        "email": "VARCHAR",
        "customer": _ID_T,
        "billingAddress": "STRUCT(name VARCHAR, countryCodeV2 VARCHAR)",
        "shippingAddress": "STRUCT(name VARCHAR, countryCodeV2 VARCHAR)",
        "totalPriceSet": _BAG_T,
        "currentTotalPriceSet": _SHOP_T,
        "totalRefundedSet": _SHOP_T,
        "refunds": "STRUCT(id VARCHAR, updatedAt VARCHAR)[]",
        "transactions": "STRUCT(id VARCHAR, kind VARCHAR, status VARCHAR, gateway VARCHAR, test VARCHAR, "
        f"createdAt VARCHAR, processedAt VARCHAR, amountSet {_BAG_T})[]",
        "title": "VARCHAR",
        "variantTitle": "VARCHAR",
        "sku": "VARCHAR",
        "vendor": "VARCHAR",
        "quantity": "VARCHAR",
        "currentQuantity": "VARCHAR",
        "isGiftCard": "VARCHAR",
        "product": _ID_T,
        "variant": _ID_T,
        "originalUnitPriceSet": _SHOP_T,
        "discountAllocations": f"STRUCT(allocatedAmountSet {_SHOP_T}, discountApplication STRUCT(__typename VARCHAR, "
        "index VARCHAR, targetType VARCHAR, allocationMethod VARCHAR, code VARCHAR, title VARCHAR))[]",
        "originalPriceSet": _SHOP_T,
        "discountedPriceSet": _SHOP_T,
        "happenedAt": "VARCHAR",
        "reason": "VARCHAR",
        "refund": _ID_T,
        "actionType": "VARCHAR",
        "lineType": "VARCHAR",
        "totalAmount": _SHOP_T,
        "totalTaxAmount": _SHOP_T,
        "totalDiscountAmountBeforeTaxes": _SHOP_T,
        "lineItem": _ID_T,
    },
    tables=(
        Table(
            name="orders",
            key=("order_id",),
            version="updated_at",
            where="r.__typename = 'Order'",
            columns=(
                _id("order_id", "r.id"),
                _text("order_name", "r.name"),
                _instant("created_at", "r.createdAt"),
                _instant("processed_at", "r.processedAt"),
                _instant("updated_at", "r.updatedAt"),
                _instant("closed_at", "r.closedAt"),
                _instant("cancelled_at", "r.cancelledAt"),
                _text("cancel_reason", "r.cancelReason"),
                _flag("is_test", "r.test"),
                _text("source_name", "r.sourceName"),
                _text("currency", "r.currencyCode"),
                _text("presentment_currency", "r.presentmentCurrencyCode"),
                _flag("taxes_included", "r.taxesIncluded"),
                _text("financial_status", "r.displayFinancialStatus"),
                _text("fulfillment_status", "r.displayFulfillmentStatus"),
                _text("email", "r.email"),
                _id("customer_id", "r.customer.id"),
                _text("customer_name", "coalesce(r.billingAddress.name, r.shippingAddress.name)"),
                _text("country", "coalesce(r.billingAddress.countryCodeV2, r.shippingAddress.countryCodeV2)"),
                _money("total", "r.totalPriceSet"),
                _money("current_total", "r.currentTotalPriceSet"),
                _money("total_refunded", "r.totalRefundedSet"),
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
                _id("order_id", "r.id"),
                _id("refund_id", "u.refund.id"),
                _instant("updated_at", "u.refund.updatedAt"),
            ),
        ),
        Table(
            name="transactions",
            key=("order_id", "transaction_id"),
            parent="order_id",
            source="record as r, unnest(r.transactions) as u(paid)",
            where="r.__typename = 'Order'",
            columns=(
                _id("order_id", "r.id"),
                _id("transaction_id", "u.paid.id"),
                _text("kind", "u.paid.kind"),
                _text("status", "u.paid.status"),
                _text("gateway", "u.paid.gateway"),
                _flag("is_test", "u.paid.test"),
                _instant("created_at", "u.paid.createdAt"),
                _instant("processed_at", "u.paid.processedAt"),
                _text("currency", "u.paid.amountSet.shopMoney.currencyCode"),
                _money("amount", "u.paid.amountSet"),
                _text("presentment_currency", "u.paid.amountSet.presentmentMoney.currencyCode"),
                Column("presentment_amount", "MONEY", "u.paid.amountSet.presentmentMoney.amount"),
            ),
        ),
        Table(
            name="order_lines",
            key=("order_id", "line_item_id"),
            parent="order_id",
            where="r.__typename = 'LineItem'",
            columns=(
                _id("order_id", "r.__parentId"),
                _id("line_item_id", "r.id"),
                _id("product_id", "r.product.id"),
                _id("variant_id", "r.variant.id"),
                _text("title", "r.title"),
                _text("variant_title", "r.variantTitle"),
                _text("sku", "nullif(r.sku, '')"),
                _text("vendor", "r.vendor"),
                _count("quantity", "r.quantity"),
                _count("current_quantity", "r.currentQuantity"),
                _flag("is_gift_card", "r.isGiftCard"),
                _money("unit_price", "r.originalUnitPriceSet"),
                _text("currency", "r.originalUnitPriceSet.shopMoney.currencyCode"),
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
                _id("order_id", "r.__parentId"),
                _id("line_item_id", "r.id"),
                _text("position", "u.place::varchar"),
                _text("kind", "r.discountAllocations[u.place].discountApplication.__typename"),
                _text("target_type", "r.discountAllocations[u.place].discountApplication.targetType"),
                _text(
                    "title",
                    "coalesce(r.discountAllocations[u.place].discountApplication.code, "
                    "r.discountAllocations[u.place].discountApplication.title)",
                ),
                _money("amount", "r.discountAllocations[u.place].allocatedAmountSet"),
                _text("currency", "r.discountAllocations[u.place].allocatedAmountSet.shopMoney.currencyCode"),
            ),
        ),
        Table(
            name="shipping_lines",
            key=("order_id", "shipping_line_id"),
            parent="order_id",
            where="r.__typename = 'ShippingLine'",
            columns=(
                _id("order_id", "r.__parentId"),
                _id("shipping_line_id", "r.id"),
                _text("title", "r.title"),
                _money("price", "r.originalPriceSet"),
                _money("discounted_price", "r.discountedPriceSet"),
                _text("currency", "r.originalPriceSet.shopMoney.currencyCode"),
            ),
        ),
        Table(
            name="agreements",
            key=("order_id", "agreement_id"),
            parent="order_id",
            where="r.happenedAt is not null",
            columns=(
                _id("order_id", "r.__parentId"),
                _id("agreement_id", "r.id"),
                _text("kind", "r.__typename"),
                _instant("happened_at", "r.happenedAt"),
                _text("reason", "r.reason"),
                _id("refund_id", "r.refund.id"),
            ),
        ),
        Table(
            name="sales",
            key=("order_id", "sale_id"),
            parent="order_id",
            source="record as r join record as a on a.id = r.__parentId and a.happenedAt is not null",
            where="r.lineType is not null",
            columns=(
                _id("order_id", "a.__parentId"),
                _id("agreement_id", "r.__parentId"),
                _id("sale_id", "r.id"),
                _text("action_type", "r.actionType"),
                _text("line_type", "r.lineType"),
                _id("line_item_id", "r.lineItem.id"),
                _count("quantity", "r.quantity"),
                _money("amount", "r.totalAmount"),
                _money("tax", "r.totalTaxAmount"),
                _money("discount_before_tax", "r.totalDiscountAmountBeforeTaxes"),
                _text("currency", "r.totalAmount.shopMoney.currencyCode"),
            ),
        ),
    ),
)

CUSTOMERS = Stream(
    name="customers",
    cursor="updated_at",
    whole_days=True,
    query="""customers%(arguments)s { %(open)s
  __typename id displayName firstName lastName defaultEmailAddress { emailAddress } createdAt updatedAt
  numberOfOrders amountSpent { amount currencyCode }
%(close)s }""",
    record={
        "__typename": "VARCHAR",
        "id": "VARCHAR",
        "displayName": "VARCHAR",
        "firstName": "VARCHAR",
        "lastName": "VARCHAR",
        "defaultEmailAddress": "STRUCT(emailAddress VARCHAR)",
        "createdAt": "VARCHAR",
        "updatedAt": "VARCHAR",
        "numberOfOrders": "VARCHAR",
        "amountSpent": _MONEY_T,
    },
    tables=(
        Table(
            name="customers",
            key=("customer_id",),
            version="updated_at",
            where="true",
            columns=(
                _id("customer_id", "r.id"),
                _text("display_name", "r.displayName"),
                _text("email", "lower(r.defaultEmailAddress.emailAddress)"),
                _instant("created_at", "r.createdAt"),
                _instant("updated_at", "r.updatedAt"),
                _count("number_of_orders", "r.numberOfOrders"),
                Column("amount_spent", "MONEY", "r.amountSpent.amount"),
                _text("currency", "r.amountSpent.currencyCode"),
            ),
        ),
    ),
)

PRODUCTS = Stream(  # read whole each time: a cost knows only today, and moves without its product's updatedAt
    name="products",
    query="""products%(arguments)s { %(open)s
  __typename id title vendor productType status createdAt updatedAt
  variants%(inner)s { %(open)s
    __typename id title sku price inventoryItem { id unitCost { amount currencyCode } }
  %(close)s }
%(close)s }""",
    connections={"variants": {}},
    record={
        "__typename": "VARCHAR",
        "__parentId": "VARCHAR",
        "id": "VARCHAR",
        "title": "VARCHAR",
        "vendor": "VARCHAR",
        "productType": "VARCHAR",
        "status": "VARCHAR",
        "createdAt": "VARCHAR",
        "updatedAt": "VARCHAR",
        "sku": "VARCHAR",
        "price": "VARCHAR",
        "inventoryItem": f"STRUCT(id VARCHAR, unitCost {_MONEY_T})",
    },
    tables=(
        Table(
            name="products",
            key=("product_id",),
            version="updated_at",
            where="r.__typename = 'Product'",
            columns=(
                _id("product_id", "r.id"),
                _text("title", "r.title"),
                _text("vendor", "r.vendor"),
                _text("product_type", "r.productType"),
                _text("status", "r.status"),
                _instant("created_at", "r.createdAt"),
                _instant("updated_at", "r.updatedAt"),
            ),
        ),
        Table(
            name="variants",
            key=("product_id", "variant_id"),
            parent="product_id",
            where="r.__typename = 'ProductVariant'",
            columns=(
                _id("product_id", "r.__parentId"),
                _id("variant_id", "r.id"),
                _text("title", "r.title"),
                _text("sku", "nullif(r.sku, '')"),
                Column("price", "MONEY", "r.price"),
                Column("unit_cost", "MONEY", "r.inventoryItem.unitCost.amount"),
                _text("cost_currency", "r.inventoryItem.unitCost.currencyCode"),
            ),
        ),
        Table(
            name="variant_costs",
            key=("variant_id",),
            where="r.__typename = 'ProductVariant'",
            history=("unit_cost", "cost_currency"),
            columns=(
                _id("variant_id", "r.id"),
                Column("known_from", "INSTANT", "r.landed_until"),
                Column("unit_cost", "MONEY", "r.inventoryItem.unitCost.amount"),
                _text("cost_currency", "r.inventoryItem.unitCost.currencyCode"),
            ),
        ),
    ),
)

DELETIONS = Stream(
    name="deletions",
    cursor="created_at",
    query="""events%(arguments)s { %(open)s
  __typename id ... on BasicEvent { action createdAt subjectId subjectType }
%(close)s }""",
    record={
        "__typename": "VARCHAR",
        "id": "VARCHAR",
        "action": "VARCHAR",
        "createdAt": "VARCHAR",
        "subjectId": "VARCHAR",
        "subjectType": "VARCHAR",
    },
    tables=(
        Table(
            name="deletions",
            key=("subject_type", "subject_id"),
            where="r.action = 'destroy'",
            columns=(
                _text("subject_type", "r.subjectType"),
                _id("subject_id", "r.subjectId"),
                _instant("deleted_at", "r.createdAt"),
            ),
        ),
    ),
)

REFUNDS = Stream(
    name="refunds",
    query=f"""nodes(ids: $ids) {{ ... on Refund {{
  __typename id createdAt processedAt updatedAt note order {{ id }} totalRefundedSet {_MONEY}
  refundLineItems(first: %(inner)s) {{ nodes {{
    id quantity restockType restocked lineItem {{ id }} subtotalSet {_MONEY} totalTaxSet {_MONEY} }}
    pageInfo {{ hasNextPage }} }}
  transactions(first: %(inner)s) {{ nodes {{
    id kind status gateway test processedAt amountSet {_MONEY} }} pageInfo {{ hasNextPage }} }}
}} }}""",
    record={
        "__typename": "VARCHAR",
        "id": "VARCHAR",
        "createdAt": "VARCHAR",
        "processedAt": "VARCHAR",
        "updatedAt": "VARCHAR",
        "note": "VARCHAR",
        "order": _ID_T,
        "totalRefundedSet": _SHOP_T,
        "refundLineItems": "STRUCT(nodes STRUCT(id VARCHAR, quantity VARCHAR, restockType VARCHAR, restocked VARCHAR, "
        f"lineItem STRUCT(id VARCHAR), subtotalSet {_SHOP_T}, totalTaxSet {_SHOP_T})[])",
        "transactions": "STRUCT(nodes STRUCT(id VARCHAR, kind VARCHAR, status VARCHAR, gateway VARCHAR, "
        f"test VARCHAR, processedAt VARCHAR, amountSet {_SHOP_T})[])",
    },
    tables=(
        Table(
            name="refunds",
            key=("refund_id",),
            version="updated_at",
            where="r.id is not null",
            columns=(
                _id("refund_id", "r.id"),
                _id("order_id", 'r."order".id'),
                _instant("created_at", "r.createdAt"),
                _instant("processed_at", "r.processedAt"),
                _instant("updated_at", "r.updatedAt"),
                _text("note", "r.note"),
                _money("total_refunded", "r.totalRefundedSet"),
                _text("currency", "r.totalRefundedSet.shopMoney.currencyCode"),
            ),
        ),
        Table(
            name="refund_lines",
            key=("refund_id", "refund_line_id"),
            parent="refund_id",
            source="record as r, unnest(r.refundLineItems.nodes) as u(line)",
            where="true",
            columns=(
                _id("refund_id", "r.id"),
                _id("refund_line_id", "u.line.id"),
                _id("line_item_id", "u.line.lineItem.id"),
                _count("quantity", "u.line.quantity"),
                _text("restock_type", "u.line.restockType"),
                _flag("restocked", "u.line.restocked"),
                _money("subtotal", "u.line.subtotalSet"),
                _money("tax", "u.line.totalTaxSet"),
            ),
        ),
        Table(
            name="refund_transactions",
            key=("refund_id", "transaction_id"),
            parent="refund_id",
            source="record as r, unnest(r.transactions.nodes) as u(paid)",
            where="true",
            columns=(
                _id("refund_id", "r.id"),
                _id("transaction_id", "u.paid.id"),
                _text("kind", "u.paid.kind"),
                _text("status", "u.paid.status"),
                _text("gateway", "u.paid.gateway"),
                _flag("is_test", "u.paid.test"),
                _instant("processed_at", "u.paid.processedAt"),
                _money("amount", "u.paid.amountSet"),
                _text("currency", "u.paid.amountSet.shopMoney.currencyCode"),
            ),
        ),
    ),
)

TOTALS_COLUMNS = (
    "gross_sales",
    "discounts",
    "sales_reversals",
    "net_sales",
    "shipping_charges",
    "taxes",
    "total_sales",
)

SALES_TOTALS = Stream(  # Shopify's own report: what our numbers have to agree with
    name="sales_totals",
    query=f"FROM sales SHOW {', '.join(TOTALS_COLUMNS)} TIMESERIES day SINCE %(since)s UNTIL %(until)s",
    record={"day": "VARCHAR", **dict.fromkeys(TOTALS_COLUMNS, "VARCHAR")},
    tables=(
        Table(
            name="sales_totals",
            key=("day",),
            where="true",
            columns=(
                Column("day", "DATE", "r.day"),
                *(Column(name, "MONEY", f"r.{name}") for name in TOTALS_COLUMNS),
            ),
        ),
    ),
)

SHOP = Stream(
    name="shop",
    query="shop { id name myshopifyDomain ianaTimezone currencyCode taxesIncluded }",
    record={
        "id": "VARCHAR",
        "name": "VARCHAR",
        "myshopifyDomain": "VARCHAR",
        "ianaTimezone": "VARCHAR",
        "currencyCode": "VARCHAR",
        "taxesIncluded": "VARCHAR",
    },
    tables=(
        Table(
            name="shop",
            key=("shop_id",),
            where="true",
            columns=(
                _id("shop_id", "r.id"),
                _text("name", "r.name"),
                _text("domain", "r.myshopifyDomain"),
                _text("time_zone", "r.ianaTimezone"),
                _text("currency", "r.currencyCode"),
                _flag("taxes_included", "r.taxesIncluded"),
            ),
        ),
    ),
)

# The control report comes right behind what it controls, so that little can happen in between.
STREAMS = (SHOP, ORDERS, DELETIONS, SALES_TOTALS, REFUNDS, CUSTOMERS, PRODUCTS)
SCOPES = ("read_orders", "read_all_orders", "read_products", "read_inventory", "read_customers", "read_reports")
