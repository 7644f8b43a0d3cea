"""From staged subscriptions to monthly recurring revenue, through all models; expected values are counted by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.registry import CONNECTORS
from connectors.sync.staging import Staging
from orchestration import dbt_parse, recording
from orchestration.home import Home
from tests.orchestration.installation import dbt

ACCOUNT = {"tenant_id": "t", "source_account": "a"}
FIRST_SYNC = "2026-01-10 00:00:00"
"""When the account was first synced; the last sync is at the end of April."""

ROWS: dict[str, list[dict[str, Any]]] = {
    "takings.tenants": [{"tenant_id": "t", "tenant_name": "T", "time_zone": "UTC", "currency": "USD"}],
    "takings.accounts": [ACCOUNT | {"source": "stripe"}],
    "takings.cursors": [
        ACCOUNT | {"source": "stripe", "stream": "subscriptions", "loaded_until": "2026-04-30 12:00:00"},
    ],
    "takings.exchange_rates": [
        {"rate_day": day, "from_currency": "EUR", "to_currency": "USD", "rate": "1.1"}
        for day in ("2026-01-31", "2026-02-28", "2026-03-31")
    ],
    "stripe.prices": [
        ACCOUNT
        | {"price_id": f"{currency}_monthly", "currency": currency, "type": "recurring", "usage_type": "licensed",
           "billing_scheme": "per_unit", "tax_behavior": "inclusive", "unit_amount": 1000,
           "recurring_interval": "month", "recurring_interval_count": 1}
        for currency in ("USD", "EUR")
    ],
}  # fmt: skip


def subscription(customer: str, currency: str, **fields: Any) -> dict[str, list[dict[str, Any]]]:
    """A subscription of 10.00 per month since January 5, as recorded on the day of the first sync."""
    known = ACCOUNT | {"subscription_id": f"sub_{customer}", "customer_id": customer, "currency": currency}
    item = f'[{{"item_id": "si_{customer}", "price_id": "{currency}_monthly", "quantity": 1}}]'
    return {
        "stripe.subscriptions": [
            known
            | {"status": "active", "created_at": "2026-01-05 00:00:00", "start_date": "2026-01-05 00:00:00",
               "livemode": True}
            | fields
        ],
        "stripe.subscription_items": [
            ACCOUNT
            | {"subscription_id": f"sub_{customer}", "subscription_item_id": f"si_{customer}", "quantity": 1,
               "price_id": f"{currency}_monthly", "created_at": "2026-01-05 00:00:00"}
        ],
        "stripe.subscriptions_history": [
            known | {"seen_at": FIRST_SYNC, "status": "active", "items": item, "discounts": "[]"}
        ],
    }  # fmt: skip


def with_two_coupons() -> dict[str, list[dict[str, Any]]]:
    """A subscription with two coupons: 2.00 off, then half of what is left."""
    rows = subscription("coupons", "USD")
    discounts = [{"coupon_id": coupon, "discount_start": 1_767_571_200} for coupon in ("TWO_OFF", "HALF")]
    rows["stripe.subscriptions_history"][0]["discounts"] = json.dumps(discounts)
    common = ACCOUNT | {"duration": "forever", "created_at": "2026-01-01 00:00:00"}
    rows["stripe.coupons"] = [common | {"coupon_id": "TWO_OFF", "amount_off": 200, "currency": "USD"},
                              common | {"coupon_id": "HALF", "percent_off": 50}]  # fmt: skip
    return rows


def backdated() -> dict[str, list[dict[str, Any]]]:
    """A subscription that was created in March and backdated to January."""
    created = "2026-03-05 00:00:00"
    rows = subscription("backdated", "USD", created_at=created)
    rows["stripe.subscriptions_history"][0]["seen_at"] = created
    return rows


def write(staging: Staging, rows: dict[str, list[dict[str, Any]]]) -> None:
    for table, items in rows.items():
        for row in items:
            names = ", ".join(row)
            staging.db.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", [*row.values()])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], Path]:
    """dbt's results for the models of recurring revenue and their tests, and the file that it wrote."""
    home = Home(tmp_path_factory.mktemp("home"))
    with Staging(home.staging) as staging:
        for connector in CONNECTORS:
            staging.prepare(connector.kind, connector.streams, connector.choices)
        write(staging, ROWS)
        write(staging, subscription("stays", "USD", has_automatic_tax=True))
        write(staging, backdated())
        write(staging, with_two_coupons())
        write(staging, subscription("leaves", "EUR", status="canceled", ended_at="2026-02-10 00:00:00"))
    selection = ("--select", "+mrr_monthly", "--indirect-selection", "buildable")
    return dbt(home, "build", *recording.UNTESTED, *selection), dbt_parse.scratch(home)


def test_mrr_months_of_four_subscribers_are_as_counted_by_hand(built: tuple[list[Any], Path]) -> None:
    """The customer who pays 10.00 EUR (11.00 USD) leaves in February; no one pays in euros then, and April has no rate.
    The backdated subscription counts from March; the one with coupons pays 4.00.
    """
    results, path = built
    failed = [(item.node.name, item.message) for item in results if str(item.status) not in ("success", "pass", "warn")]
    assert not failed
    with duckdb.connect(str(path), read_only=True) as db:
        months = db.sql(
            "select month(date_month), closing_mrr_minor, new_mrr_minor, churned_mrr_minor, fx_mrr_minor "
            "from marts.mrr_monthly order by all"
        ).fetchall()
    assert months == [(1, 2500, 2500, 0, 0), (2, 1400, 0, 1100, 0), (3, 2400, 1000, 0, 0), (4, 2400, 0, 0, 0)]


def test_unknown_inclusive_tax_rate_is_a_warning(built: tuple[list[Any], Path]) -> None:
    """Stripe Tax is on for the customer who stays, and the price includes tax."""
    warned = {item.node.name: item.failures for item in built[0] if str(item.status) == "warn"}
    assert warned == {"every_inclusive_tax_rate_is_known": 1}
