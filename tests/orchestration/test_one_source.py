"""A tenant with Shopify alone: what other sources would bring is unknown, which is not zero, and nothing else is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from semantic import query
from semantic.warehouse import open_build
from tests.oracle import marts as oracle
from tests.orchestration.installation import SHOPS, published_shops

TENANTS = ("aurora", "nordlicht")
UNKNOWN = {
    "ad_spend_minor", "impressions", "clicks", "platform_purchases", "platform_purchase_value_minor",
    "cash_received_minor", "cash_fees_minor", "cash_refunded_minor", "disputes_minor", "payouts_minor",
    "cash_other_minor", "balance_change_minor", "direct_revenue_minor", "operating_expenses_minor",
    "fixed_expenses_minor", "add_to_carts", "user_days", "api_calls", "api_errors", "feature_uses",
}  # fmt: skip
MONTHLY = {
    "direct_revenue_minor", "direct_refunds_minor", "ad_spend_minor", "processing_fees_minor", "disputes_minor",
    "variable_expenses_minor", "fixed_expenses_minor", "operating_expenses_minor", "contribution_margin_minor",
    "net_burn_minor", "cash_balance_minor", "trailing_burn_minor", "burning_minor", "runway_months",
    "contribution_margin_rate", "break_even_revenue_minor", "break_even_month",
}  # fmt: skip


def unknown_columns(mart: str) -> dict[str, set[str]]:
    """The columns of a mart that are empty in each of its rows, by tenant; a column that is empty in some fails."""
    place, unknown = published_shops(), dict[str, set[str]]()
    columns = [name for (name,) in place.ask(
        "select column_name from duckdb_columns() where table_name = ? and schema_name = 'marts'", [mart])]  # fmt: skip
    for tenant in TENANTS:
        counts = ", ".join(f"count({name})" for name in columns)
        ((rows, *known),) = place.ask(f"select count(*), {counts} from marts.{mart} where tenant_id = ?", [tenant])
        assert set(known) <= {0, rows}
        unknown[tenant] = {name for name, count in zip(columns, known, strict=True) if not count}
    return unknown


def test_measures_of_missing_sources_are_unknown_in_every_row() -> None:
    assert unknown_columns("metrics_daily") == dict.fromkeys(TENANTS, UNKNOWN)
    assert unknown_columns("finance_monthly") == dict.fromkeys(TENANTS, MONTHLY)


@pytest.mark.parametrize("tenant", TENANTS)
def test_known_measures_equal_the_oracle(tenant: str) -> None:
    rows = oracle.metrics_daily(SHOPS, tenant)
    for name in ("net_sales_minor", "total_sales_minor", "orders_placed", "new_customers", "refunded_amount_minor"):
        ((total,),) = published_shops().ask(
            f"select sum({name}) from marts.metrics_daily where tenant_id = ?", [tenant]
        )
        assert total == sum(row.get(name, 0) for row in rows.values()), name


@pytest.mark.parametrize("tenant", TENANTS)
def test_queries_say_unknown_and_totals_count_what_is_known(tenant: str) -> None:
    names = ("ad_spend", "roas", "cac", "margin_after_ads", "payouts", "api_calls", "conversion_rate_by_users")
    with open_build(published_shops().home.published, tenant) as build:
        table = query.answer(build, [*names, "revenue", "order_revenue"], start=date(2026, 1, 1), end=date(2026, 2, 28))
    (row,) = table.to_pylist()
    assert {name: row[name] for name in names} == dict.fromkeys(names)
    assert row["revenue"] == row["order_revenue"] and row["revenue"] > Decimal(0)


@pytest.mark.parametrize("tenant", TENANTS)
def test_first_page_has_six_known_figures(tenant: str) -> None:
    rows = published_shops().ask(
        "select metric, value_text from marts.kpis where tenant_id = ? and period = '30d' and comparison = 'prior' "
        "order by position", [tenant],
    )  # fmt: skip
    assert [metric for metric, _ in rows] == [
        "net_sales", "orders_placed", "aov", "new_customers", "units_sold", "gross_profit"
    ]  # fmt: skip
    assert "–" not in {text for _, text in rows}
