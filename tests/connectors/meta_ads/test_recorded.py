"""Traffic recorded from Meta through the connector's own typing: nothing is set aside, and the numbers are Meta's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Account, Stream, Window
from connectors.landing import Landing
from connectors.meta_ads import streams
from connectors.staging import Staging

CASSETTES = Path(__file__).resolve().parents[4] / "shared/data/recorded/meta_keboola/cassettes"
Objects = dict[str, dict[str, dict[str, Any]]]

pytestmark = pytest.mark.skipif(not CASSETTES.exists(), reason=f"the recorded traffic is not here: {CASSETTES}")


def bodies() -> Iterator[tuple[str, Any]]:
    """The last part of each address, and its answer."""
    for path in sorted(CASSETTES.glob("facebook*")):
        for each in json.loads(path.read_text())["interactions"]:
            try:
                yield (
                    each["request"]["uri"].split("?")[0].rsplit("/", 1)[1],
                    json.loads(each["response"]["body"]["string"]),
                )
            except ValueError:
                continue


def dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, however deep."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from dicts(each)


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


@pytest.mark.parametrize("stream", [streams.CAMPAIGNS, streams.AD_SETS, streams.ADS], ids=lambda each: each.name)
def test_recorded_objects_are_taken_whole(stream: Stream, staging: Staging, tmp_path: Path) -> None:
    edge = streams.EDGES[stream.name]
    found = {each["id"]: each for place, body in bodies() if place == edge for each in body.get("data", [])}
    assert len(found) > 10
    read, _, aside = loaded(staging, tmp_path, stream, list(found.values()))
    assert (read, aside) == (len(found), 0)
    key = stream.tables[0].key[0]
    names = dict(staging.db.execute(f"select {key}, name from meta_ads.{stream.name}").fetchall())
    assert names == {each: record.get("name") for each, record in found.items()}


def test_recorded_insights_are_taken_whole_and_their_numbers_are_metas(staging: Staging, tmp_path: Path) -> None:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for _, body in bodies():
        for row in dicts(body):
            if "date_start" in row and ("spend" in row or "actions" in row):
                rows.setdefault((row["date_start"], row.get("ad_id") or f"row {len(rows)}"), row)
    records = [{**row, "ad_id": ad} for (_, ad), row in rows.items()]
    assert len(records) > 10
    read, _, _ = loaded(staging, tmp_path, streams.ADS_INSIGHTS, records)
    assert read == len(records)
    assert staging.db.execute("select reason from takings.rejects").fetchall() == []
    spent = staging.db.execute("select sum(spend_micros) from meta_ads.ads_insights").fetchall()[0][0]
    assert Decimal(spent) / 10**6 == sum(Decimal(row.get("spend", "0")) for row in records)
    told = [each for row in records for each in row.get("actions") or []]
    counted = staging.db.execute(
        "select sum(action_count) from meta_ads.ads_actions where action_window = 'default'"
    ).fetchall()[0][0]
    assert counted == sum(Decimal(each["value"]) for each in told if "value" in each)
