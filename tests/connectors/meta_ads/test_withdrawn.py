"""Days that are read again and come without spend that they had: refused and named, unless Meta withdraws it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import RetryError
from simulator import SimulatorServer, World
from simulator.apis.meta import api, insights
from tests.connectors.meta_ads.pulling import ADS, BOUGHT, END, Place, ads
from tests.sampling import sample

SINCE = date(2026, 3, 6)
STREAMS = {"account": "account_insights", "campaign": "campaign_insights", "ad": "ads_insights"}
Rows = list[dict[str, Any]]


def answer_with(patch: pytest.MonkeyPatch, level: str, change: Callable[[Rows], Rows]) -> None:
    """Let the simulator's reports of a level come with other rows."""
    rows = insights.rows

    def changed(account: Any, report: insights.Report, at: int) -> Rows:
        result = rows(account, report, at)
        return change(result) if report.level == level else result

    patch.setattr(insights, "rows", changed)


def only_from(day: date) -> Callable[[Rows], Rows]:
    return lambda rows: [row for row in rows if row["date_start"] >= str(day)]


@pytest.mark.parametrize(
    "level", [pytest.param(level, marks=() if level == "ad" else pytest.mark.deep) for level in STREAMS]
)
def test_report_with_the_last_days_only_is_refused_and_names_the_others(
    level: str, place: Place, server: SimulatorServer
) -> None:
    place.pull(server, since=SINCE)
    before = place.tables()[STREAMS[level]]
    server.set_now(END + timedelta(days=1))
    last = END.date() - timedelta(days=1)
    for _ in range(2):
        with pytest.MonkeyPatch.context() as patch:
            answer_with(patch, level, only_from(last))
            with pytest.raises(RetryError) as raised:
                place.pull(server, since=SINCE)
        message = str(raised.value)
        assert f"The report {STREAMS[level]} of Meta ad account" in message
        assert f"on 13 days that had it: {SINCE} to {last - timedelta(days=1)}" in message
        assert "backfill" in message
        assert place.tables()[STREAMS[level]] == before
    place.pull(server, since=SINCE)
    assert place.tables()[STREAMS[level]] != before


def test_monthly_deep_read_with_the_last_days_only_is_refused(place: Place, server: SimulatorServer) -> None:
    """The days before the look back of 28 days are read in April again."""
    since = date(2026, 2, 1)
    place.pull(server, since=since)
    before = place.rows(ADS)
    server.set_now(datetime(2026, 4, 2, 10, tzinfo=END.tzinfo))
    with pytest.MonkeyPatch.context() as patch:
        answer_with(patch, "ad", only_from(date(2026, 2, 20)))
        with pytest.raises(RetryError, match="on 19 days that had it: 2026-02-01 to 2026-02-19"):
            place.pull(server, since=since)
    assert place.rows(ADS) == before


@pytest.mark.parametrize("rest", [0, 2])
def test_page_that_arrives_empty_or_short_is_refused(rest: int, place: Place, server: SimulatorServer) -> None:
    place.pull(server, since=SINCE)
    before = place.rows(ADS)
    server.set_now(END + timedelta(days=1))
    with pytest.MonkeyPatch.context() as patch:
        whole = api.page
        patch.setattr(api, "page", lambda rows, params, *more, **named: whole(
            rows[:rest] if any("ad_id" in row for row in rows) else rows, params, *more, **named))  # fmt: skip
        with pytest.raises(RetryError, match=r"spend of \d+ that still exist \(such as \d+\) is missing on \d+ days"):
            place.pull(server, since=SINCE)
    assert place.rows(ADS) == before


@pytest.mark.parametrize("spend", sample([None, "0", "-3.50", "n/a"], None, "-3.50"))
def test_day_whose_spend_becomes_null_zero_negative_or_text_is_refused(
    spend: str | None, place: Place, server: SimulatorServer
) -> None:
    place.pull(server, since=SINCE)
    before = place.tables()["account_insights"]
    day = END.date() - timedelta(days=4)

    def without(rows: Rows) -> Rows:
        return [row | ({"spend": spend} if row["date_start"] == str(day) else {}) for row in rows]

    server.set_now(END + timedelta(days=1))
    with pytest.MonkeyPatch.context() as patch:
        answer_with(patch, "account", without)
        with pytest.raises(RetryError, match=f"on 1 day that had it: {day}"):
            place.pull(server, since=SINCE)
    assert place.tables()["account_insights"] == before


def test_unknown_spend_of_a_new_day_is_null_and_a_day_without_numbers_is_zero(
    place: Place, server: SimulatorServer
) -> None:
    """Meta omits every number of a day without delivery; a spend that alone is missing is unknown."""
    day, idle = END.date() - timedelta(days=4), END.date() - timedelta(days=3)

    def without(rows: Rows) -> Rows:
        for row in rows:
            if row["date_start"] == str(day):
                del row["spend"]
        return [{"date_start": str(idle), "date_stop": str(idle)} if row["date_start"] == str(idle) else row
                for row in rows]  # fmt: skip

    with pytest.MonkeyPatch.context() as patch:
        answer_with(patch, "account", without)
        place.pull(server, since=SINCE)
    rows = dict(place.rows("select date_day, spend_micros from meta_ads.account_insights"))
    assert (rows[day], rows[idle]) == (None, 0)
    assert all(value for key, value in rows.items() if key not in (day, idle))


def test_purchases_may_be_withdrawn(place: Place, server: SimulatorServer, world: World) -> None:
    place.pull(server, since=SINCE)
    assert place.rows(BOUGHT)
    server.set_now(END + timedelta(days=1))
    with pytest.MonkeyPatch.context() as patch:
        answer_with(patch, "ad", lambda rows: [row | {"actions": [], "action_values": []} for row in rows])
        place.pull(server, since=SINCE)
    assert place.rows(BOUGHT) == []


def test_given_days_are_accepted_as_meta_has_them_and_other_days_are_not(
    place: Place, server: SimulatorServer, world: World
) -> None:
    place.pull(server, since=SINCE)
    before = place.rows(ADS)
    first, last = SINCE, SINCE + timedelta(days=2)
    with pytest.MonkeyPatch.context() as patch:
        answer_with(patch, "ad", only_from(last + timedelta(days=1)))
        place.pull(server, since=SINCE, days=(first, last))
    assert place.rows(ADS) == [row for row in before if row[0] > last]
    server.set_now(END + timedelta(days=1))
    place.pull(server, since=SINCE)
    assert place.rows(ADS) == [
        row for row in ads(world.ad_account("aurora", "meta"), place.readings["ads_insights"]) if row[0] >= SINCE
    ]
