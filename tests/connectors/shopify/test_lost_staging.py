"""A lost staging file is rebuilt; another shop behind the same account is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from simulator import serve
from tests.connectors.shopify.pulling import END, Place, small_world

WORLD = small_world()
CLOCKS = (END - timedelta(days=5), END - timedelta(days=2), END)


def pulled(root: Path) -> Place:
    """Three pulls: one by bulk, two by pages."""
    place = Place(root)
    with serve(WORLD, now=CLOCKS[0]) as server:
        for clock in CLOCKS:
            server.set_now(clock)
            place.pull(server)
    return place


def test_lost_staging_file_is_rebuilt_from_the_landing_zone_and_only_news_is_requested(tmp_path: Path) -> None:
    place = pulled(tmp_path)
    before = place.tables()
    place.staging.unlink()
    with serve(WORLD, now=END) as server:
        place.pull(server)
        fields = [field for request in server.log for field in request.resources]
    assert "bulkOperationRunQuery" not in fields
    assert place.tables() == before


def test_older_staging_file_catches_up_from_the_landing_zone(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with serve(WORLD, now=CLOCKS[0]) as server:
        place.pull(server)
        backup = place.staging.read_bytes()
        for clock in CLOCKS[1:]:
            server.set_now(clock)
            place.pull(server)
        expected = place.tables()
        place.staging.write_bytes(backup)
        place.pull(server)
    assert place.tables() == expected


def test_row_loaded_again_keeps_the_run_that_first_loaded_it(tmp_path: Path) -> None:
    place = Place(tmp_path, run_id="first")
    with serve(WORLD) as server:
        place.pull(server)
        place.staging.unlink()
        place.run_id = "second"
        place.pull(server)
    assert place.rows("select distinct run_id from shopify.orders") == [("first",)]


def test_another_shop_behind_the_same_account_is_refused(tmp_path: Path) -> None:
    place = pulled(tmp_path)
    before = place.tables()
    with serve(WORLD, now=END + timedelta(hours=1)) as server:
        account = place.known_as(server)
        other = server.world.shop("nordlicht")
        swapped = Place(tmp_path, place.account, place.tenant)
        swapped.known_as = lambda *_: type(account)(  # type: ignore[method-assign]
            account.tenant_id, account.source, account.account, server.base_url("nordlicht"), other.token
        )
        with pytest.raises(ConfigurationError, match="is the shop 'Nordlicht Küche'"):
            swapped.pull(server)
    assert place.tables() == before
