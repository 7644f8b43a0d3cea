"""The snapshots that reviewers read: the SQL of metrics and of whole questions, and the asset graph.

`make generate` writes them into tests/; tests/test_generated.py fails where one is stale.
"""

from __future__ import annotations

from datetime import date

from semantic.catalog import Catalog
from semantic.compiler import badge_expression, compile_query, expression


def metrics_sql(catalog: Catalog) -> str:
    """The SQL of every metric and badge: the one place where it is committed."""
    blocks = [f"-- {name} ({metric.mart})\n{expression(catalog, name)}\n" for name, metric in catalog.metrics.items()]
    badges = [f"-- badge of {n}\n{badge_expression(catalog, n)}\n" for n, m in catalog.metrics.items() if m.thresholds]
    return "\n".join(blocks + badges)


def queries_sql(catalog: Catalog) -> str:
    """The SQL of five questions, one of each kind."""
    days = {"start": date(2026, 1, 1), "end": date(2026, 3, 31)}
    questions = {
        "one mart": compile_query(catalog, ["net_sales", "aov"], by=["month", "channel"], tenant="aurora", **days),
        "two marts": compile_query(catalog, ["net_sales", "product_revenue"], by=["week"], tenant="aurora", **days),
        "no dimension": compile_query(catalog, ["orders_placed"]),
        "top ten": compile_query(
            catalog, ["product_revenue"], by=["product_key"], labels=["product_title"],
            order=["-product_revenue"], limit=10, only="product_revenue",
        ),
        "cohorts": compile_query(catalog, ["retention", "ltv"], by=["month", "month_number"], **days),
    }  # fmt: skip
    return "\n\n".join(f"-- {name}\n{sql}" for name, sql in questions.items()) + "\n"


def asset_graph() -> str:
    """Every asset of Dagster with its parents and its checks. dbt's manifest is read from TAKINGS_HOME."""
    from orchestration.definitions import definitions

    graph = definitions().get_repository_def().asset_graph
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        parents = ", ".join(sorted(parent.to_user_string() for parent in graph.get(key).parent_keys))
        checks = ", ".join(sorted(check.name for check in graph.get_check_keys_for_assets({key})))
        lines.append(f"{key.to_user_string()}\n  from: {parents or '-'}\n  checks: {checks or '-'}\n")
    return "\n".join(lines)
