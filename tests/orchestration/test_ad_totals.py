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
DAY = "2026-02-10"


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with serve(demo_world(seed=3, start=date(2026, 1, 1), end=END, orders=200)) as running_server:
        yield running_server


@pytest.mark.parametrize(
    ("source", "tables"),
    [("meta_ads", ["account_insights"]), ("tiktok_ads", ["advertiser_insights", "gmv_max_totals"])],
)
def test_ads_day_without_the_account_total_is_named_and_blocks_the_publish(
    source: str, tables: list[str], server: SimulatorServer, tmp_path: Path
) -> None:
    place = Installation(tmp_path)
    place.configure(server, kinds=("meta_ads", "tiktok_ads"), shops=["aurora"])
    place.run()
    before = place.current
    ((spent,),) = place.ask(
        "select sum(own_spend_micros)::bigint from marts.spend where source = ? and date_day = ?", [source, DAY]
    )
    assert spent > 0
    with Staging(place.home.staging) as staging:
        for table in tables:
            staging.db.execute(f"delete from {source}.{table} where date_day = ?", [DAY])
    with pytest.raises(BuildFailedError) as raised:
        pipeline.rebuild(place.settings)
    assert "spend_is_the_same_at_every_level" in str(raised.value)
    assert f"date_day={DAY}" in str(raised.value)
    assert place.current == before
