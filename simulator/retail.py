"""A folder of a real retailer's tables as a shop: orders, lines and refunds as they were, to the penny.

Reads ``orders.parquet``, ``order_lines.parquet`` and ``refund_lines.parquet``.  Goods lines become product lines, lines
of kind ``shipping`` shipping lines; the refund lines of one refund and order become one refund, paid back in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from simulator.books import (
    Address,
    Customer,
    Line,
    Order,
    Product,
    Refund,
    Reversal,
    ShippingLine,
    ShippingReversal,
    Shop,
    Transaction,
    Variant,
    simulated_token,
)
from simulator.history import ShopHistory
from simulator.world import World

ACCOUNT = "online_retail"
ZONE, CURRENCY, GATEWAY = "Europe/London", "GBP", "manual"
TABLES: Mapping[str, tuple[str, ...]] = {
    "orders": ("order_id", "created_at", "customer_id", "country", "currency"),
    "order_lines": ("order_id", "line_no", "kind", "sku", "title", "quantity", "unit_price_minor", "amount_minor"),
    "refund_lines": ("refund_id", "order_id", "line_no", "created_at", "quantity", "amount_minor"),
}
_COUNTRIES = {
    "United Kingdom": "GB",
    "Germany": "DE",
    "France": "FR",
    "EIRE": "IE",
    "Belgium": "BE",
    "Netherlands": "NL",
    "Spain": "ES",
    "Australia": "AU",
    "Switzerland": "CH",
    "Portugal": "PT",
    "Finland": "FI",
    "Italy": "IT",
    "Sweden": "SE",
    "Norway": "NO",
    "Channel Islands": "JE",
    "Poland": "PL",
    "Japan": "JP",
    "Denmark": "DK",
    "Austria": "AT",
    "Cyprus": "CY",
    "Israel": "IL",
    "Hong Kong": "HK",
    "Iceland": "IS",
    "Canada": "CA",
    "USA": "US",
    "Malta": "MT",
    "Greece": "GR",
    "Singapore": "SG",
    "Lithuania": "LT",
    "Bahrain": "BH",
    "United Arab Emirates": "AE",
    "Czech Republic": "CZ",
    "Saudi Arabia": "SA",
    "Lebanon": "LB",
    "RSA": "ZA",
    "Brazil": "BR",
}
_FIRST_ORDER, _IDS_PER_ORDER = 5_000_000, 10_000


class RetailFolderError(ValueError):
    """The folder does not hold the tables; says what, why, and what to do."""


def retail_world(folder: Path) -> World:
    """The shop ``online_retail`` over a folder of tables.  The clock stands just after the last event."""
    db = _open(Path(folder))
    shop = Shop(ACCOUNT, "Online Retail", ZONE, CURRENCY, taxes_included=False, token=simulated_token(ACCOUNT))
    builder = _Builder(ShopHistory(shop))
    builder.products(db)
    builder.orders(db)
    builder.lines(db)
    builder.payments()
    builder.refunds(db)
    last = max(max(order.instants()) for order in builder.history.orders)
    return World([builder.history], datetime.fromtimestamp(last + 1, UTC))


def _open(folder: Path) -> duckdb.DuckDBPyConnection:
    hint = (
        "Give a folder with orders.parquet, order_lines.parquet and refund_lines.parquet as its README describes them."
    )
    missing = [f"{name}.parquet" for name in TABLES if not (folder / f"{name}.parquet").is_file()]
    if missing:
        what = "is no folder" if not folder.is_dir() else f"lacks {', '.join(missing)}"
        raise RetailFolderError(f"Cannot simulate a shop from {folder}: it {what}. {hint}")
    refuse = f"Cannot simulate a shop from {folder}:"
    db = duckdb.connect(config={"threads": 2})
    db.execute("set TimeZone = 'UTC'")
    for name, columns in TABLES.items():
        try:
            table = db.read_parquet(str(folder / f"{name}.parquet"))
        except duckdb.Error as error:
            raise RetailFolderError(f"{refuse} {name}.parquet cannot be read: {error} {hint}") from None
        if lost := [column for column in columns if column not in table.columns]:
            raise RetailFolderError(f"{refuse} {name}.parquet has no column {', '.join(lost)}. {hint}")
        table.create_view(name)
    foreign = "select string_agg(distinct currency, ', ') from orders where currency is distinct from ?"
    other = db.execute(foreign, [CURRENCY]).fetchone()
    if other and other[0]:
        raise RetailFolderError(f"{refuse} orders in {other[0]}, expected {CURRENCY} only. {hint}")
    if db.execute("select count(*) from orders").fetchone() == (0,):
        raise RetailFolderError(f"{refuse} orders.parquet has no rows. {hint}")
    return db


@dataclass
class _Builder:
    history: ShopHistory
    by_id: dict[str, Order] = field(default_factory=dict)
    sold: dict[tuple[str, int], Line | ShippingLine] = field(default_factory=dict)
    variants: dict[str, Variant] = field(default_factory=dict)

    def products(self, db: duckdb.DuckDBPyConnection) -> None:
        """A product for each sku, titled as it was sold last."""
        rows = db.execute("""
            select sku, coalesce(arg_max(title, (created_at, order_id, line_no)) filter (title is not null), sku),
                   arg_max(unit_price_minor, (created_at, order_id, line_no)), epoch(min(created_at))::bigint
            from order_lines join orders using (order_id) where kind = 'goods' group by sku order by sku""").fetchall()
        for place, (sku, title, price, first) in enumerate(rows, start=1):
            product = Product(8_000_000 + place, [(first, title)], "Online Retail", "Gifts", [(first, "ACTIVE")], first)
            variant = Variant(
                9_000_000 + place, product, "Default Title", sku, [(first, price)], [(first, None)], first
            )
            product.variants.append(variant)
            self.variants[sku] = variant
            self.history.products.append(product)

    def orders(self, db: duckdb.DuckDBPyConnection) -> None:
        customers: dict[int, Customer] = {}
        rows = db.execute("""select order_id, epoch(created_at)::bigint, customer_id, country from orders
                             order by created_at, order_id""").fetchall()
        for place, (name, at, customer_id, country) in enumerate(rows):
            code = _COUNTRIES.get(country)
            address: Address | None = Address(None, code)
            order = Order(_FIRST_ORDER + place, str(name), at, at, "web", _FIRST_ORDER + place, False)
            if customer_id is not None:
                customer = customers.get(customer_id)
                if customer is None:
                    names = [(at, ("Customer", str(customer_id)))]
                    customer = customers[customer_id] = Customer(customer_id, names, None, code or "", at)
                customer.order_instants.append(at)
                order.customer, address = customer, Address(f"Customer {customer_id}", code)
            order.billing = order.shipping_address = address
            order.fulfilment = [(at, "FULFILLED")]
            self.by_id[name] = order
            self.history.orders.append(order)
        self.history.customers.extend(customers.values())

    def lines(self, db: duckdb.DuckDBPyConnection) -> None:
        cursor = db.execute("""
            select order_id, line_no, kind, sku, coalesce(title, sku), quantity, unit_price_minor, amount_minor
            from order_lines order by order_id, line_no""")
        while rows := cursor.fetchmany(20_000):
            for order_id, number, kind, sku, title, quantity, price, amount in rows:
                order = self.by_id[order_id]
                key = order.id * _IDS_PER_ORDER + number
                if kind == "shipping":
                    shipping = self.sold[order_id, number] = ShippingLine(key, title, amount)
                    order.shipping.append(shipping)
                else:
                    line = Line(key, "product", title, None, sku, "Online Retail", self.variants[sku], quantity, price)
                    self.sold[order_id, number] = line
                    order.lines.append(line)

    def payments(self) -> None:
        for order in self.history.orders:
            total = sum(line.quantity * line.unit_price for line in order.lines)
            total += sum(line.price for line in order.shipping)
            if total:
                order.transactions.append(Transaction(order.id * 10, "SALE", GATEWAY, total, order.created_at))

    def refunds(self, db: duckdb.DuckDBPyConnection) -> None:
        """One refund for each refund, order and instant; a line twice in one refund stays two refund lines."""
        rows = db.execute("""
            select refund_id, order_id, line_no, epoch(created_at)::bigint, quantity, amount_minor
            from refund_lines order by created_at, refund_id, order_id, line_no, quantity, amount_minor""").fetchall()
        made: dict[tuple[str, str, int], Refund] = {}
        number = 3_000_000
        for refund_id, order_id, line_no, at, quantity, amount in rows:
            refund = made.get((refund_id, order_id, at))
            number += 1
            if refund is None:
                refund = made[refund_id, order_id, at] = Refund(number, 30_000_000 + number, at, at, note=refund_id)
                self.by_id[order_id].refunds.append(refund)
            self._give_back(refund, number, self.sold[order_id, line_no], quantity, amount)
        for (_, order_id, _), refund in made.items():
            self._pay_back(self.by_id[order_id], refund)

    @staticmethod
    def _give_back(refund: Refund, number: int, line: Any, quantity: int, amount: int) -> None:
        if isinstance(line, ShippingLine):
            refund.shipping.append(ShippingReversal(number, line, amount, 0))
        else:
            refund.lines.append(Reversal(number, line, quantity, amount, 0, 0))

    @staticmethod
    def _pay_back(order: Order, refund: Refund) -> None:
        total = sum(each.net for each in refund.lines) + sum(each.net for each in refund.shipping)
        if total:
            sale = order.transactions[0] if order.transactions else None
            refund.transactions.append(
                Transaction(refund.id * 10, "REFUND", GATEWAY, total, refund.created_at, parent=sale)
            )
