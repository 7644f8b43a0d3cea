"""Pull a small simulated Stripe account, and the staging rows that its books expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.base import Account, Pulled
from connectors.connections import Request
from connectors.http import Transport
from connectors.stripe.pull import pull
from connectors.stripe.settings import StripeSettings
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from simulator import SimulatorServer, World, demo_world
from simulator.scenarios.payments import PaymentBooks, secret_key
from tests.connectors import staged

START, END = date(2025, 10, 16), datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCOUNT = "aurora"
Rows = list[tuple[Any, ...]]


def small_world() -> World:
    return demo_world(seed=7, start=START, end=END, orders=200)


@dataclass
class Place:
    """A landing zone and a staging file of their own."""

    root: Path
    account: str = ACCOUNT
    run_id: str = "run"
    waits: list[float] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)

    @property
    def staging(self) -> Path:
        return self.root / "staging.duckdb"

    @property
    def landing(self) -> Landing:
        return Landing(self.root / "landing")

    def known_as(self, server: SimulatorServer, secret: str | None = None, base_url: str | None = None) -> Account:
        url = base_url or server.base_url(self.account, "stripe")
        return Account("acme", "stripe", self.account, url, secret or secret_key(self.account))

    def pull(
        self, server: SimulatorServer, secret: str | None = None, base_url: str | None = None, **settings: Any
    ) -> dict[str, Pulled]:
        """One pull; pauses are recorded instead of waited, requests are kept as sent."""
        account = self.known_as(server, secret, base_url)
        transport = Transport((account.secret,), sleep=self.waits.append)
        transport.sent = self.sent.append
        with Staging(self.staging) as staging:
            context = PullContext(account, self.landing, staging, self.run_id, transport)
            own = StripeSettings(kind="stripe", account=account.account, secret="env:UNUSED", **settings)
            return {result.stream: result for result in pull(context, own)}

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        return staged.rows(self.staging, sql, values)

    def tables(self, lineage: bool = False) -> dict[str, Rows]:
        """Every row of every staging table of the source, in order; the run and the part of each only with `lineage`.

        Histories are left out: they have the time of the pull, which is not part of the account.
        """
        return staged.tables(self.staging, "stripe", lineage=lineage, histories=False)


def request_count(server: SimulatorServer, resource: str, how: str) -> int:
    """How many requests for a resource were for a `list`, or for an `object`."""
    return sum({f"stripe:{resource}", f"stripe:{how}"} <= set(request.resources) for request in server.log)


def when(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def expected(books: PaymentBooks) -> dict[str, tuple[str, Rows]]:
    """Table to its columns and rows, from the books: a second source of the numbers without the API."""
    return {
        "balance_transactions": (
            "balance_transaction_id, type, reporting_category, currency, amount, fee, net, status, created_at, "
            "available_on, source_id",
            [
                (entry.id, entry.type, entry.reporting_category, entry.currency, entry.amount, entry.fee, entry.net,
                 "available" if entry.available_on <= books.at else "pending", when(entry.created),
                 when(entry.available_on), entry.source)
                for entry in books.entries
            ],
        ),
        "charges": (
            "charge_id, created_at, currency, amount, amount_captured, amount_refunded, is_captured, is_refunded, "
            "is_disputed, status, balance_transaction_id, customer_id, "
            "json_extract_string(metadata, '$.order_id')",
            [
                (charge["id"], when(charge["created"]), charge["currency"].upper(), charge["amount"],
                 charge["amount_captured"], charge["amount_refunded"], charge["captured"], charge["refunded"],
                 charge["disputed"], charge["status"], charge["balance_transaction"],
                 charge["customer"], charge["metadata"].get("order_id"))
                for charge in books.states("charge")
            ],
        ),
        "refunds": (
            "refund_id, charge_id, currency, amount, status, balance_transaction_id, failure_balance_transaction_id",
            [
                (refund["id"], refund["charge"], refund["currency"].upper(), refund["amount"], refund["status"],
                 refund["balance_transaction"], refund.get("failure_balance_transaction"))
                for refund in books.states("refund")
            ],
        ),
        "disputes": (
            "dispute_id, charge_id, currency, amount, reason, status",
            [(dispute["id"], dispute["charge"], dispute["currency"].upper(), dispute["amount"], dispute["reason"],
              dispute["status"])
             for dispute in books.states("dispute")],
        ),
        "payouts": (
            "payout_id, created_at, amount, status, reconciliation_status, arrives_at, failure_balance_transaction_id",
            [
                (payout["id"], when(payout["created"]), payout["amount"], payout["status"],
                 payout["reconciliation_status"], when(payout["arrival_date"]), payout["failure_balance_transaction"])
                for payout in books.states("payout")
            ],
        ),
        "customers": (
            "customer_id, created_at, email, name, is_delinquent, discount_id",
            [(customer["id"], when(customer["created"]), customer["email"], customer["name"], customer["delinquent"],
              customer.get("discount"))
             for customer in books.states("customer")],
        ),
        "products": (
            "product_id, name, updated_at",
            [(product["id"], product["name"], when(product["updated"])) for product in books.states("product")],
        ),
        "coupons": (
            "coupon_id, duration, duration_in_months, percent_off, amount_off",
            [(coupon["id"], coupon["duration"], coupon.get("duration_in_months"), coupon.get("percent_off"),
              coupon.get("amount_off"))
             for coupon in books.states("coupon")],
        ),
        **_billing(books),
    }  # fmt: skip


def _billing(books: PaymentBooks) -> dict[str, tuple[str, Rows]]:
    subscriptions, prices = books.states("subscription"), books.states("price")
    discount = {discount["id"]: discount for discount in books.states("discount")}
    pairs = [(sub, key, None) for sub in subscriptions for key in sub["discounts"]]
    pairs += [(sub, key, item["id"]) for sub in subscriptions for item in sub["items"] for key in item["discounts"]]
    return {
        "prices": (
            "price_id, product_id, nickname, is_active, type, unit_amount, recurring_interval, usage_type, "
            "tax_behavior",
            [
                (price["id"], price["product"], price["nickname"], price["active"], price["type"], price["unit_amount"],
                 (price["recurring"] or {}).get("interval"), (price["recurring"] or {}).get("usage_type"),
                 price["tax_behavior"])
                for price in prices
            ],
        ),
        "price_tiers": (
            "price_id, position, up_to, unit_amount",
            [(price["id"], position, tier["up_to"], tier["unit_amount"])
             for price in prices for position, tier in enumerate(price.get("tiers", ()), 1)],
        ),
        "subscriptions": (
            "subscription_id, customer_id, status, trial_end, cancel_at, canceled_at, ended_at, "
            "cancel_at_period_end, pause_behavior, latest_invoice_id",
            [
                (sub["id"], sub["customer"], sub["status"], when(sub["trial_end"]), when(sub["cancel_at"]),
                 when(sub["canceled_at"]), when(sub["ended_at"]), sub["cancel_at_period_end"],
                 (sub["pause_collection"] or {}).get("behavior"), sub["latest_invoice"])
                for sub in subscriptions
            ],
        ),
        "subscription_items": (
            "subscription_id, subscription_item_id, price_id, quantity, current_period_start, current_period_end, "
            "inclusive_tax_percent",
            [
                (sub["id"], item["id"], item["price"], item["quantity"], when(item["current_period_start"]),
                 when(item["current_period_end"]), 19 if item["tax_rates"] or sub["default_tax_rates"] else None)
                for sub in subscriptions for item in sub["items"]
            ],
        ),
        "subscription_discounts": (
            "subscription_id, discount_id, subscription_item_id, coupon_id, discount_start, discount_end",
            [
                (sub["id"], key, item, discount[key]["source"]["coupon"], when(discount[key]["start"]),
                 when(discount[key]["end"]))
                for sub, key, item in pairs
            ],
        ),
        **_invoicing(books),
    }  # fmt: skip


def _invoicing(books: PaymentBooks) -> dict[str, tuple[str, Rows]]:
    invoices = books.states("invoice")
    return {
        "invoices": (
            "invoice_id, created_at, customer_id, subscription_id, status, subtotal, discount_total, total, "
            "total_excluding_tax, tax_total, amount_paid, amount_remaining, finalized_at, paid_at, voided_at, "
            "marked_uncollectible_at",
            [
                (invoice["id"], when(invoice["created"]), invoice["customer"],
                 (invoice["parent"] or {}).get("subscription_details", {}).get("subscription"), invoice["status"],
                 invoice["subtotal"], invoice["subtotal"] - invoice["total"], invoice["total"],
                 invoice["total_excluding_tax"], invoice["total"] - invoice["total_excluding_tax"],
                 invoice["amount_paid"], invoice["amount_remaining"],
                 when(invoice["finalized_at"]), when(invoice["paid_at"]), when(invoice["voided_at"]),
                 when(invoice["marked_uncollectible_at"]))
                for invoice in invoices
            ],
        ),
        "invoice_lines": (
            "invoice_id, invoice_line_id, amount, quantity, discount_amount, tax_amount, subscription_id, "
            "is_proration, price_id, period_start, period_end",
            [
                (invoice["id"], line["id"], line["amount"], line["quantity"],
                 sum(entry["amount"] for entry in line["discount_amounts"]),
                 sum(entry["amount"] for entry in line["taxes"]), line["subscription"],
                 line["parent"][line["parent"]["type"]]["proration"], line["pricing"]["price_details"]["price"],
                 when(line["period"]["start"]), when(line["period"]["end"]))
                for invoice in invoices for line in invoice["lines"]
            ],
        ),
    }  # fmt: skip


OBJECTS = {"customers": "customer", "products": "product", "coupons": "coupon", "prices": "price",
           "invoices": "invoice", "invoice_lines": "invoice"}  # fmt: skip


def stored_rows(place: Place, table: str, columns: str) -> Rows:
    """The rows of a staging table, without those of objects that are recorded as deleted."""
    kind = OBJECTS.get(table)
    key = columns.split(",", maxsplit=1)[0]
    deleted = f"select object_id from stripe.deletions where object_type = '{kind}' and restored_at is null"
    where = f"where {key} not in ({deleted})" if kind else ""
    return place.rows(f"select {columns} from stripe.{table} {where}")


def differences(place: Place, books: PaymentBooks) -> dict[str, tuple[Rows, Rows]]:
    """Table to (rows that only staging has, rows that only the books have), for those that differ."""
    result = {}
    for table, (columns, rows) in expected(books).items():
        # a Counter takes 19 and Decimal("19.00") for the same value
        staging, expected_rows = Counter(stored_rows(place, table, columns)), Counter(rows)
        if staging != expected_rows:
            result[table] = (
                list((staging - expected_rows).elements())[:3],
                list((expected_rows - staging).elements())[:3],
            )
    return result
