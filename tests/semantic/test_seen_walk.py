"""Every number that a page, a document or a picture shows is the report's, for each report, tenant and range.

The numbers are read back from what is shown: cells of the page, the table that Typst sets, the data of a specification.
tests/semantic/test_report_walk.py compares the report with the answers of `takings query`.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
import typst

from semantic.reports import colours, page, pdf
from semantic.reports.brand import Brand
from semantic.reports.content import ChartData, Content
from semantic.reports.fill import fill
from semantic.reports.pictures import draw, world
from semantic.reports.pictures.look import NARROW, PICTURE, Look
from tests.semantic.test_report_walk import NOW, READ, Case, builds, walk

__all__ = ["builds"]  # a fixture
BRAND = Brand("Shop")
SIGNS = re.compile(r"[^0-9.−-]")


def number(text: str) -> Decimal | None:
    """The number that a text shows: −$1,204.50, 12.3 %, KWD 1.500, 16.3×; None for unknown, a dash in tables."""
    if text in ("unknown", "–"):
        return None
    assert SIGNS.sub("", text), text
    return Decimal(SIGNS.sub("", text).replace("−", "-"))


def agrees(text: str, value: Any, field: pa.Field, digits: int) -> bool:
    """Whether a text shows a value: money to its last place, a count exactly, a ratio to the places that are shown."""
    meta = {key.decode(): item.decode() for key, item in (field.metadata or {}).items()}
    unit, format = meta.get("unit", ""), meta.get("format", "")
    if unit == "badge":
        return text == {"green": "● good", "yellow": "▲ watch", "red": "■ too high", None: "–"}[value]
    if isinstance(value, bool):
        return text == ("yes" if value else "no")
    if not unit and not isinstance(value, int):
        words = json.loads(meta.get("words", "{}"))
        shown = words.get(value, re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", str(value)))
        return text == ("–" if value is None else shown)
    written = number(text)
    if value is None or written is None:
        return value is None and written is None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if unit == "money":
        places = 4 if format.endswith(".4f") else digits  # costs of models are parts of a cent
        assert -written.as_tuple().exponent == places  # type: ignore[operator]
        return written == exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    scaled = exact * 100 if format.endswith("%") else exact
    places = -int(written.as_tuple().exponent)
    assert places >= (0 if unit in ("", "count") and exact == exact.to_integral_value() else 1), (text, value)
    return written == scaled.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def cells(content: Content) -> list[list[str]]:
    """The table of the page."""
    html = page.render(content, BRAND, page=page.Page(1, max(1, content.table.num_rows)))
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [[unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)] for row in rows]


def typeset(content: Content) -> list[str]:
    """The cells of the document's table, without its headings."""
    inputs = {"data": json.dumps(pdf.data(content, BRAND))}
    tables = json.loads(
        typst.query(page.TEMPLATES / "report.typ", "table", root=page.TEMPLATES, sys_inputs=inputs, field="children")
    )
    return [cell["body"].get("text", "").replace("\u200b", "") for cell in tables[0][1:]] if tables else []


def check_tables(content: Content) -> None:
    rows = cells(content)
    table, fields = content.table.to_pylist(), list(content.table.schema)
    assert len(rows) == len(table)
    for texts, row in zip(rows, table, strict=True):
        for text, field in zip(texts, fields, strict=True):
            assert agrees(text, row[field.name], field, content.currency.digits), (field.name, text, row[field.name])
    assert typeset(content) == [text for line in rows[: pdf.MOST_ROWS] for text in line]


def check_figures(content: Content) -> None:
    html = page.render(content, BRAND)
    values = [unescape(text) for text in re.findall(r'<dd class="value[^"]*">(.*?)</dd>', html)]
    assert values == [figure["value"] for figure in pdf.data(content, BRAND)["figures"]]
    for text, figure in zip(values, content.figures, strict=True):
        field = pa.field("f", pa.float64(), metadata={"unit": figure.metric.unit, "format": figure.metric.format})
        assert agrees(text, figure.value, field, content.currency.digits), (figure.metric.name, text, figure.value)


