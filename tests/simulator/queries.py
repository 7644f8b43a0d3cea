"""The queries that a connector sends, and a small client that sends them to one shop."""

from __future__ import annotations

import json
import time
from typing import Any

import requests

from simulator import SimulatorServer

MONEY = "fragment M on MoneyBag { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
ORDER = """__typename id name createdAt processedAt updatedAt closedAt cancelledAt cancelReason test sourceName
    channelInformation { channelDefinition { channelName isMarketplace } }
    currencyCode presentmentCurrencyCode taxesIncluded
    displayFinancialStatus displayFulfillmentStatus email discountCodes
    customer { id displayName } billingAddress { name countryCodeV2 } shippingAddress { name countryCodeV2 }
    totalPriceSet { ...M } currentTotalPriceSet { ...M } originalTotalPriceSet { ...M } totalRefundedSet { ...M }
    refunds { id updatedAt }
    transactions { id kind status gateway test createdAt processedAt amountSet { ...M } parentTransaction { id } }"""
LINE = """__typename id title variantTitle sku vendor quantity currentQuantity isGiftCard product { id } variant { id }
    originalUnitPriceSet { ...M } taxLines { title ratePercentage priceSet { ...M } }
    discountAllocations { allocatedAmountSet { ...M } discountApplication { __typename index targetType allocationMethod
        ... on DiscountCodeApplication { code } ... on ManualDiscountApplication { title }
        ... on AutomaticDiscountApplication { title } } }"""
SHIPPING = "__typename id title originalPriceSet { ...M } discountedPriceSet { ...M }"
AGREEMENT = "__typename id happenedAt reason ... on RefundAgreement { refund { id } }"
SALE = """__typename id actionType lineType quantity totalAmount { ...M } totalTaxAmount { ...M }
    totalDiscountAmountBeforeTaxes { ...M } totalDiscountAmountAfterTaxes { ...M }
    ... on ProductSale { lineItem { id } } ... on GiftCardSale { lineItem { id } } ... on TipSale { lineItem { id } }"""
REFUND = """__typename id createdAt processedAt updatedAt note order { id } return { id } totalRefundedSet { ...M }
    refundLineItems(first: 50) { nodes { id quantity restockType restocked lineItem { id } subtotalSet { ...M }
        totalTaxSet { ...M } } }
    refundShippingLines(first: 5) { nodes { id shippingLine { id } subtotalAmountSet { ...M } taxAmountSet { ...M } } }
    orderAdjustments(first: 5) { nodes { id reason amountSet { ...M } taxAmountSet { ...M } } }
    transactions(first: 10) { nodes { id kind status gateway test processedAt amountSet { ...M } } }"""
CUSTOMER = """__typename id displayName firstName lastName defaultEmailAddress { emailAddress } createdAt updatedAt
    numberOfOrders amountSpent { amount currencyCode } tags"""
VARIANT = """__typename id title sku price createdAt updatedAt
    inventoryItem { id updatedAt unitCost { amount currencyCode } }"""
PRODUCT = "__typename id title vendor productType status createdAt updatedAt"
PAGE_INFO = "pageInfo { hasNextPage endCursor }"

ORDERS_IN_BULK = f"""{{ orders {{ edges {{ node {{ {ORDER}
    lineItems {{ edges {{ node {{ {LINE} }} }} }}
    shippingLines(includeRemovals: true) {{ edges {{ node {{ {SHIPPING} }} }} }}
    agreements {{ edges {{ node {{ {AGREEMENT} sales {{ edges {{ node {{ {SALE} }} }} }} }} }} }} }} }} }} }} {MONEY}"""
PRODUCTS_IN_BULK = f"{{ products {{ nodes {{ {PRODUCT} variants {{ nodes {{ {VARIANT} }} }} }} }} }}"
CUSTOMERS_IN_BULK = f"{{ customers {{ nodes {{ {CUSTOMER} }} }} }}"
ORDERS = f"""query Orders($first: Int!, $after: String, $query: String, $sort: OrderSortKeys = UPDATED_AT) {{
    orders(first: $first, after: $after, query: $query, sortKey: $sort) {{ {PAGE_INFO} nodes {{ {ORDER}
    lineItems(first: 250) {{ {PAGE_INFO} nodes {{ {LINE} }} }}
    shippingLines(first: 10, includeRemovals: true) {{ {PAGE_INFO} nodes {{ {SHIPPING} }} }}
    agreements(first: 20) {{ {PAGE_INFO} nodes {{ {AGREEMENT}
        sales(first: 250) {{ {PAGE_INFO} nodes {{ {SALE} }} }} }} }}
    }} }} }} {MONEY}"""
SLIM = """query Slim($first: Int!, $after: String, $query: String, $sort: OrderSortKeys = UPDATED_AT) {
    orders(first: $first, after: $after, query: $query, sortKey: $sort) {
        pageInfo { hasNextPage endCursor } nodes { id updatedAt createdAt displayFinancialStatus test } } }"""
START = """mutation Start($query: String!, $group: Boolean! = false) {
    bulkOperationRunQuery(query: $query, groupObjects: $group) {
        bulkOperation { id status } userErrors { code field message } } }"""
POLL = """query Poll($id: ID!) { bulkOperation(id: $id) {
    id status errorCode createdAt completedAt objectCount rootObjectCount fileSize url partialDataUrl } }"""


class Client:
    def __init__(self, server: SimulatorServer, account: str, token: str | None = None) -> None:
        self.server, self.account = server, account
        self.token = token or server.world.shop(account).token

    def post(self, text: str, /, version: str = "2026-10", **variables: Any) -> requests.Response:
        url = f"{self.server.base_url(self.account)}/admin/api/{version}/graphql.json"
        headers = {"X-Shopify-Access-Token": self.token}
        return requests.post(url, json={"query": text, "variables": variables}, headers=headers, timeout=60)

    def answer(self, text: str, /, **variables: Any) -> dict[str, Any]:
        """The decoded body of the response."""
        body: dict[str, Any] = self.post(text, **variables).json()
        return body

    def data(self, text: str, /, **variables: Any) -> Any:
        body = self.answer(text, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    def pages(self, text: str, /, root: str = "orders", **variables: Any) -> list[dict[str, Any]]:
        """The nodes of all pages of a root connection."""
        nodes: list[dict[str, Any]] = []
        after = None
        while True:
            page = self.data(text, after=after, **variables)[root]
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return nodes
            after = page["pageInfo"]["endCursor"]

    def bulk(self, query: str, group: bool = False) -> dict[str, Any]:
        """A bulk operation, when it has ended."""
        started = self.data(START, query=query, group=group)["bulkOperationRunQuery"]
        assert started["userErrors"] == []
        assert started["bulkOperation"]["status"] == "CREATED"
        return self.wait(started["bulkOperation"]["id"])

    def wait(self, operation: str) -> dict[str, Any]:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            polled: dict[str, Any] = self.data(POLL, id=operation)["bulkOperation"]
            if polled["status"] not in ("CREATED", "RUNNING", "CANCELING"):
                return polled
            time.sleep(0.02)
        raise AssertionError(f"Bulk operation {operation} did not end within 60 seconds.")

    def lines(self, operation: dict[str, Any]) -> list[dict[str, Any]]:
        text = requests.get(operation["url"], timeout=60).content.decode()
        return [json.loads(line) for line in text.splitlines()]
