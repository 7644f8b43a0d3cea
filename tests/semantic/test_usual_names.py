"""The metrics of the metrics document are here, each under a name of its own; where its formula differs, both are."""

from __future__ import annotations

import re
from pathlib import Path

from semantic.catalog import Catalog

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "numbers.md"
DOCUMENT = {  # its chapters Key Metrics, Dashboard Views and Data Sources
    "MRR", "ARR", "Growth Rate", "Revenue", "Revenue Trend", "Revenue by Source", "New Customers", "Churn Rate", "LTV",
    "CAC", "Conversion Rate", "AOV", "Add-to-Cart Rate", "Cart Abandonment Rate", "Ad Spend", "ROAS", "CPC", "CPA",
    "Traffic", "API Usage", "Active Users", "Gross Margin", "Sessions", "Orders",
}  # fmt: skip
TWO_NAMES = {"CAC": "cpa", "Sessions": "daily_users", "Orders": "orders_placed",
             "Cart Abandonment Rate": "cart_abandonment_by_count"}  # fmt: skip
NO_METRIC = {"revenue_source"}


def rows() -> dict[str, tuple[list[str], list[str]]]:
    """Usual name to the metrics here, and to those that are its formula to the letter."""
    text = GUIDE.read_text().partition("## Names of other documents")[2].partition("\n## ")[0]
    found = {}
    for line in re.findall(r"^\| (?!usual|---)(.+) \|$", text, re.M):
        names, ours, literal = (part.strip() for part in line.split("|"))
        metrics = tuple(
            [name for name in re.findall(r"`(\w+)`", part) if name not in NO_METRIC] for part in (ours, literal)
        )
        found |= dict.fromkeys(names.split(", "), metrics)
    return found


def metrics_in(text: str) -> list[str]:
    return [name for name in re.findall(r"`(\w+)`", text) if name not in NO_METRIC]


def test_every_metric_of_the_document_has_its_name_here(catalog: Catalog) -> None:
    assert set(rows()) >= DOCUMENT
    for name, (ours, literal) in rows().items():
        assert ours, name
        assert {*ours, *literal} <= set(catalog.metrics), name


def test_where_its_formula_is_another_one_both_are_kept() -> None:
    for name, metric in TWO_NAMES.items():
        ours, literal = rows()[name]
        assert metric in literal
        assert metric not in ours
