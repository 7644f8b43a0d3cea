"""Recorded traffic of Meta through the connector: no row is rejected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Account, Stream, Window
from connectors.meta_ads import streams
from connectors.sync.landing import Landing
from connectors.sync.staging import Staging

CASSETTES = Path(__file__).resolve().parents[4] / "shared/data/recorded/meta_keboola/cassettes"

pytestmark = pytest.mark.skipif(not CASSETTES.exists(), reason=f"Recorded traffic is not at {CASSETTES}.")


def bodies() -> Iterator[tuple[str, Any]]:
    """The last segment of each URL, and the decoded body of its response."""
    for path in sorted(CASSETTES.glob("facebook*")):
        for interaction in json.loads(path.read_text())["interactions"]:
            try:
                yield (
                    interaction["request"]["uri"].split("?")[0].rsplit("/", 1)[1],
                    json.loads(interaction["response"]["body"]["string"]),
                )
            except ValueError:
                continue


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    with Staging(tmp_path_factory.mktemp("recorded") / "staging.duckdb") as staging:
        staging.prepare("meta_ads", streams.STREAMS)
        yield staging


def loaded(staging: Staging, folder: Path, stream: Stream, records: list[dict[str, Any]]) -> tuple[int, int, int]:
    account = Account("acme", "meta_ads", "1", "http://localhost", "secret")
    landed = Landing(folder).begin(account, stream.name, Window(None, datetime(2026, 3, 1, tzinfo=UTC)))
    if stream.cursor:
        landed.cover(date(2010, 1, 1), date(2027, 1, 1))
    landed.write_part(json.dumps(record).encode() for record in records)
    landed.seal()
    return staging.load(account, stream, landed, "run")


@pytest.mark.parametrize("stream", [streams.CAMPAIGNS, streams.AD_SETS, streams.ADS], ids=lambda stream: stream.name)
def test_recorded_objects_load_without_rejects(stream: Stream, staging: Staging, tmp_path: Path) -> None:
    edge = streams.EDGES[stream.name]
    records = {record["id"]: record for place, body in bodies() if place == edge for record in body.get("data", [])}
    assert len(records) > 10
    read, _, rejected = loaded(staging, tmp_path, stream, list(records.values()))
    assert (read, rejected) == (len(records), 0)
    column = stream.tables[0].key[0]
    names = dict(staging.db.execute(f"select {column}, name from meta_ads.{stream.name}").fetchall())
    assert names == {key: record.get("name") for key, record in records.items()}


def test_recorded_days_load_without_rejects_and_without_delivery_are_zero(staging: Staging, tmp_path: Path) -> None:
    """The recorded account never spent anything: Meta then omits every number."""
    daily = [row for place, body in bodies() if place == "insights" for row in body.get("data", [])
             if row["date_start"] == row["date_stop"]]  # fmt: skip
    days = {row["date_start"]: row for row in daily}
    assert len(days) > 100
    read, _, rejected = loaded(staging, tmp_path, streams.ACCOUNT_INSIGHTS, list(days.values()))
    assert (read, rejected) == (len(days), 0)
    rows = staging.db.execute(
        "select cast(date_day as varchar), attribution_setting, spend_micros, impressions, clicks from "
        "meta_ads.account_insights order by 1"
    ).fetchall()
    assert rows == [(day, days[day]["attribution_setting"], 0, 0, 0) for day in sorted(days)]