def check_picture(content: Content, data: ChartData) -> None:
    """The data of the specification, for a picture of its own and for a phone."""
    for size in (PICTURE, NARROW):
        spec = draw.spec(data, Look(content, colours.theme(BRAND.accent, "light"), size, titled=size is PICTURE))
        drawn = [row for layer in spec["layer"] for row in layer["data"]["values"] if row.get("value") is not None]
        table = data.table.to_pylist()
        metrics = data.chart.metrics
        match data.chart.kind:
            case "line":
                points = {(row["series"], row["day"], row["value"]) for row in drawn}
                assert points == expected_points(content, data)
            case "bars" if len(metrics) > 1:
                shown = [row for row in table if any(row[name] for name in metrics)][: data.chart.limit or 20]
                expected = [float(row[name]) for name in metrics for row in shown if row[name] is not None]
                assert sorted(row["value"] for row in drawn) == sorted(expected)
            case "bars" | "funnel":
                known = [float(row[metrics[0]]) for row in table if row[metrics[0]] is not None]
                expected = sorted(known, reverse=True) if data.chart.kind == "bars" else known
                assert [row["value"] for row in drawn] == expected[: data.chart.limit or 20]
            case "heatmap":
                known = [float(row[metrics[0]]) for row in table if row[metrics[0]] is not None]
                if size is PICTURE and len(table) < 200:  # larger ones show the newest cohorts
                    assert sorted(row["value"] for row in drawn) == sorted(known)
            case "map":
                code, _ = data.chart.by
                known = [float(row[metrics[0]]) for row in table if row[metrics[0]] and row[code] in world.shapes()]
                assert sorted(row["value"] for row in drawn) == sorted(known)
            case "figure":
                assert [row["value"] for row in drawn] == [
                    float(row[metrics[0]]) for row in table if row[metrics[0]] is not None
                ]


def expected_points(content: Content, data: ChartData) -> set[tuple[str, str, float]]:
    """The points of this period that are known, up to the day of the data, and those of the earlier one beside them."""
    (grain,) = data.chart.by
    as_of = (
        content.as_of.replace(tzinfo=UTC).astimezone(ZoneInfo(content.time_zone)).date() if content.as_of else date.max
    )
    points: set[tuple[str, str, float]] = set()
    rows = [row for row in data.table.to_pylist() if row[grain] <= as_of]
    if not any(row[name] is not None for row in data.table.to_pylist() for name in data.chart.metrics):
        return points
    for name in data.chart.metrics:
        label = data.table.schema.field(name).metadata[b"label"].decode()
        label = content.columns.get(name, label)
        points |= {(label, str(row[grain]), float(row[name])) for row in rows if row[name] is not None}
    if data.before is not None and rows:
        name = data.chart.metrics[0]
        label = content.columns.get(name, data.table.schema.field(name).metadata[b"label"].decode())
        label = "Earlier period" if len(data.chart.metrics) == 1 else f"{label}, earlier period"
        last = max(row[grain] for row in rows)
        earlier = data.before.to_pylist()
        points |= {
            (label, str(row[grain]), float(row[name]))
            for row in earlier
            if row[name] is not None and row[grain] <= last
        }
    return points


@pytest.mark.parametrize(("case", "name"), walk())
def test_what_is_shown_is_what_the_report_says(builds: dict[str, Path], case: Case, name: str) -> None:
    content = fill(builds[case.build], name, *case.days, tenant=case.tenant, now=NOW, period=case.period)
    without_charts = replace(content, charts=())
    check_tables(without_charts)
    check_figures(without_charts)
    for data in content.charts:
        check_picture(content, data)


def test_a_number_that_is_a_cent_off_is_found(builds: dict[str, Path]) -> None:
    content = fill(builds["shops"], "revenue-by-day", READ - timedelta(days=3), READ, tenant="aurora", now=NOW)
    rows = content.table.to_pylist()
    rows[0]["revenue_usd"] += Decimal("0.01")
    wrong = replace(content, charts=(), table=pa.Table.from_pylist(rows, content.table.schema))
    shown, right = cells(wrong), content.table.to_pylist()
    field = content.table.schema.field("revenue_usd")
    column = content.table.column_names.index("revenue_usd")
    assert [agrees(line[column], row["revenue_usd"], field, 2) for line, row in zip(shown, right, strict=True)] == [
        False, True, True, True,
    ]  # fmt: skip
