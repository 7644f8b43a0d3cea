"""Rows of staging whose account is no longer configured count in no mart."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors.sync.staging import Staging
from orchestration import pipeline, reconciliation
from semantic.warehouse import open_build
from simulator import SimulatorServer, demo_world, serve
from tests.orchestration.installation import Installation, published_shops, published_sources

pytestmark = pytest.mark.worlds
END = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with serve(demo_world(seed=9, start=date(2026, 1, 1), end=END, orders=80)) as running_server:
        yield running_server


def without(place: Installation, tenant: str) -> None:
    """Remove a tenant from takings.toml."""
    path = place.root / "takings.toml"
    others = [part for part in path.read_text().split("[[tenants]]\n") if part and f'id = "{tenant}"' not in part]
    path.write_text("".join(f"[[tenants]]\n{part}" for part in others))


def test_tenant_removed_from_the_configuration_is_in_no_mart(tmp_path: Path) -> None:
    place = Installation(tmp_path / "place")
    shutil.copytree(published_sources().root, place.root, symlinks=True)
    expected = place.marts("tenant-nordlicht")
    without(place, "aurora")
    place.rebuild()
    left = {mart: rows for mart, rows in place.marts().items() if mart != "time_spine"}
    for mart, rows in left.items():
        assert {row[0] for row in place.ask(f"select tenant_id from marts.{mart}")} <= {"nordlicht"}, mart
        assert rows == expected[mart], mart
    empty = {mart for mart, rows in left.items() if not rows}
    of_records = {mart for mart, rows in expected.items() if not rows}  # these shops have no chats and no event log
    assert "orders" not in of_records
    assert empty <= {"targets", "ltv_horizons"} | of_records, "every other mart has something to leak"
    with open_build(place.home.published, every=True) as build:
        compared = reconciliation.of_build(build)
    assert {row["tenant_id"] for row in compared} == {"nordlicht"}
    assert {row["source"] for row in compared} == {"shopify", "stripe", "meta_ads", "tiktok_ads"}


def test_renamed_account_counts_once(tmp_path: Path) -> None:
    place = Installation(tmp_path / "place")
    shutil.copytree(published_shops().root, place.root, symlinks=True)
    before = place.ask("select sum(net_sales_minor), sum(orders_placed) from marts.metrics_daily")
    with Staging(place.home.staging) as staging:  # the same shop under its old name
        for table in ("orders", "sales", "agreements", "products", "variants", "customers", "sales_totals", "shop"):
            staging.db.execute(
                f"insert into shopify.{table} select * replace ('aurora-old' as source_account) from shopify.{table} "
                "where source_account = 'aurora'"
            )
    pipeline.rebuild(place.settings)
    assert place.ask("select sum(net_sales_minor), sum(orders_placed) from marts.metrics_daily") == before


def test_home_folder_with_a_quote_in_its_name_works(tmp_path: Path, server: SimulatorServer) -> None:
    place = Installation(tmp_path / "o'brien")
    place.configure(server, shops=["aurora"])
    place.run()
    assert place.ask("select count(*) > 0 from marts.orders") == [(True,)]
