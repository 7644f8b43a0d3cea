"""What the charts and reports of a creator must show, from the oracle's rows (creator.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from simulator.scenarios.creator import Cost
from tests.oracle import creator
from tests.oracle.answers import Metric, money, share
from tests.oracle.creator import GROUPS, Logged, Rate
from tests.oracle.records import Answer, Formula, Records, Row, of, summed

COUNTRIES = {
    "US": "United States", "CA": "Canada", "GB": "United Kingdom", "IE": "Ireland", "IN": "India", "AU": "Australia",
    "NG": "Nigeria", "XK": "Kosovo", "PT": "Portugal", "ES": "Spain", "BR": "Brazil", "AR": "Argentina",
    "AO": "Angola", "MX": "Mexico", "DE": "Germany", "AT": "Austria", "CH": "Switzerland", "FR": "France",
    "BE": "Belgium", "JP": "Japan", None: "(unknown)",
}  # fmt: skip
LANGUAGES = {
    "de": "German", "en": "English", "es": "Spanish", "fr": "French", "ja": "Japanese", "pt": "Portuguese",
}  # fmt: skip
BUYERS = {"first_time": "First-time", "repeat": "Repeat"}
AGES = ["(before the sale)", *(words for _, words in creator.AGES), "over 90 days", "(day not in the log)",
        "(sale not in the log)"]  # fmt: skip
"""The ages of a refund, in the order of the table."""
SALE = ("entry", "date_day", "hour_of_day", *GROUPS, "country_code", "region", "customer_type", "computed",
        "refund_reason", "refund_age", "days", "revenue_minor", "refunded_minor", "orders_refunded", "delivered",
        "contradicted")  # fmt: skip
AMOUNTS = ("revenue_minor", "refunded_minor", "costs_minor")
STEP = ("vault_id", "niche", "date_day", "step", "count", "before")
GENERATION = ("visit", *GROUPS, "date_day", "success", "latency")
SALES = {
    "vault_revenue": money("revenue"),
    "vault_orders": Metric("orders"),
    "vault_aov": money("revenue", over="orders"),
    "vault_refunds": Metric("refunds"),
    "vault_refunded_amount": money("refunded"),
    "vault_refund_rate": share("orders_refunded", "orders"),
    "net_after_refunds": money("revenue", "refunded"),
    "vault_delivery_rate": share("delivered", "orders"),
    "repeat_order_rate": share("repeat", "typed"),
    "contradicted_customer_types": Metric("contradicted"),
}
PROFIT = {"vault_profit": money("revenue", "refunded", "costs"), "vault_costs": money("costs")}
FUNNEL = {
    "vault_funnel_count": Metric("count"),
    "vault_funnel_step_rate": share("count", "before"),
    "vault_visits": Metric("visits"),
    "vault_conversions": Metric("conversions"),
    "vault_conversion_rate": share("conversions", "visits"),
}
GENERATIONS = {
    "ai_generation_count": Metric("generations"),
    "ai_generation_failures": Metric("generations", less=("successes",)),
    "ai_generation_success_rate": share("successes", "generations"),
}


def _latency(part: Fraction) -> Formula:
    """Seconds, from hundredths."""

    def calculate(rows: Sequence[Row]) -> Fraction:
        return creator.percentile([row["latency"] for row in rows], part) / 100

    return calculate


METRICS: Mapping[str, tuple[str, Formula]] = {
    **{name: ("vault_sales", summed(metric)) for name, metric in SALES.items()},
    **{name: ("vault_profit", summed(metric)) for name, metric in PROFIT.items()},
    **{name: ("vault_funnel", summed(metric)) for name, metric in FUNNEL.items()},
    **{name: ("ai_generations", summed(metric)) for name, metric in GENERATIONS.items()},
    "ai_latency_p50": ("ai_generations", _latency(Fraction(1, 2))),
    "ai_latency_p95": ("ai_generations", _latency(Fraction(19, 20))),
}


def records(rows: Sequence[Logged], costs: Sequence[Cost], rate: Rate) -> Records:
    """The marts of a log, one row after another."""
    return Records(
        {
            "vault_sales": [_sale(cells) for cells, count in creator.sales(rows, rate).items() for _ in range(count)],
            "vault_profit": [
                dict(zip((*creator.PROFIT, *AMOUNTS), (*key, *sums[:-1]), strict=True))
                for key, sums in creator.profit(creator.sales(rows, rate), costs, rate).items()
            ],
            "vault_funnel": [_step(cells) for cells in creator.funnel(rows)],
            "ai_generations": [_generation(cells) for cells in creator.generations(rows)],
        },
        METRICS,
    )


def _sale(cells: Sequence[object]) -> Row:
    row = dict(zip(SALE, cells, strict=True))
    bought = row["entry"] == "purchase"
    kinds = {kind: int(bought and row["customer_type"] == kind) for kind in BUYERS}
    return row | {
        "orders": int(bought), "refunds": int(not bought), "country": COUNTRIES[row["country_code"]],  # type: ignore[index]
        "repeat": kinds["repeat"], "typed": sum(kinds.values()),
        "spoken": LANGUAGES[str(row["language"])],
        "buyer": BUYERS.get(str(row["customer_type"]), row["customer_type"]),
        "by_visits": BUYERS.get(str(row["computed"]), row["computed"]),
        "hour_start": f"{row['date_day']} {row['hour_of_day']}",
    }  # fmt: skip


def _step(cells: Sequence[object]) -> Row:
    row = dict(zip(STEP, cells, strict=True))
    return row | {
        "visits": row["count"] if row["step"] == "Visit" else 0,
        "conversions": row["count"] if row["step"] == "Purchase" else 0,
    }


def _generation(cells: Sequence[object]) -> Row:
    row = dict(zip(GENERATION, cells, strict=True))
    return row | {"generations": 1, "successes": int(bool(row["success"]))}


def _ranking(metric: str, by: str, label: str | None = None, limit: int = 10, **where: str) -> Answer:
    return of(metric, by=[by], label={by: label or by}, order=metric, limit=limit, **where)


TABLE = ("vault_revenue", "vault_orders", "vault_aov", "vault_refund_rate", "net_after_refunds")
CHARTS: Mapping[str, Answer] = {
    "Revenue": of("vault_revenue"),
    "Vault orders": of("vault_orders"),
    "Value per order": of("vault_aov"),
    "Refunded": of("vault_refunded_amount"),
    "Net after refunds": of("net_after_refunds"),
    "Profit": of("vault_profit"),
    "Profit by niche": of("vault_profit", "vault_costs", by=["niche"], label={"niche": "niche_label"},
                          order="vault_profit"),
    "Costs by category": lambda records, days: [
        row for row in _ranking("vault_costs", "category", "category_label", limit=11)(records, days)
        if row["category_label"] != "(sales)"
    ][:10],
    "Vault revenue over time": of("vault_revenue", by=["date_day"]),
    "Revenue by niche": _ranking("vault_revenue", "niche", "niche_label"),
    "Niches": of(*TABLE, "vault_refunded_amount", by=["niche"], label={"niche": "niche_label"}, order="vault_revenue"),
    "Vaults": of(*TABLE, by=["vault_id"], label={"vault_id": "vault_label"}, order="vault_revenue"),
    "Products": of(*TABLE, by=["product_name", "vault_id"],
                   label={"product_name": "product_label", "vault_id": "vault_label"}, order="vault_revenue", limit=50),
    "Refunded over time": of("vault_refunded_amount", by=["date_day"]),
    "Refunded by niche": _ranking("vault_refunded_amount", "niche", "niche_label", entry="refund"),
    "Refunded by reason": _ranking("vault_refunded_amount", "refund_reason", "reason_label", entry="refund"),
    "How long after the sale": lambda records, days: sorted(
        of("vault_refunds", "vault_refunded_amount", by=["refund_age"], entry="refund")(records, days),
        key=lambda row: AGES.index(row["refund_age"]),
    ),
    "Refunds by vault": of("vault_refunds", "vault_refunded_amount", "vault_refund_rate", by=["vault_id"],
                           label={"vault_id": "vault_label"}, order="vault_refunded_amount", limit=50),
    "From visit to purchase": lambda records, days: sorted(
        of("vault_funnel_count", "vault_funnel_step_rate", by=["step"])(records, days),
        key=lambda row: creator.STEPS.index(row["step"]),
    ),
    "Conversion by niche": of("vault_visits", "vault_conversions", "vault_conversion_rate", by=["niche"],
                              label={"niche": "niche_label"}, order="vault_conversions"),
    "Conversion over time": of("vault_conversion_rate", by=["date_day"]),
    "AI success rate": of("ai_generation_success_rate"),
    "AI generations": of("ai_generation_count"),
    "Latency, median": of("ai_latency_p50"),
    "Latency, 95 of 100": of("ai_latency_p95"),
    "AI versions": of(*GENERATIONS, "ai_latency_p50", "ai_latency_p95", by=["ai_version"],
                      label={"ai_version": "version_label"}, order="ai_generation_count"),
    "Latency over time": of("ai_latency_p50", "ai_latency_p95", by=["date_day"]),
    "Revenue by AI style": _ranking("vault_revenue", "ai_style", "style_label"),
    "Prompt versions of what was sold": of(
        "vault_orders", "vault_revenue", "vault_aov", "vault_refund_rate", by=["ai_prompt_version"],
        label={"ai_prompt_version": "prompt_label"}, order="vault_orders", entry="purchase"),
    "Revenue by hour of day": _ranking("vault_revenue", "hour_of_day", limit=24, entry="purchase"),
    "Revenue hour by hour": lambda records, days: [
        row | {"hour_start": datetime.fromisoformat(f"{row['hour_start']}Z").timestamp() * 1000}
        for row in sorted(of("vault_revenue", by=["hour_start"], entry="purchase")(records, days),
                          key=lambda row: row["hour_start"])
    ],
    "Revenue by country": _ranking("vault_revenue", "country"),
    "Revenue by region": _ranking("vault_revenue", "region"),
    "Sales and refunds by language": of("vault_revenue", "vault_refunded_amount", by=["spoken"],
                                        label={"spoken": "language_label"}, order="vault_revenue"),
    "First-time and repeat customers": of(
        "vault_orders", "vault_revenue", "vault_aov", by=["buyer", "by_visits"],
        label={"buyer": "customer_label", "by_visits": "computed_label"}, order="vault_orders", entry="purchase"),
    "Repeat orders": of("repeat_order_rate"),
    "Delivered": of("vault_delivery_rate"),
    "Wrongly first-time": of("contradicted_customer_types"),
}  # fmt: skip
