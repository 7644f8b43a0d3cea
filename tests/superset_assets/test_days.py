"""Which days a dashboard shows and compares: whole ones of each shop's calendar, as `takings query --compare` has them.

A build says up to when each tenant's sources were read, and in which zone its days begin: so a test sets the clock.
"""

import functools
import itertools
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from supersetapiclient.client import SupersetClient

from common import comparison
from common.presets import PRESETS, Days
from superset_assets import ranges
from superset_assets.client import call, ids_by_uuid
from superset_assets.names import asset_uuid
from superset_assets.process import DEFAULT_PYTHON, SERVER
from tests.superset_assets.conftest import TENANTS, Running, point_to

PRIOR, YEAR, NOTHING = ["inherit"], ["1 year ago"], list[str]()
"""What the dashboard's control sends for each comparison."""
KINDS = ("prior", "year")
EARLIER = "net_sales__Earlier period"
ONE_DAY = timedelta(days=1)
NUMBERS = itertools.count()
Clock = Callable[..., None]
Who = Mapping[str, SupersetClient]


@pytest.fixture(scope="module")
def who(superset: Running) -> Who:
    """The logins of both tenants and of the administrator."""
    return {"admin": superset.admin, **{name: superset.user(name) for name in TENANTS}}


@pytest.fixture
def clock(superset: Running) -> Iterator[Clock]:
    """Sets what the published build knows of each tenant's calendar: (time zone, read until, UTC)."""
    original = (superset.published / "current").resolve()

    def to(flush: bool = True, **calendars: tuple[str, str]) -> None:
        build = superset.published / f"clock-{next(NUMBERS)}"
        build.mkdir()
        for file in original.glob("*.duckdb"):
            (build / file.name).hardlink_to(file)
        known = {name: {"time_zone": zone, "as_of": as_of} for name, (zone, as_of) in calendars.items()}
        (build / "build.json").write_text(json.dumps({"calendars": known}))
        if flush:
            point_to(superset, build.name)
        else:
            link = superset.published / f".{build.name}.link"
            link.symlink_to(build.name)
            os.replace(link, superset.published / "current")  # noqa: PTH105

    yield to
    point_to(superset, original.name)


def ask(
    client: SupersetClient, chart: str, texts: Sequence[str], chosen: Any = None, grain: str | None = None, **query: Any
) -> list[dict[str, Any]]:
    """A chart's answers for several ranges, with a comparison and a grain chosen on its dashboard."""
    context = json.loads(_context(client, chart))
    choices = {"time_compare": chosen, "time_grain_sqla": grain}
    context["form_data"]["extra_form_data"] = {name: value for name, value in choices.items() if value is not None}
    (first,) = context["queries"]
    context["queries"] = [first | {"time_range": text} | query for text in texts]
    answers: list[dict[str, Any]] = call(client, "post", "chart/data", json=context)["result"]
    return answers


@functools.cache
def _context(client: SupersetClient, chart: str) -> str:
    number = ids_by_uuid(client, "chart")[asset_uuid("charts", chart)]
    return str(call(client, "get", f"chart/{number}")["result"]["query_context"])


def shown(answer: dict[str, Any]) -> Days:
    """First and last day of an answer."""
    since, until = (datetime.fromtimestamp(answer[key] / 1000, UTC).date() for key in ("from_dttm", "to_dttm"))
    return since, until - ONE_DAY


def days_of_queries(answer: dict[str, Any]) -> list[Days]:
    """First and last day of each query of an answer, from its SQL."""
    ends = [date.fromisoformat(text) for text in re.findall(r"'(\d{4}-\d\d-\d\d)[ T]?[0-9:.]*'", answer["query"])]
    return [(first, until - ONE_DAY) for first, until in zip(ends[::2], ends[1::2], strict=True)]


def net_sales(superset: Running, tenant: str, days: Days) -> float | None:
    """Net sales of some days, added up in the published file."""
    file = Path(superset.published / "current").resolve() / f"tenant-{tenant}.duckdb"
    with duckdb.connect(str(file), read_only=True) as db:
        statement = "SELECT SUM(net_sales_minor) / 100 FROM marts.metrics_daily WHERE date_day BETWEEN ? AND ?"
        ((total,),) = db.execute(statement, list(days)).fetchall()
    return total if total is None else float(total)


