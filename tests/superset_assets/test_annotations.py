"""What happened on the days of a line: of the login's tenant, of the range, of the newest build, and of no cache."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from supersetapiclient.client import SupersetClient

from superset_assets.client import call, ids_by_uuid
from superset_assets.names import asset_uuid
from tests.superset_assets.conftest import TENANTS, Running, copied, point_to
from tests.superset_assets.marts import CANARIES

CHARTS = ("net_sales_by_day", "net_sales_beside_before")
LAST_YEAR = {  # four days in 2025: a Wednesday, a Friday to the Monday after it, and the last day of a month
    "launch": (date(2025, 10, 15), date(2025, 10, 15), "event"),
    "sale": (date(2025, 11, 28), date(2025, 12, 1), "promotion"),
    "fair": (date(2025, 9, 30), date(2025, 9, 30), "event"),
}


def annotations(client: SupersetClient, chart: str, **changes: Any) -> list[dict[str, Any]]:
    """The annotations of a chart's answer."""
    number = ids_by_uuid(client, "chart")[asset_uuid("charts", chart)]
    context = json.loads(call(client, "get", f"chart/{number}")["result"]["query_context"])
    grain = changes.pop("grain", None)
    (query,) = context["queries"]
    if grain:
        context["form_data"]["extra_form_data"] = {"time_grain_sqla": grain}
    query["filters"] = [*query["filters"], *changes.pop("filters", [])]
    context["queries"] = [query | changes]
    (answer,) = call(client, "post", "chart/data", json=context)["result"]
    records: list[dict[str, Any]] = answer["annotation_data"]["takings"]["records"]
    return records


def of_tenant(name: str) -> dict[str, Any]:
    return {"filters": [{"col": "tenant_id", "op": "IN", "val": [name]}]}


def titles(records: list[dict[str, Any]]) -> list[str]:
    return [record["title"] for record in records]


def milliseconds(*days: date) -> list[int]:
    return [int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000 for day in days]


@pytest.mark.parametrize("chart", CHARTS)
def test_tenant_reads_only_its_own_annotations(superset: Running, chart: str) -> None:
    for name in TENANTS:
        own = [f"{kind} {CANARIES[name]}" for kind in ("promotion", "event", "alert")]
        assert titles(annotations(superset.user(name), chart)) == own
        for other in TENANTS:  # a filter widens nothing
            assert set(titles(annotations(superset.user(name), chart, **of_tenant(other)))) <= set(own)


def test_who_sees_all_tenants_reads_those_of_the_chosen_one_and_none_of_two(superset: Running) -> None:
    for client in (superset.admin, superset.user("ola")):
        assert annotations(client, "net_sales_by_day") == []
        for name in TENANTS:
            shown = titles(annotations(client, "net_sales_by_day", **of_tenant(name)))
            assert shown == [f"{kind} {CANARIES[name]}" for kind in ("promotion", "event", "alert")]


def test_range_limits_annotations_and_the_days_of_a_band(superset: Running) -> None:
    aurora, today = superset.user("aurora"), datetime.now(UTC).date()
    first, last = today - timedelta(days=10), today - timedelta(days=5)
    (band,) = annotations(aurora, "net_sales_by_day", time_range=f"{first} : {last + timedelta(days=1)}")
    assert (band["kind"], [band["from"], band["to"]]) == ("promotion", milliseconds(first, today - timedelta(days=9)))


def test_annotations_of_a_new_build_are_shown_although_the_rows_are_cached(restored: Running) -> None:
    aurora = restored.user("aurora")
    before = titles(annotations(aurora, "net_sales_by_day"))
    build = copied(restored, "annotated-again")
    _write(build / "tenant-aurora.duckdb", "UPDATE marts.annotations SET title = 'newer'")
    point_to(restored, build.name)
    assert (set(titles(annotations(aurora, "net_sales_by_day"))), "newer" in before) == ({"newer"}, False)


def test_build_of_a_version_without_annotations_has_none(restored: Running) -> None:
    build = copied(restored, "without-annotations")
    _write(build / "tenant-aurora.duckdb", "DROP TABLE marts.annotations")
    point_to(restored, build.name)
    assert annotations(restored.user("aurora"), "net_sales_by_day") == []


@pytest.mark.parametrize(
    ("grain", "places"),
    [
        ("P1D", {title: list(days) for title, (*days, _) in LAST_YEAR.items()}),
        ("P1W", {"fair": [date(2025, 9, 29)] * 2, "launch": [date(2025, 10, 13)] * 2,
                 "sale": [date(2025, 11, 24)] * 2}),
        ("P1M", {"fair": [date(2025, 9, 1)] * 2, "launch": [date(2025, 10, 1)] * 2, "sale": [date(2025, 11, 1)] * 2}),
    ],
)  # fmt: skip
def test_annotation_belongs_to_the_day_week_or_month_that_holds_it(
    restored: Running, grain: str, places: dict[str, list[date]]
) -> None:
    """The range ends with 30 November: the sale is cut there."""
    build = copied(restored, f"last-year-{grain}")
    rows = ", ".join(f"('aurora', DATE '{a}', DATE '{b}', '{k}', '{t}')" for t, (a, b, k) in LAST_YEAR.items())
    _write(
        build / "tenant-aurora.duckdb", "DELETE FROM marts.annotations", f"INSERT INTO marts.annotations VALUES {rows}"
    )
    _write(build / "tenant-aurora.duckdb", *_days())
    point_to(restored, build.name)
    records = annotations(
        restored.user("aurora"), "net_sales_by_day", grain=grain, time_range="2025-09-03 : 2025-12-01"
    )
    ends = {title: [first, min(last, date(2025, 11, 30))] for title, (first, last) in places.items()}
    assert {record["title"]: record["points"] for record in records} == {
        title: milliseconds(*days) for title, days in ends.items()
    }
    assert {record["title"]: record["days"] for record in records} == {
        "fair": "30 Sep 2025", "launch": "15 Oct 2025", "sale": "28 Nov – 1 Dec 2025"
    }  # fmt: skip
    by_title = {record["title"]: record["from"] for record in records}
    assert by_title["launch"] == milliseconds(date(2025, 10, 15))[0]  # the line is at its day, between two points


def _days() -> list[str]:
    """A row of sales for each day of that autumn, whatever day it is now."""
    return [
        "DELETE FROM marts.metrics_daily WHERE date_day < DATE '2026-01-01' AND date_day >= DATE '2025-09-01'",
        "INSERT INTO marts.metrics_daily BY NAME SELECT 'aurora' AS tenant_id, 'shopify' AS source, 'Online store' AS "
        "channel, CAST(d AS DATE) AS date_day, 'USD' AS currency, 100 AS minor_units, 100 AS net_sales_minor FROM "
        "generate_series(DATE '2025-09-01', DATE '2025-12-31', INTERVAL 1 DAY) AS t (d)",
    ]


def _write(file: Any, *statements: str) -> None:
    with duckdb.connect(str(file)) as db:
        for statement in statements:
            db.execute(statement)
