"""A shop from a folder of a real retailer's tables: its orders, lines and refunds, exact to the penny.

Reads ``orders.parquet``, ``order_lines.parquet`` and ``refund_lines.parquet``. Lines of kind ``goods`` become product
lines, lines of kind ``shipping`` become shipping lines. The refund lines of one refund, order and instant become one
refund, paid in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from common import database
from common.errors import ConfigurationError
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
_FIRST_PRODUCT, _FIRST_VARIANT, _FIRST_REFUND, _FIRST_AGREEMENT = 8_000_000, 9_000_000, 3_000_000, 30_000_000
_VENDOR = "Online Retail"


class RetailFolderError(ConfigurationError):
    """The folder does not hold the three tables, or not in the expected form."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"Cannot simulate a shop from {folder}",
            why,
            "Give a folder with orders.parquet, order_lines.parquet and refund_lines.parquet",
        )


def retail_world(folder: Path) -> World:
    """A world of one shop, ``online_retail``, from a folder of tables. It ends one second after the last event.

    Raises RetailFolderError.
    """
    db = _open(Path(folder))
    shop = Shop(ACCOUNT, "Online Retail", ZONE, CURRENCY, taxes_included=False, token=simulated_token(ACCOUNT))
    builder = _Builder(ShopHistory(shop))
    builder.add_products(db)
    builder.add_orders(db)
    builder.add_lines(db)
    builder.add_payments()
    builder.add_refunds(db)
    last = max(max(order.instants()) for order in builder.history.orders)
    return World([builder.history], datetime.fromtimestamp(last + 1, UTC))


def _open(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database with a view per table. Raises RetailFolderError."""
    if not folder.is_dir():
        raise RetailFolderError(folder, "it is not a folder")
    if missing := [f"{name}.parquet" for name in TABLES if not (folder / f"{name}.parquet").is_file()]:
        raise RetailFolderError(folder, f"it lacks {', '.join(missing)}")
    db = database.connect(threads=2)
    db.execute("set TimeZone = 'UTC'")
    for name, columns in TABLES.items():
        try:
            table = db.read_parquet(str(folder / f"{name}.parquet"))
        except duckdb.Error as error:
            raise RetailFolderError(folder, f"{name}.parquet cannot be read: {error}") from None
        if missing := [column for column in columns if column not in table.columns]:
            raise RetailFolderError(folder, f"{name}.parquet has no column {', '.join(missing)}")
        table.create_view(name)
    foreign = "select string_agg(distinct currency, ', ') from orders where currency is distinct from ?"
    currencies = db.execute(foreign, [CURRENCY]).fetchone()
    if currencies and currencies[0]:
        raise RetailFolderError(folder, f"orders.parquet has orders in {currencies[0]}, expected only {CURRENCY}")
    if db.execute("select count(*) from orders").fetchone() == (0,):
        raise RetailFolderError(folder, "orders.parquet has no rows")
    return db


@dataclass
class _Builder:
    """Adds the rows of the tables to a history."""

    history: ShopHistory
    orders: dict[str, Order] = field(default_factory=dict)  # by order_id
    lines: dict[tuple[str, int], Line | ShippingLine] = field(default_factory=dict)  # by order_id and line_no
    variants: dict[str, Variant] = field(default_factory=dict)  # by sku

    def add_products(self, db: duckdb.DuckDBPyConnection) -> None:
        """One product per sku, with the title of its last sale."""
        rows = db.execute("""
            select sku, coalesce(arg_max(title, (created_at, order_id, line_no)) filter (title is not null), sku),
                   arg_max(unit_price_minor, (created_at, order_id, line_no)), epoch(min(created_at))::bigint
            from order_lines join orders using (order_id) where kind = 'goods' group by sku order by sku""").fetchall()
        for place, (sku, title, price, at) in enumerate(rows, start=1):
            product = Product(_FIRST_PRODUCT + place, [(at, title)], _VENDOR, "Gifts", [(at, "ACTIVE")], at)
            number = _FIRST_VARIANT + place
            variant = Variant(number, product, "Default Title", sku, [(at, price)], [(at, None)], at)
            product.variants.append(variant)
            self.variants[sku] = variant
            self.history.products.append(product)

    def add_orders(self, db: duckdb.DuckDBPyConnection) -> None:
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
            self.orders[name] = order
            self.history.orders.append(order)
        self.history.customers.extend(customers.values())

    def add_lines(self, db: duckdb.DuckDBPyConnection) -> None:
        cursor = db.execute("""
            select order_id, line_no, kind, sku, coalesce(title, sku), quantity, unit_price_minor, amount_minor
            from order_lines order by order_id, line_no""")
        while rows := cursor.fetchmany(20_000):
            for order_id, number, kind, sku, title, quantity, price, amount in rows:
                order = self.orders[order_id]
                key = order.id * _IDS_PER_ORDER + number
                if kind == "shipping":
                    shipping = self.lines[order_id, number] = ShippingLine(key, title, amount)
                    order.shipping.append(shipping)
                else:
                    line = Line(key, "product", title, None, sku, _VENDOR, self.variants[sku], quantity, price)
                    self.lines[order_id, number] = line
                    order.lines.append(line)

    def add_payments(self) -> None:
        """One payment of the whole amount per order that costs something."""
        for order in self.history.orders:
            total = sum(line.quantity * line.unit_price for line in order.lines)
            total += sum(line.price for line in order.shipping)
            if total:
                order.transactions.append(Transaction(order.id * 10, "SALE", GATEWAY, total, order.created_at))

    def add_refunds(self, db: duckdb.DuckDBPyConnection) -> None:
        """One refund per refund_id, order and instant. A line that occurs twice in it gives two refund lines."""
        rows = db.execute("""
            select refund_id, order_id, line_no, epoch(created_at)::bigint, quantity, amount_minor
            from refund_lines order by created_at, refund_id, order_id, line_no, quantity, amount_minor""").fetchall()
        refunds: dict[tuple[str, str, int], Refund] = {}
        for number, (refund_id, order_id, line_no, at, quantity, amount) in enumerate(rows, start=_FIRST_REFUND + 1):
            refund = refunds.get((refund_id, order_id, at))
            if refund is None:
                refund = refunds[refund_id, order_id, at] = Refund(
                    number, _FIRST_AGREEMENT + number, at, at, note=refund_id
                )
                self.orders[order_id].refunds.append(refund)
            _add_refund_line(refund, number, self.lines[order_id, line_no], quantity, amount)
        for (_, order_id, _), refund in refunds.items():
            _pay_refund(refund, self.orders[order_id])


def _add_refund_line(refund: Refund, number: int, line: Line | ShippingLine, quantity: int, amount: int) -> None:
    if isinstance(line, ShippingLine):
        refund.shipping.append(ShippingReversal(number, line, amount, 0))
    else:
        refund.lines.append(Reversal(number, line, quantity, amount, 0, 0))


def _pay_refund(refund: Refund, order: Order) -> None:
    total = sum(line.net for line in refund.lines) + sum(line.net for line in refund.shipping)
    if total:
        sale = order.transactions[0] if order.transactions else None
        payment = Transaction(refund.id * 10, "REFUND", GATEWAY, total, refund.created_at, parent=sale)
        refund.transactions.append(payment)