@pytest.mark.parametrize(
    ("instant", "berlin", "new_york"),
    [
        ("2025-11-30T23:00:00", "2025-12-01", "2025-11-30"),  # the first of a month in one of them
        ("2025-03-30T22:30:00", "2025-03-31", "2025-03-30"),  # Berlin's clocks went forward that night
        ("2025-03-10T03:59:59", "2025-03-10", "2025-03-09"),
        ("2025-03-10T04:00:00", "2025-03-10", "2025-03-10"),  # a day of 23 hours is over
    ],
)
def test_today_is_that_of_each_shop(who: Who, clock: Clock, instant: str, berlin: str, new_york: str) -> None:
    clock(aurora=("America/New_York", instant), nordlicht=("Europe/Berlin", instant))
    for tenant, today in (("aurora", date.fromisoformat(new_york)), ("nordlicht", date.fromisoformat(berlin))):
        week = (today - timedelta(days=7), today - ONE_DAY)
        texts = [ranges.RELATIVE["today"], ranges.RELATIVE["7d"], "2025-01-01 : 2026-01-01"]
        expected = [(today, today), week, (date(2025, 1, 1), today - ONE_DAY)]
        assert [shown(answer) for answer in ask(who[tenant], "net_sales", texts)] == expected
        filters = [{"col": "tenant_id", "op": "IN", "val": [tenant]}]
        (answer,) = ask(who["admin"], "net_sales", [ranges.RELATIVE["7d"]], filters=filters)
        assert shown(answer) == week, "an administrator who looks at this shop"


TODAYS = ("2025-12-01", "2025-05-31", "2024-02-29", "2026-01-01", "2026-03-15")
FREE = ("2024-01-01 : 2024-02-01", "2023-11-05 : 2023-11-15", "2023-02-01 : 2023-05-01", "2023-12-20 : 2030-01-01")
SCRIPT = """
import json, sys
from datetime import date
import days
days.evaluate_today(date.today)
for text, kind, today in json.load(sys.stdin):
    day = date.fromisoformat(today)
    ends = days.resolve(text, day)
    compared = ends.compared(kind, day)
    pairs = [compared.now, compared.before] if compared else [(ends.since, ends.until)]
    print(json.dumps([[str(end)[:10] for end in pair] for pair in pairs]))
"""
"""Runs in Superset's environment, where the ranges of dashboards are evaluated."""


@pytest.mark.superset
@pytest.mark.skipif(not DEFAULT_PYTHON.exists(), reason="Superset's environment is missing: `make setup`")
def test_every_preset_and_range_has_the_days_of_the_command_line() -> None:
    cases = [(text, kind, today) for text in (*ranges.RELATIVE.values(), *FREE) for kind in KINDS for today in TODAYS]
    run = subprocess.run(
        [str(DEFAULT_PYTHON), "-c", SCRIPT],
        env={"PYTHONPATH": str(SERVER), "PATH": os.environ["PATH"]},
        input=json.dumps(cases), capture_output=True, text=True, check=True,
    )  # fmt: skip
    presets = {text: PRESETS[name] for name, text in ranges.RELATIVE.items()}
    for (text, kind, today), line in zip(cases, run.stdout.splitlines(), strict=True):
        day = date.fromisoformat(today)
        if text in presets:
            expected = comparison.of_preset(presets[text], kind, day)
        else:
            first, until = (date.fromisoformat(end) for end in text.split(" : "))
            expected = comparison.of_days((first, until - ONE_DAY), kind, day)
        # today, or a month's first day: so far, beside nothing
        days = [expected.now, expected.before] if expected else [(day, day + ONE_DAY)]
        assert json.loads(line) == [[str(end) for end in pair] for pair in days], (text, kind, today)


def test_queries_of_a_chart_have_these_days(who: Who, clock: Clock) -> None:
    clock(aurora=("UTC", "2025-05-31T12:00:00"))
    texts = [ranges.RELATIVE["this-month"], FREE[0]]
    april, may = ((date(2025, month, 1), date(2025, month, 30)) for month in (4, 5))
    january, december = (date(2024, 1, 1), date(2024, 1, 31)), (date(2023, 12, 1), date(2023, 12, 31))
    answers = ask(who["aurora"], "net_sales", texts, PRIOR)
    assert [days_of_queries(answer) for answer in answers] == [[may, april], [january, december]]
    (answer,) = ask(who["aurora"], "net_sales", texts[:1], YEAR)
    assert days_of_queries(answer) == [may, (date(2024, 5, 1), date(2024, 5, 30))]


