"""Every connector of ours passes the conformance kit that connectors of others are checked with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from connectors.base import Account
from connectors.conformance import (
    CHECKS,
    Subject,
    interrupted_sync_resumes,
    repeat_changes_nothing,
    rows_and_cursor_commit_together,
)
from connectors.files.settings import FilesSettings
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.registry import BY_KIND, KINDS
from connectors.shopify.settings import ShopifySettings
from connectors.stripe.settings import StripeSettings
from connectors.tiktok_ads.settings import TikTokAdsSettings
from simulator import SimulatorServer, World, demo_world, serve, write_files
from simulator.scenarios.payments import secret_key
from tests.connectors.collector.collecting import SETTINGS, Place, event, message, stored
from tests.connectors.postgres import database
from tests.sampling import sample_of_sets

SHOP, START, END = "aurora", date(2026, 3, 1), datetime(2026, 3, 14, 10, tzinfo=UTC)
UNUSED = "env:UNUSED"


@cache
def world() -> World:
    """Two weeks of two small shops."""
    return demo_world(seed=11, start=START, end=END, orders=400)


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with serve(world()) as server:
        yield server


def shopify(server: SimulatorServer, folder: Path) -> Subject:
    account = Account("acme", "shopify", SHOP, server.base_url(SHOP), world().shop(SHOP).token)
    settings = ShopifySettings(kind="shopify", account=SHOP, secret=UNUSED)
    return Subject(BY_KIND["shopify"], account, settings, ("orders", {"processedAt": "no time"}))


def stripe(server: SimulatorServer, folder: Path) -> Subject:
    account = Account("acme", "stripe", SHOP, server.base_url(SHOP, "stripe"), secret_key(SHOP))
    settings = StripeSettings(kind="stripe", account=SHOP, secret=UNUSED)
    return Subject(BY_KIND["stripe"], account, settings, ("charges", {"amount": "many"}))


def meta_ads(server: SimulatorServer, folder: Path) -> Subject:
    books = world().ad_account(SHOP, "meta")
    account = Account("acme", "meta_ads", books.id, f"{server.url}/meta", books.token)
    settings = MetaAdsSettings(kind="meta_ads", account=books.id, secret=UNUSED, since=START)
    return Subject(BY_KIND["meta_ads"], account, settings, ("ads_insights", {"impressions": "many"}))


def tiktok_ads(server: SimulatorServer, folder: Path) -> Subject:
    books = world().ad_account(SHOP, "tiktok")
    account = Account("acme", "tiktok_ads", books.id, f"{server.url}/tiktok", books.token)
    settings = TikTokAdsSettings(kind="tiktok_ads", account=books.id, secret=UNUSED, since=START, queries_a_second=1000)
    return Subject(BY_KIND["tiktok_ads"], account, settings, ("ads_insights", {"metrics": {"impressions": "many"}}))


def files(server: SimulatorServer, folder: Path) -> Subject:
    shared = folder / "shared"
    write_files(world(), SHOP, shared, END)
    account = Account("acme", "files", "exports", str(shared), "")
    settings = FilesSettings(kind="files", account="exports", path=shared)
    return Subject(
        BY_KIND["files"], account, settings, ("events", {"event": {"event_id": "one", "occurred_at": "no time"}})
    )


def collector(server: SimulatorServer, folder: Path) -> Subject:
    """Files that the web application has written, with a part of a line at the end of one."""
    place = Place(folder / "sent")
    place.write(1, *(stored("events", event(number)) for number in range(40)), stored("events", event(40))[:-7])
    place.write(2, stored("events", event(3)), stored("chat_messages", message(1)), stored("chat_messages", message(2)))
    return Subject(BY_KIND["collector"], place.account, SETTINGS, ("collected", {"events": {"status_code": "many"}}))


def postgres(server: SimulatorServer, folder: Path) -> Subject:
    place = database.Place(folder)
    for number in range(1, 4):
        place.chat(number)
    account = Account("acme", "postgres", "assistant", "", place.uri)
    broken = {"row": {"started_at": "no time"}}
    return Subject(BY_KIND["postgres"], account, place.settings, ("chat_sessions", broken))


SUBJECTS: dict[str, Callable[[SimulatorServer, Path], Subject]] = {
    "shopify": shopify, "stripe": stripe, "meta_ads": meta_ads, "tiktok_ads": tiktok_ads, "files": files,
    "collector": collector, "postgres": postgres,
}  # fmt: skip


def test_the_kit_runs_for_every_connector() -> None:
    assert set(SUBJECTS) == set(KINDS)


PAIRS = list(product(KINDS, CHECKS))
RESUMED = ("stripe", "meta_ads", "tiktok_ads", "files", "collector")
"""Their own tests of pulls interrupt and resume them too."""
REPEATED = {("collector", repeat_changes_nothing), ("collector", rows_and_cursor_commit_together)}
"""Its own tests of pulls that are killed show the same."""
SAMPLE = [
    (kind, check) for kind, check in PAIRS
    if (kind, check) not in REPEATED and (kind not in RESUMED or check != interrupted_sync_resumes)
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "check"), sample_of_sets(PAIRS, *SAMPLE), ids=lambda value: getattr(value, "__name__", value)
)
def test_a_connector_passes_a_check_of_the_kit(
    kind: str, check: Callable[[Subject, Path], None], server: SimulatorServer, tmp_path: Path
) -> None:
    check(SUBJECTS[kind](server, tmp_path), tmp_path / "check")
