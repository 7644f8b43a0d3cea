"""Every usual name of a metric leads to a metric here; where the usual formula differs, to that one too."""

from __future__ import annotations

import re
from pathlib import Path

from semantic.catalog import Catalog

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "numbers.md"
USUAL_NAMES = {
    "MRR", "ARR", "Growth Rate", "Revenue", "Revenue Trend", "Revenue by Source", "New Customers", "Churn Rate", "LTV",
    "CAC", "Conversion Rate", "AOV", "Add-to-Cart Rate", "Cart Abandonment Rate", "Ad Spend", "ROAS", "CPC", "CPA",
    "Traffic", "API Usage", "Active Users", "Gross Margin", "Sessions", "Orders",
}  # fmt: skip
TWO_NAMES = {"MRR": "mrr_by_order_totals", "CAC": "cpa", "Sessions": "daily_users", "Orders": "orders_placed",
             "Cart Abandonment Rate": "cart_abandonment_by_count", "AOV": "aov_all_orders",
             "Revenue": "revenue_all_orders", "Conversion Rate": "conversion_rate_by_users",
             "Add-to-Cart Rate": "add_to_cart_rate_by_count", "ROAS": "roas_on_revenue"}  # fmt: skip
NO_METRIC = {"revenue_source"}


def rows() -> dict[str, tuple[list[str], list[str]]]:
    """Usual name to the metrics here, and to those that have exactly the usual formula."""
    text = GUIDE.read_text().partition("## Usual names")[2].partition("\n## ")[0]
    metrics_by_name = {}
    for line in re.findall(r"^\| (?!usual|---)(.+) \|$", text, re.M):
        names, ours, literal = (part.strip() for part in line.split("|"))
        metrics_by_name |= dict.fromkeys(names.split(", "), (metrics_in(ours), metrics_in(literal)))
    return metrics_by_name


def metrics_in(text: str) -> list[str]:
    return [name for name in re.findall(r"`(\w+)`", text) if name not in NO_METRIC]


def test_every_usual_metric_name_has_a_metric(catalog: Catalog) -> None:
    assert set(rows()) >= USUAL_NAMES
    for name, (ours, literal) in rows().items():
        assert ours, name
        assert {*ours, *literal} <= set(catalog.metrics), name


def test_usual_formula_that_differs_has_its_own_metric() -> None:
    for name, metric in TWO_NAMES.items():
        ours, literal = rows()[name]
        assert metric in literal
        assert metric not in ours