@pytest.mark.parametrize("tenant", ["aurora", "nordlicht"])
def test_card_has_the_sums_of_both_periods(superset: Running, who: Who, tenant: str) -> None:
    names = ["7d", "last-month"]
    for chosen in (None, YEAR, NOTHING):
        kind = "year" if chosen == YEAR else "prior"
        texts = [ranges.RELATIVE[name] for name in names]
        for name, answer in zip(names, ask(who[tenant], "net_sales", texts, chosen), strict=True):
            days = comparison.of_preset(PRESETS[name], kind, shown(answer)[1] + ONE_DAY)
            (row,) = answer["data"]
            assert row["net_sales"] == pytest.approx(net_sales(superset, tenant, shown(answer)))
            if days is None or chosen == NOTHING:
                assert row[EARLIER] is None
            else:
                assert row[EARLIER] == pytest.approx(net_sales(superset, tenant, days.before))


def test_line_has_the_earlier_period_day_by_day(who: Who, clock: Clock) -> None:
    """The first day is beside the first; what the shown month does not have is left out, what it has more is empty."""
    last = (date.today().replace(day=1) - ONE_DAY).replace(day=1)
    months = [ranges.RELATIVE["this-month"], f"{(last - ONE_DAY).replace(day=1)} : {last}"]
    clock(aurora=("UTC", f"{date.today().replace(day=1) - ONE_DAY}T12:00:00"))
    now, before = (answer["data"] for answer in ask(who["aurora"], "revenue_trend", months, PRIOR))
    values = [row["revenue"] for row in before][: len(now)]
    assert [row["revenue__Earlier period"] for row in now] == [*values, *[None] * (len(now) - len(values))]


def test_change_is_none_where_the_earlier_number_is_unknown(who: Who) -> None:
    """Superset adds up the columns of the earlier number: with the number itself they make a change of zero."""
    first = date.today() - timedelta(days=360)
    (answer,) = ask(who["aurora"], "net_sales", [f"{first} : {first + timedelta(days=30)}"], YEAR)
    (row,) = answer["data"]
    assert row[EARLIER] is None
    assert row["net_sales"] == sum(value or 0 for name, value in row.items() if name.startswith(EARLIER))


def test_table_has_the_change_of_a_metric_beside_it(superset: Running, who: Who) -> None:
    (answer,) = ask(who["aurora"], "cash_by_channel", [ranges.RELATIVE["7d"]], YEAR)
    first, last = days_of_queries(answer)[1]
    file = Path(superset.published / "current").resolve() / "tenant-aurora.duckdb"
    statement = f"""SELECT channel, SUM(cash_received_minor) / 100 FROM marts.metrics_daily
        WHERE source = 'stripe' AND date_day BETWEEN '{first}' AND '{last}' GROUP BY channel"""
    with duckdb.connect(str(file), read_only=True) as db:
        before = dict(db.execute(statement).fetchall())
    assert len(answer["data"]) == 2
    before["Direct payments"] = before.pop("API / direct")
    for row in answer["data"]:
        old = float(before[row["channel_label"]])
        assert row["Cash received change"] == pytest.approx((row["cash_received"] - old) / old)
    (plain,) = ask(who["aurora"], "cash_by_channel", [ranges.RELATIVE["7d"]], NOTHING)
    assert "Cash received change" not in plain["data"][0]


def test_answer_does_not_outlive_the_day_it_was_asked_on(superset: Running, who: Who, clock: Clock) -> None:
    today = date.today() - timedelta(days=2)
    texts, tenant = [ranges.RELATIVE["7d"]], who["aurora"]
    clock(aurora=("UTC", f"{today}T23:59:59"))
    (before,) = ask(tenant, "net_sales", texts)
    clock(flush=False, aurora=("UTC", f"{today + ONE_DAY}T00:00:00"))
    (after,) = ask(tenant, "net_sales", texts)
    assert (shown(before)[1], shown(after)[1]) == (today - ONE_DAY, today)
    assert after["data"][0]["net_sales"] == pytest.approx(net_sales(superset, "aurora", shown(after)))


def test_choice_of_a_dashboard_changes_no_chart_that_compares_nothing(who: Who) -> None:
    """It reaches every chart: Superset's table sends the whole list as one name."""
    tenant, days = who["aurora"], [ranges.RELATIVE["7d"]]
    (plain,) = ask(tenant, "top_customers", days)
    for chosen in (PRIOR, YEAR, NOTHING):
        (answer,) = ask(tenant, "top_customers", days, chosen, time_offsets=[chosen])
        assert answer["data"] == plain["data"]


def test_choice_that_no_dashboard_offers_compares_nothing(who: Who) -> None:
    (answer,) = ask(who["aurora"], "net_sales", [ranges.RELATIVE["7d"]], ["28 days ago"])
    assert answer["data"][0][EARLIER] is None
