"""Pulling a small simulated Stripe account, and what the books say that must come of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import requests

from connectors.base import Account, Pulled
from connectors.http import Transport
from connectors.stripe.pull import pull
from connectors.stripe.settings import StripeSettings
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from simulator import SimulatorServer, World, demo_world
from simulator.scenarios.payments import PaymentBooks, secret_key

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
    sent: list[requests.PreparedRequest] = field(default_factory=list)

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
        """One pull; pauses are noted instead of taken, requests are kept as they were sent."""
        account = self.known_as(server, secret, base_url)
        transport = Transport((account.secret,), sleep=self.waits.append)
        transport.session.hooks["response"].append(lambda answer, *_, **__: self.sent.append(answer.request))
        with Staging(self.staging) as staging:
            context = PullContext(account, self.landing, staging, self.run_id, transport)
            own = StripeSettings(kind="stripe", account=account.account, secret="env:UNUSED", **settings)
            return {result.stream: result for result in pull(context, own)}

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        with duckdb.connect(str(self.staging), read_only=True) as db:
            return db.execute(sql, list(values)).fetchall()

    def tables(self, lineage: bool = False) -> dict[str, Rows]:
        """Every row of every staging table of the source, in order; who brought a row only if asked for.

        Histories say when we looked, which is not the account's own, and are left out.
        """
        listed = self.rows(
            "select table_name from duckdb_tables() where schema_name = 'stripe' and table_name not like '%history' "
            "order by 1"
        )
        less = "" if lineage else "exclude (run_id, landing_part)"
        return {name: self.rows(f"select * {less} from stripe.{name} order by all") for (name,) in listed}


def asked(server: SimulatorServer, resource: str, how: str) -> int:
    """How many requests for a resource were for a list, or for an object."""
    return sum({f"stripe:{resource}", f"stripe:{how}"} <= set(request.resources) for request in server.log)


def when(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def expected(books: PaymentBooks) -> dict[str, tuple[str, Rows]]:
    """Table to its columns and rows, from the books: a second way to the numbers that does not pass the wire."""
    return {
        "balance_transactions": (
            "balance_transaction_id, type, reporting_category, currency, amount, fee, net, status, created_at, "
            "available_on, source_id",
            [
                (one.id, one.type, one.reporting_category, one.currency, one.amount, one.fee, one.net,
                 "available" if one.available_on <= books.at else "pending", when(one.created),
                 when(one.available_on), one.source)
                for one in books.entries
            ],
        ),
        "charges": (
            "charge_id, created_at, currency, amount, amount_captured, amount_refunded, is_captured, is_refunded, "
            "is_disputed, status, balance_transaction_id, customer_id, order_id",
            [
                (one["id"], when(one["created"]), one["currency"].upper(), one["amount"], one["amount_captured"],
                 one["amount_refunded"], one["captured"], one["refunded"], one["disputed"], one["status"],
                 one["balance_transaction"], one["customer"], one["metadata"].get("order_id"))
                for one in books.states("charge")
            ],
        ),
        "refunds": (
            "refund_id, charge_id, currency, amount, status, balance_transaction_id, failure_balance_transaction_id",
            [
                (one["id"], one["charge"], one["currency"].upper(), one["amount"], one["status"],
                 one["balance_transaction"], one.get("failure_balance_transaction"))
                for one in books.states("refund")
            ],
        ),
        "disputes": (
            "dispute_id, charge_id, currency, amount, reason, status",
            [(one["id"], one["charge"], one["currency"].upper(), one["amount"], one["reason"], one["status"])
             for one in books.states("dispute")],
        ),
        "payouts": (
            "payout_id, created_at, amount, status, reconciliation_status, arrives_at, failure_balance_transaction_id",
            [
                (one["id"], when(one["created"]), one["amount"], one["status"], one["reconciliation_status"],
                 when(one["arrival_date"]), one["failure_balance_transaction"])
                for one in books.states("payout")
            ],
        ),
        "customers": (
            "customer_id, created_at, email, name, is_delinquent, discount_id",
            [(one["id"], when(one["created"]), one["email"], one["name"], one["delinquent"], one.get("discount"))
             for one in books.states("customer")],
        ),
        "products": (
            "product_id, name, updated_at",
            [(one["id"], one["name"], when(one["updated"])) for one in books.states("product")],
        ),
        "coupons": (
            "coupon_id, duration, duration_in_months, percent_off, amount_off",
            [(one["id"], one["duration"], one.get("duration_in_months"), one.get("percent_off"), one.get("amount_off"))
             for one in books.states("coupon")],
        ),
        **_billing(books),
    }  # fmt: skip


def _billing(books: PaymentBooks) -> dict[str, tuple[str, Rows]]:
    subscriptions, prices = books.states("subscription"), books.states("price")
    discount = {one["id"]: one for one in books.states("discount")}
    pairs = [(sub, key, None) for sub in subscriptions for key in sub["discounts"]]
    pairs += [(sub, key, item["id"]) for sub in subscriptions for item in sub["items"] for key in item["discounts"]]
    return {
        "prices": (
            "price_id, product_id, nickname, is_active, type, unit_amount, recurring_interval, usage_type, "
            "tax_behavior",
            [
                (one["id"], one["product"], one["nickname"], one["active"], one["type"], one["unit_amount"],
                 (one["recurring"] or {}).get("interval"), (one["recurring"] or {}).get("usage_type"),
                 one["tax_behavior"])
                for one in prices
            ],
        ),
        "price_tiers": (
            "price_id, position, up_to, unit_amount",
            [(one["id"], place, tier["up_to"], tier["unit_amount"])
             for one in prices for place, tier in enumerate(one.get("tiers", ()), 1)],
        ),
        "subscriptions": (
            "subscription_id, customer_id, status, trial_end, cancel_at, canceled_at, ended_at, "
            "cancel_at_period_end, pause_behavior, latest_invoice_id",
            [
                (one["id"], one["customer"], one["status"], when(one["trial_end"]), when(one["cancel_at"]),
                 when(one["canceled_at"]), when(one["ended_at"]), one["cancel_at_period_end"],
                 (one["pause_collection"] or {}).get("behavior"), one["latest_invoice"])
                for one in subscriptions
            ],
        ),
        "subscription_items": (
            "subscription_id, subscription_item_id, price_id, quantity, current_period_start, current_period_end, "
            "inclusive_tax_percent",
            [
                (one["id"], item["id"], item["price"], item["quantity"], when(item["current_period_start"]),
                 when(item["current_period_end"]), 19 if item["tax_rates"] or one["default_tax_rates"] else None)
                for one in subscriptions for item in one["items"]
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
                (one["id"], when(one["created"]), one["customer"],
                 (one["parent"] or {}).get("subscription_details", {}).get("subscription"), one["status"],
                 one["subtotal"], one["subtotal"] - one["total"], one["total"], one["total_excluding_tax"],
                 one["total"] - one["total_excluding_tax"], one["amount_paid"], one["amount_remaining"],
                 when(one["finalized_at"]), when(one["paid_at"]), when(one["voided_at"]),
                 when(one["marked_uncollectible_at"]))
                for one in invoices
            ],
        ),
        "invoice_lines": (
            "invoice_id, invoice_line_id, amount, quantity, discount_amount, tax_amount, subscription_id, "
            "is_proration, price_id, period_start, period_end",
            [
                (one["id"], line["id"], line["amount"], line["quantity"],
                 sum(each["amount"] for each in line["discount_amounts"]),
                 sum(each["amount"] for each in line["taxes"]), line["subscription"],
                 line["parent"][line["parent"]["type"]]["proration"], line["pricing"]["price_details"]["price"],
                 when(line["period"]["start"]), when(line["period"]["end"]))
                for one in invoices for line in one["lines"]
            ],
        ),
    }  # fmt: skip


OBJECTS = {"customers": "customer", "products": "product", "coupons": "coupon", "prices": "price",
           "invoices": "invoice", "invoice_lines": "invoice"}  # fmt: skip


def held(place: Place, table: str, columns: str) -> Rows:
    """A staging table's rows without those of objects that are recorded as deleted."""
    kind = OBJECTS.get(table)
    key = columns.split(",", maxsplit=1)[0]
    gone = f"select object_id from stripe.deletions where object_type = '{kind}' and restored_at is null"
    less = f"where {key} not in ({gone})" if kind else ""
    return place.rows(f"select {columns} from stripe.{table} {less}")


def differences(place: Place, books: PaymentBooks) -> dict[str, tuple[Rows, Rows]]:
    """Table to (rows that only staging has, rows that only the books have), for those that differ."""
    found = {}
    for table, (columns, rows) in expected(books).items():
        ours, theirs = Counter(held(place, table, columns)), Counter(rows)  # 19 and Decimal("19.00") are one
        if ours != theirs:
            found[table] = (list((ours - theirs).elements())[:3], list((theirs - ours).elements())[:3])
    return found
