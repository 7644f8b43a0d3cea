"""What charts show, read from Superset over REST, beside the rows that an oracle expects."""

from __future__ import annotations

import copy
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from supersetapiclient.client import SupersetClient

from superset_assets.client import call
from tests.oracle.answers import Rows
from tests.oracle.records import Near

Context = dict[str, Any]
ORDER = ("cohort_month", "month_number", "date_day", "date_month", "where_label", "platform", "feature")
PADDING = "__Earlier period ("
"""Of a column that makes a card show no change: tests/superset_assets/test_days.py."""
LABELS = {
    "source_label": "traffic_source", "feature_label": "feature", "customer_label": "display_name",
    "campaign_label": "campaign_name",
}  # fmt: skip
"""Columns whose texts are those of a mart's column, and theirs."""
KINDS = {"New customers": "new", "Returning": "returning", "Guests": "guest"}
DAYS = ("date_day", "cohort_month", "date_month", "break_even_month")


def ask(
    admin: SupersetClient, context: Context, time_range: str, tenant: str, grain: str = "P1D", **chosen: str
) -> list[dict[str, Any]]:
    """A chart's rows under the dashboard's filters, by day where the dashboard may choose."""
    body = copy.deepcopy(context) | {"force": True, "result_format": "json", "result_type": "full"}
    body["form_data"]["extra_form_data"] = {"time_grain_sqla": grain}
    for query in body["queries"]:
        for item in query["filters"]:
            item.update({"val": time_range} if item["op"] == "TEMPORAL_RANGE" else {})
        for column, value in {"tenant_id": tenant, **chosen}.items():
            query["filters"].append({"col": column, "op": "IN", "val": [value]})
    answer = call(admin, "post", "chart/data", json=body)
    return [row for result in answer["result"] for row in result["data"]]


def beside(rows: Rows, earlier: Rows, distance: timedelta) -> Rows:
    """Rows with the earlier values of their numbers, which Superset shows beside them; day by day from the first on."""
    known = {row["date_day"] + distance if "date_day" in row else None: row for row in earlier}
    names = [name for name in rows[0] if name != "date_day"]
    return [
        row | {f"{name}__Earlier period": known.get(row.get("date_day"), {}).get(name) for name in names}
        for row in rows
    ]


def with_change(rows: Rows, earlier: Rows, metric: str, label: str) -> Rows:
    """Rows of a table with the change of a metric; rows are the same where their texts are."""

    def key(row: dict[str, Any]) -> tuple[str, ...]:
        return tuple(value for value in row.values() if isinstance(value, str))

    before = {key(row): row[metric] for row in earlier}
    return [
        row | {label: (Fraction(row[metric]) / Fraction(old) - 1) if (old := before.get(key(row)) or 0) > 0 else None}
        for row in rows
    ]


def compared(context: Context, rows: Rows, earlier: Rows, distance: timedelta) -> Rows:
    """Rows with what the chart shows of the period before: changes in columns of a table, lines, small figures."""
    for label, column in context["form_data"].get("column_config", {}).items():
        if "changeOf" in column:
            rows = with_change(rows, earlier, column["changeOf"], label)
    return beside(rows, earlier, distance) if context["queries"][0].get("time_offsets") else rows


def check(ours: Rows, expected: Rows, about: object) -> None:
    """Fails where a number or a text differs, or where a number is shown that nothing is compared with."""
    if set(expected[0]) & {"cohort_month", "date_day", "date_month"}:
        names = [name for name in ORDER if name in expected[0]]
        ours = sorted(ours, key=lambda row: [row[name] for name in names])
    assert len(ours) == len(expected), about
    for shown, theirs in zip(ours, expected, strict=True):
        wrong = {  # a line that is unknown everywhere is left out
            name: (shown.get(name), value) for name, value in theirs.items() if not same(shown.get(name), value)
        }
        assert not wrong, (about, theirs, wrong)
        numbers = {name for name, value in shown.items() if isinstance(value, int | float) and PADDING not in name}
        assert numbers <= set(theirs), "a number that nothing is compared with"


def major(amount: int) -> Decimal:
    return Decimal(amount) / 100


def with_days(row: dict[str, Any]) -> dict[str, Any]:
    """Superset's milliseconds as days."""
    return row | {
        name: datetime.fromtimestamp(row[name] / 1000, UTC).date()
        for name in DAYS
        if isinstance(row.get(name), int | float)
    }


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """The same, and a product's label as its title."""
    plain = with_days(row)
    for label, name in LABELS.items():
        if label in plain:
            plain[name] = plain.pop(label)
    if "product_label" in plain:  # the title, and the SKU that tells two of one title apart
        plain["title"] = plain["product_title"] = plain["product_label"].rsplit(" · ", 1)[0]
    if "detail_net_sales" in plain:  # of orders
        plain |= {"campaign": plain.get("campaign_name"), "customer_name": plain.get("display_name")}
        plain |= {"customer_kind": KINDS.get(plain.get("kind_label", ""))}
        plain |= {"order_day": date.fromisoformat(plain.get("placed_label", "2026-01-01"))}
    return plain


def same(ours: Any, theirs: Any) -> bool:
    """Whether a value is the expected one: money to the cent, counts and names exactly; only a quotient may differ in a
    float's last place."""
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(theirs, Near):
        return abs(Fraction(str(ours)) - theirs.value) <= theirs.most
    if isinstance(theirs, Fraction):
        return math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-12)
    return bool(Decimal(str(ours)) == theirs) if isinstance(theirs, Decimal) else bool(ours == theirs)
