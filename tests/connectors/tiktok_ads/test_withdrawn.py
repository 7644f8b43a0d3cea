"""Days that are read again and come without spend that they had: refused and named."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import RetryError
from simulator import SimulatorServer
from simulator.apis.tiktok import reports
from tests.connectors.tiktok_ads.pulling import END, Place
from tests.sampling import sample

SINCE = date(2026, 3, 6)
LAST = END.date() - timedelta(days=1)
REPORTS = {  # stream: the simulator's report, and what its requests have
    "advertiser_insights": ("integrated", "_ADVERTISER"),
    "campaign_insights": ("integrated", "_CAMPAIGN"),
    "ads_insights": ("integrated", "_AD"),
    "gmv_max_totals": ("gmv_max", "advertiser_id"),
    "gmv_max_insights": ("gmv_max", "campaign_id"),
}


@pytest.mark.parametrize("stream", sample(REPORTS, "ads_insights", "gmv_max_insights"))
def test_report_with_the_last_days_only_is_refused_and_names_the_others(
    stream: str, server: SimulatorServer, tmp_path: Path
) -> None:
    place = Place(tmp_path)
    place.pull(server, since=SINCE)
    before = place.tables()[stream]
    spend = "cost_micros" if stream.startswith("gmv_max") else "spend_micros"
    ((first, days),) = place.rows(
        f"select min(date_day), count(distinct date_day) from tiktok_ads.{stream} where date_day < ? and {spend} > 0",
        [LAST],
    )
    server.set_now(END + timedelta(days=1))
    name, level = REPORTS[stream]
    report = getattr(reports, name)

    def changed(account: Any, params: Any, at: int) -> list[dict[str, Any]]:
        mine = level in params.get("dimensions", "") or params.get("data_level", "").endswith(level)
        return [row for row in report(account, params, at)
                if not mine or row["dimensions"]["stat_time_day"] >= str(LAST)]  # fmt: skip

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reports, name, changed)
        with pytest.raises(RetryError) as raised:
            place.pull(server, since=SINCE)
    assert f"The report {stream} of TikTok advertiser" in str(raised.value)
    assert f"on {days} days that had it: {first}" in str(raised.value)
    assert place.tables()[stream] == before
    place.pull(server, since=SINCE)
    assert place.as_of(stream)[LAST + timedelta(days=2)]


@pytest.mark.parametrize("spend", ["-", "-1.00"])
def test_day_whose_spend_becomes_null_or_negative_is_refused(
    spend: str, server: SimulatorServer, tmp_path: Path
) -> None:
    place = Place(tmp_path)
    place.pull(server, since=SINCE)
    server.set_now(END + timedelta(days=1))
    integrated = reports.integrated

    def changed(*arguments: Any) -> list[dict[str, Any]]:
        rows = integrated(*arguments)
        for row in rows:
            if row["dimensions"].get("advertiser_id") and row["dimensions"]["stat_time_day"].startswith(str(LAST)):
                row["metrics"]["spend"] = spend
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reports, "integrated", changed)
        with pytest.raises(RetryError, match=f"on 1 day that had it: {LAST}"):
            place.pull(server, since=SINCE)
