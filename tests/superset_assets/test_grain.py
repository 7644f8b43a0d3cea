"""Days, weeks or months: which points a chart has for its range, what each holds, and what may not be added up."""

import json
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from semantic.catalog import Catalog
from superset_assets import chart_form, decisions
from superset_assets.process import DEFAULT_PYTHON, SERVER
from tests.superset_assets.conftest import TENANTS, Running
from tests.superset_assets.test_csv import downloaded
from tests.superset_assets.test_days import ONE_DAY, Clock, Who, ask, clock, who

__all__ = ["clock", "who"]  # fixtures
TODAY = date.today()


def last(days: int) -> str:
    return f"{TODAY - timedelta(days=days)} : {TODAY}"


def answer_of(client: Any, chart: str, text: str, chosen: str | None = None, **query: Any) -> dict[str, Any]:
    """The answer of a chart for a range, with a grain chosen on its dashboard."""
    (answer,) = ask(client, chart, [text], grain=chosen, **query)
    return answer


def first_days(answer: dict[str, Any]) -> list[date]:
    return [datetime.fromtimestamp(row["date_day"] / 1000, UTC).date() for row in answer["data"]]


def daily(superset: Running, tenant: str, column: str) -> Mapping[date, float]:
    """A column of metrics_daily by day, from the published file."""
    file = Path(superset.published / "current").resolve() / f"tenant-{tenant}.duckdb"
    with duckdb.connect(str(file), read_only=True) as db:
        rows = db.execute(f"SELECT date_day, sum({column}) FROM marts.metrics_daily GROUP BY date_day").fetchall()
    return {day: float(number or 0) for day, number in rows}


SCRIPT = """
import json, sys
from datetime import date, datetime
import days, grain
for what, *rest in json.load(sys.stdin):
    if what == "length":
        print(json.dumps(grain.by_length(*(end and datetime.fromisoformat(end) for end in rest))))
    else:
        unit, first, last, today, point = rest
        known = [day and date.fromisoformat(day) for day in (first, last, today)]
        print(json.dumps(grain.Points(unit, *known).describe(date.fromisoformat(point))))
"""
"""Runs in Superset's environment."""
LENGTHS = {
    ("2026-10-01", "2026-11-30"): "P1D",  # 60 days
    ("2026-09-30", "2026-11-30"): "P1W",
    ("2026-06-03", "2026-11-30"): "P1W",  # 180 days
    ("2026-06-02", "2026-11-30"): "P1M",
    ("2026-02-01", "2026-04-02"): "P1D",  # 60 days of the calendar, one of 23 hours
    (None, "2026-11-30"): "P1M",
    (None, None): "P1M",
}
_RANGE = ("2026-09-01", "2026-11-28", "2026-11-29")
WORDS = {
    ("P1D", *_RANGE, "2026-10-05"): ("Mon 5 Oct 2026", False),
    ("P1D", "2026-11-29", "2026-11-29", "2026-11-29", "2026-11-29"): ("Sun 29 Nov 2026, so far", True),
    ("P1W", *_RANGE, "2026-10-05"): ("5 – 11 Oct 2026", False),
    ("P1W", *_RANGE, "2026-09-28"): ("28 Sep – 4 Oct 2026", False),
    ("P1W", *_RANGE, "2026-08-31"): ("1 – 6 Sep 2026, 6 of 7 days", True),
    ("P1W", *_RANGE, "2026-11-23"): ("23 – 28 Nov 2026, so far", True),
    ("P1W", "2026-11-26", "2026-11-29", "2026-12-31", "2026-11-23"): ("26 – 29 Nov 2026, 4 of 7 days", True),
    ("P1W", "2026-11-22", "2026-11-30", "2026-12-31", "2026-11-16"): ("22 Nov 2026, 1 of 7 days", True),
    ("P1W", "2025-11-22", "2026-11-30", "2026-12-31", "2025-12-29"): ("29 Dec 2025 – 4 Jan 2026", False),
    ("P1M", *_RANGE, "2026-10-01"): ("October 2026", False),
    ("P1M", *_RANGE, "2026-11-01"): ("1 – 28 Nov 2026, so far", True),
    ("P1M", "2026-09-10", "2026-11-28", "2026-11-29", "2026-09-01"): ("10 – 30 Sep 2026, 21 of 30 days", True),
    ("P1M", "2026-09-01", "2026-11-30", "2026-12-01", "2026-11-01"): ("November 2026", False),
    ("P1M", None, None, "2026-11-29", "2026-11-01"): ("1 – 29 Nov 2026, so far", True),
    ("P1M", None, None, "2026-11-29", "2024-02-01"): ("February 2024", False),
}


