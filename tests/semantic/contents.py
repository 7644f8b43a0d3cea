"""Reports made by hand, for the tests of what is drawn and written from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from common.comparison import Comparison
from semantic.catalog import FORMATS, Metric, Unit
from semantic.reports.content import Chart, ChartData, Content, Figure, Reconciliation
from semantic.warehouse import Currency

USD, EUR, JPY, KWD = Currency("USD", 100), Currency("EUR", 100), Currency("JPY", 1), Currency("KWD", 1000)
FIRST = date(2026, 11, 1)
HOSTILE = (
    '#import "x"', "[*bold*]", "$x^2$", "\\u{41} \\", '"><script>alert(1)</script>', "{{ 7*7 }}", "<b>&amp;</b>",
    "@cite <label>", "`raw` ~ -- ---", "= Heading", "'; DROP TABLE x --", "日本語 ✓ émoji 🏔️", "a" * 120, "/* c */ // d",
    "bell\a, new\nline \x00",
)  # fmt: skip
"""Names that a careless writer would interpret."""


def metric(name: str, label: str = "", unit: Unit = "money", **other: Any) -> Metric:
    label = label or name.replace("_", " ").capitalize()
    return Metric(name, label, f"What {label} means.", unit, "mart", **{"format": FORMATS[unit], **other})


NET_SALES = metric("net_sales", "Net sales", good="up")
REFUNDED = metric("refunded_order_value", "Refunded", good="down")
ORDERS = metric("orders_placed", "Orders", "count", good="up")
REFUND_RATE = metric(
    "refund_rate_by_status", "Refund rate", "ratio", good="down", thresholds={"green": 0.05, "yellow": 0.1}
)
RETENTION = metric("retention", "Retention", "ratio")
ROAS = metric("roas", "ROAS", "ratio", format="$,.1f", good="up")


def table(columns: Mapping[str, Sequence[Any]], *metrics: Metric, currency: Currency = USD) -> pa.Table:
    """A table whose columns of metrics have the types and metadata of an answer."""
    types = {"money": pa.decimal128(38, currency.digits), "count": pa.int64(), "ratio": pa.float64()}
    known = {item.name: item for item in metrics}
    arrays, fields = [], []
    for name, values in columns.items():
        if item := known.get(name):
            meta = {"unit": item.unit, "label": item.label, "format": item.format}
            kind: pa.DataType = types[item.unit]
            array = pa.array([amount(value, currency) if item.unit == "money" else value for value in values], kind)
        else:
            meta, array = {}, pa.array(values)
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata=meta))
    return pa.table(arrays, schema=pa.schema(fields))


def amount(value: Any, currency: Currency = USD) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(Decimal(1).scaleb(-currency.digits))


def days(count: int, first: date = FIRST) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def wave(count: int, height: int = 1000, least: int = 200) -> list[Decimal]:
    """Amounts that go up and down, with a trend."""
    return [
        Decimal(round(100 * (least + height * (1 + math.sin(number / 3.3)) / 2 + number * height / 400))) / 100
        for number in range(count)
    ]


def line(
    *lines: tuple[Metric, Sequence[Any]],
    count: int = 30,
    before: bool = True,
    currency: Currency = USD,
    title: str = "Net sales by day",
    grain: str = "day",
    stamps: Sequence[date] = (),
) -> ChartData:
    """A chart over time; without `lines`, of net sales."""
    lines = lines or ((NET_SALES, wave(count)),)
    stamps = stamps or days(len(lines[0][1]))
    metrics = [item for item, _ in lines]
    chart = Chart("line", title, tuple(item.name for item in metrics), (grain,))
    columns: dict[str, Sequence[Any]] = {grain: list(stamps)}
    earlier = {item.name: [None if v is None else v * Decimal("0.8") for v in data] for item, data in lines if before}
    now = table(columns | {item.name: data for item, data in lines}, *metrics, currency=currency)
    return ChartData(chart, now, table(columns | earlier, *metrics, currency=currency) if before else None)


def bars(names: Sequence[str], values: Sequence[Any], item: Metric = NET_SALES, currency: Currency = USD) -> ChartData:
    chart = Chart("bars", "Top products by revenue", (item.name,), ("product_title",), limit=10)
    return ChartData(chart, table({"product_title": list(names), item.name: values}, item, currency=currency))


def funnel(counts: Sequence[int | None] = (4812, 1930, 1702, 1544)) -> ChartData:
    names = ("sessions_started", "sessions_completed", "orders_confirmed", "orders_shipped")
    steps = [metric(name, name.replace("_", " ").title(), "count") for name in names]
    chart = Chart("funnel", "Conversion funnel", names)
    return ChartData(chart, table({name: [count] for name, count in zip(names, counts, strict=True)}, *steps))


def heatmap(cohorts: int = 12) -> ChartData:
    rows = [
        (
            date(2025 + month // 12, month % 12 + 1, 1),
            age,
            1.0 if age == 0 else round(0.42 / age**0.5 - 0.01 * month, 4),
        )
        for month in range(cohorts)
        for age in range(cohorts - month)
    ]
    cohort, age, value = (list(column) for column in zip(*rows, strict=True))
    chart = Chart("heatmap", "Customers who came back", ("retention",), ("cohort_month", "month_number"))
    return ChartData(chart, table({"cohort_month": cohort, "month_number": age, "retention": value}, RETENTION))


def countries(*rows: tuple[str | None, str, float | None]) -> ChartData:
    """A map of rows of code, name and value."""
    code, name, value = (list(column) for column in zip(*rows, strict=True))
    chart = Chart("map", "Sales on the map", (NET_SALES.name,), ("country_code", "country"))
    return ChartData(chart, table({"country_code": code, "country": name, NET_SALES.name: value}, NET_SALES))


def customers(names: Sequence[str], spend: Sequence[Any]) -> ChartData:
    chart = Chart("table", "Top customers", (), (), 10)
    counts = list(range(len(names), 0, -1))
    columns = {"customer_id": [str(n) for n in counts], "display_name": names, "orders_placed": counts}
    return ChartData(chart, table({**columns, "net_sales": spend}, ORDERS, NET_SALES))


def rate(value: float | None = 0.0731) -> ChartData:
    chart = Chart("figure", "Refund rate", (REFUND_RATE.name,))
    return ChartData(chart, table({REFUND_RATE.name: [value]}, REFUND_RATE))


def content(*charts: ChartData, currency: Currency = USD, count: int = 30, **other: Any) -> Content:
    """A whole report. `other` replaces its parts."""
    now = (FIRST, FIRST + timedelta(days=count - 1))
    before = (now[0] - timedelta(days=count), now[0] - timedelta(days=1))
    orders = [17 + number % 5 for number in range(count)]
    values = wave(count)
    whole = Content(
        name="revenue-overview",
        title="Revenue overview",
        question="How much did the shop earn, day by day?",
        tenant="aurora",
        tenant_name="Aurora Outdoor",
        time_zone="America/New_York",
        currency=currency,
        days=now,
        comparison=Comparison(now, before),
        figures=(
            Figure(NET_SALES, Decimal("48213.55"), Decimal("42901.10"), 0.1238),
            Figure(ORDERS, 1204, 1310, -0.0809),
            Figure(REFUND_RATE, 0.0731, 0.051, 0.4333, "yellow"),
            Figure(ROAS, None, None),
        ),
        table=table(
            {"date": days(count), "net_sales": values, "orders_placed": orders}, NET_SALES, ORDERS, currency=currency
        ),
        charts=charts or (line(count=count, currency=currency),),
        definitions={item.label: item.description for item in (NET_SALES, ORDERS, REFUND_RATE, ROAS)},
        caveats=("Orders without a customer are guests.",),
        as_of=datetime(2026, 12, 5, 14, 5, tzinfo=UTC),
        reconciliation=Reconciliation(("Shopify aurora",), (), ("Meta Ads 1234",)),
        run_id="20261205T140500.000000Z",
        definitions_version="0123456789ab",
        columns={"date": "Date"},
    )
    return replace(whole, **other)
