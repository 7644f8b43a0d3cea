"""A day of ads without the total of the ad account: nothing proves that all of its rows arrived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors.sync.staging import Staging
from orchestration import pipeline
from orchestration.dbt_build import BuildFailedError
from simulator import SimulatorServer, demo_world, serve
from tests.orchestration.installation import Installation

pytestmark = pytest.mark.worlds
END = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAYS = [date(2026, 2, day) for day in (10, 12, 14)]


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with serve(demo_world(seed=3, start=date(2026, 1, 1), end=END, orders=200)) as running_server:
        yield running_server


@pytest.mark.parametrize(
    ("source", "tables"),
    [
        pytest.param("meta_ads", ["account_insights"], marks=pytest.mark.deep),
        ("tiktok_ads", ["advertiser_insights", "gmv_max_totals"]),
    ],
)
def test_ads_day_without_the_account_total_is_named_and_blocks_the_publish(
    source: str, tables: list[str], server: SimulatorServer, tmp_path: Path
) -> None:
    """A total that does not come, one without spend, and one with a negative spend."""
    place = Installation(tmp_path)
    place.configure(server, kinds=("meta_ads", "tiktok_ads"), shops=["aurora"])
    place.run()
    before = place.current
    spent = place.ask(
        "select date_day, sum(own_spend_micros)::bigint from marts.spend where source = ? and date_day = any(?) "
        "group by date_day",
        [source, DAYS],
    )
    assert len(spent) == 3
    assert all(micros > 0 for _, micros in spent)
    with Staging(place.home.staging) as staging:
        for table in tables:
            staging.db.execute(f"delete from {source}.{table} where date_day = ?", [DAYS[0]])
        for day, value in ((DAYS[1], "null"), (DAYS[2], "-1")):
            staging.db.execute(f"update {source}.{tables[0]} set spend_micros = {value} where date_day = ?", [day])
    with pytest.raises(BuildFailedError) as raised:
        pipeline.rebuild(place.settings)
    assert "spend_is_the_same_at_every_level" in str(raised.value)
    (doubt,) = raised.value.doubts.values()
    for day in DAYS:
        assert f"date_day={day}" in doubt
    assert doubt.count("level=account total is missing") == 2
    assert place.current == before


def test_days_of_totals_without_ads_are_a_warning_with_account_month_share_and_advice(
    server: SimulatorServer, tmp_path: Path
) -> None:
    """The ads of ten days of January are lost, with their campaigns; the newest 28 days are complete."""
    place = Installation(tmp_path)
    place.configure(server, kinds=("meta_ads",), shops=["aurora"])
    pipeline.pull_all(place.settings)
    with Staging(place.home.staging) as staging:
        ((first, last, lost),) = staging.db.execute(
            "select min(date_day), max(date_day), sum(spend_micros) from meta_ads.account_insights "
            "where date_day between '2026-01-05' and '2026-01-14'"
        ).fetchall()
        ((month,),) = staging.db.execute(
            "select sum(spend_micros) from meta_ads.account_insights where date_day <= '2026-01-31'"
        ).fetchall()
        for table in ("ads_insights", "campaign_insights"):
            staging.db.execute(f"delete from meta_ads.{table} where date_day between ? and ?", [first, last])
    result = pipeline.rebuild(place.settings)
    assert result.built is not None
    account = server.world.ad_account("aurora", "meta").id
    (warning,) = [text for text in result.built.warnings if text.startswith("unallocated_spend_is_small")]
    expected = f"Meta ad account {account} of tenant aurora, {first} to {last}: {lost * 100 / month:.1f} % of the spend"
    assert expected in warning
    assert "of the month is on days without any ad" in warning
    assert "backfill these days in Dagster" in warning