@pytest.mark.superset
@pytest.mark.skipif(not DEFAULT_PYTHON.exists(), reason="Superset's environment is missing: `make setup`")
def test_points_are_days_up_to_60_weeks_up_to_180_then_months_and_say_what_they_hold() -> None:
    cases = [["length", *ends] for ends in LENGTHS] + [["words", *case] for case in WORDS]
    run = subprocess.run(
        [str(DEFAULT_PYTHON), "-c", SCRIPT],
        env={"PYTHONPATH": str(SERVER), "PATH": os.environ["PATH"]},
        input=json.dumps(cases), capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected = [*LENGTHS.values(), *([text, partial] for text, partial in WORDS.values())]
    for case, line, value in zip(cases, run.stdout.splitlines(), expected, strict=True):
        assert json.loads(line) == value, case


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize(("days", "step"), [(60, "day"), (61, "week"), (180, "week"), (181, "month")])
def test_each_point_is_the_sum_of_its_days(superset: Running, who: Who, tenant: str, days: int, step: str) -> None:
    answer = answer_of(who[tenant], "net_sales_by_day", last(days))
    sums: dict[date, float] = {}
    for day, minor in daily(superset, tenant, "net_sales_minor").items():
        if TODAY - timedelta(days=days) <= day < TODAY:
            begin = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[step]
            sums[begin] = sums.get(begin, 0) + minor / 100
    assert first_days(answer) == sorted(sums)
    assert [row["net_sales"] for row in answer["data"]] == pytest.approx([sums[day] for day in sorted(sums)])
    words = answer["points"]["words"]
    assert [int(instant) for instant in words] == [row["date_day"] for row in answer["data"]]
    assert answer["points"]["sums"] == ["net_sales", "net_sales__Earlier period"]


def test_days_of_each_shop_decide_in_its_own_zone(who: Who, clock: Clock) -> None:
    """At this instant it is March in Berlin, one day after its clocks went forward, and a day earlier in New York."""
    clock(aurora=("America/New_York", "2026-03-30T23:30:00"), nordlicht=("Europe/Berlin", "2026-03-30T23:30:00"))
    text = "2026-01-29 : 2026-12-31"  # up to yesterday: 60 days for one shop, 61 for the other
    steps = {name: answer_of(who[name], "net_sales_by_day", text)["points"]["grain"] for name in TENANTS}
    assert steps == {"aurora": "P1D", "nordlicht": "P1W"}


def test_choice_of_a_dashboard_overrides_the_range_where_days_may_be_added_up(who: Who) -> None:
    client = who["aurora"]
    for days, chosen in ((30, "P1W"), (30, "P1M"), (200, "P1D"), (200, "P1W")):
        assert answer_of(client, "net_sales_by_day", last(days), chosen)["points"]["grain"] == chosen
    assert answer_of(client, "net_sales_by_day", last(30), "PT1S")["points"]["grain"] == "P1D", "no step of ours"
    for chosen in (None, "P1W"):
        answer = answer_of(client, "engagement", last(200), chosen)
        assert "points" not in answer and len(answer["data"]) > 50, "people are counted per day"


def test_chart_of_numbers_that_do_not_add_up_keeps_its_days(catalog: Catalog) -> None:
    charts = decisions.read().charts
    grains = {
        name: chart_form.expand(name, chart, catalog)["params"].get("time_grain_sqla")
        for name, chart in charts.items()
        if chart.type in ("line", "bar", "trend", "pivot", "comparison")
    }
    assert grains["dau"] == grains["engagement"] == "P1D" and grains["mrr"] == "P1M"
    assert grains["net_sales_by_day"] == grains["spend_by_platform"] == grains["roas_by_day"] == "auto"


def test_ratio_is_that_of_the_whole_week_and_no_sum(superset: Running, who: Who) -> None:
    answer = answer_of(who["aurora"], "aov_by_day", last(90))
    value, orders = (daily(superset, "aurora", name) for name in ("order_value_minor", "orders_placed"))
    for begin, row in zip(first_days(answer), answer["data"], strict=True):
        days = [begin + n * ONE_DAY for n in range(7) if TODAY - timedelta(90) <= begin + n * ONE_DAY < TODAY]
        quotient = sum(value[day] for day in days) / 100 / sum(orders[day] for day in days)
        assert row["aov"] == pytest.approx(quotient)
    assert answer["points"]["sums"] == []


@pytest.mark.parametrize("days", [90, 120])
def test_earlier_weeks_have_as_many_days_and_add_up_to_the_earlier_number(
    superset: Running, who: Who, days: int
) -> None:
    """They need not begin on a Monday: the first is as long as the first of the period."""
    numbers, first = daily(superset, "aurora", "net_sales_minor"), TODAY - timedelta(days=days)
    sums: dict[date, float] = {}
    for day in (first + n * ONE_DAY for n in range(days)):
        begin = day - timedelta(days=day.weekday())
        sums[begin] = sums.get(begin, 0) + numbers[day - timedelta(days=days)] / 100
    answer = answer_of(who["aurora"], "net_sales_by_day", last(days))
    earlier = [row["net_sales__Earlier period"] for row in answer["data"]]
    assert earlier == pytest.approx([sums[day] for day in first_days(answer)])
    card = answer_of(who["aurora"], "net_sales", last(days))
    assert sum(earlier) == pytest.approx(card["data"][0]["net_sales__Earlier period"])


def test_grain_can_be_chosen_in_a_chart_that_somebody_makes(who: Who) -> None:
    answer = answer_of(who["aurora"], "net_sales_by_day", last(30), result_type="timegrains")
    grains = {grain["duration"]: grain["name"] for grain in answer["data"]}
    assert grains["auto"] == "By the length of the range" and "P1W" in grains


def test_same_words_come_from_the_cache(who: Who) -> None:
    first, second = (answer_of(who["aurora"], "net_sales_by_day", last(77)) for _ in range(2))
    assert second["is_cached"] and second["points"] == first["points"]


@pytest.mark.parametrize(("days", "name"), [(30, "date"), (90, "week"), (365, "month")])
def test_file_names_the_column_by_what_its_rows_are(superset: Running, days: int, name: str) -> None:
    header = (
        downloaded(superset, "aurora", "net_sales_by_day", time_range=last(days)).decode("utf-8-sig").splitlines()[0]
    )
    assert header.startswith(f"{name},net_sales_usd")
