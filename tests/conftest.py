"""The order of the tests, their marks and their workers.

A file runs in one worker, all files of ONE_SUPERSET in the same one; what takes longest starts first.
docs/develop/tests.md says what each folder proves and how long it takes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests import shared_cache
from tests.superset_assets import browser
from tests.superset_assets.conftest import Running, running_superset

gc.disable()  # until everything is collected: what is imported stays, and to look through it takes a second per worker
ROOT = Path(__file__).resolve().parents[1]
ONE_SUPERSET = (
    "tests/superset_assets/test_cache.py",  # first: a publish asks again all that was asked before it
    "tests/superset_assets/test_tenant_walls.py",
    "tests/superset_assets/test_browser.py",
    "tests/superset_assets/test_controls.py",
    "tests/superset_assets/test_cross_filters.py",
    "tests/superset_assets/test_days.py",
    "tests/superset_assets/test_query_wall.py",
    "tests/superset_assets/test_superset.py",
    "tests/superset_assets/test_logins.py",
    "tests/superset_assets/test_roles.py",
    "tests/superset_assets/test_csv.py",
    "tests/superset_assets/test_annotations.py",
    "tests/superset_assets/test_grain.py",
    "tests/superset_assets/test_one_source.py",
    "tests/serving/test_superset.py",
    "tests/serving/test_browser.py",
    "tests/end_to_end/test_the_charts.py",
    "tests/end_to_end/test_the_charts_of_records.py",
)
"""Files that share one running Superset: it takes longer to start than most of their tests."""
LONGEST = (
    *ONE_SUPERSET,
    "tests/test_docs.py",
    "tests/superset_assets/test_superset_process.py",  # waits more than it works
    "tests/end_to_end/test_demo.py",
    "tests/end_to_end/test_what_changes.py",
    "tests/orchestration/test_disk_full.py",
    "tests/orchestration/test_independent_tenants.py",
    "tests/orchestration/test_bad_sources.py",
    "tests/orchestration/test_kill.py",
    "tests/end_to_end/test_online_retail.py",
    "tests/end_to_end/test_the_books.py",
    "tests/orchestration/test_cli.py",
    "tests/orchestration/postgres/test_publish.py",
    "tests/orchestration/postgres/test_certify.py",
    "tests/test_howtos.py",
    "tests/orchestration/test_dagster.py",
    "tests/orchestration/test_currencies.py",
    "tests/orchestration/test_foreign_accounts.py",
    "tests/orchestration/test_publish.py",
    "tests/connectors/stripe/test_pull.py",
    "tests/connectors/test_conformance.py",
    "tests/connectors/shopify/test_pull.py",
    "tests/orchestration/test_recording.py",
    "tests/semantic/test_oracle.py",
    "tests/semantic/test_report_walk.py",
    "tests/dbt_project/test_models.py",
)
"""Files from the longest on; all others take less."""
MARK_OF_PATH = {
    "tests/end_to_end": "worlds",
    "tests/superset_assets/test_browser.py": "browser",
    "tests/superset_assets/test_controls.py": "browser",
    "tests/serving/test_browser.py": "browser",
    "tests/serving/test_look.py": "browser",
    "tests/connectors/collector/test_pull.py": "slow",
    "tests/connectors/files/test_annotations.py": "slow",
    "tests/connectors/files/test_events.py": "slow",
    "tests/connectors/files/test_ids_and_clocks.py": "slow",
    "tests/connectors/files/test_limits.py": "slow",
    "tests/connectors/files/test_money.py": "slow",
    "tests/connectors/files/test_plain_files.py": "slow",
    "tests/connectors/files/test_pull.py": "slow",
    "tests/connectors/files/test_records.py": "slow",
    "tests/connectors/meta_ads/test_days.py": "slow",
    "tests/connectors/meta_ads/test_pull.py": "slow",
    "tests/connectors/meta_ads/test_troubles.py": "slow",
    "tests/connectors/meta_ads/test_withdrawn.py": "slow",
    "tests/connectors/postgres/test_pull.py": "slow",
    "tests/connectors/shopify/test_bulk.py": "slow",
    "tests/connectors/shopify/test_lost_staging.py": "slow",
    "tests/connectors/shopify/test_pages.py": "slow",
    "tests/connectors/shopify/test_pull.py": "slow",
    "tests/connectors/shopify/test_sessions.py": "slow",
    "tests/connectors/stripe/test_catalogue.py": "slow",
    "tests/connectors/stripe/test_history.py": "slow",
    "tests/connectors/stripe/test_pull.py": "slow",
    "tests/connectors/stripe/test_resumed.py": "slow",
    "tests/connectors/stripe/test_sdk.py": "slow",
    "tests/connectors/test_conformance.py": "slow",
    "tests/connectors/tiktok_ads/test_pull.py": "slow",
    "tests/connectors/tiktok_ads/test_troubles.py": "slow",
    "tests/connectors/tiktok_ads/test_withdrawn.py": "slow",
    "tests/dbt_project/test_descriptions.py": "slow",
    "tests/dbt_project/test_recurring_revenue.py": "slow",
    "tests/faults": "slow",
    "tests/oracle/test_ads.py": "slow",
    "tests/oracle/test_daily.py": "slow",
    "tests/orchestration/postgres": "slow",
    "tests/orchestration/test_build_warnings.py": "slow",
    "tests/orchestration/test_chat_database.py": "slow",
    "tests/orchestration/test_contracts.py": "slow",
    "tests/orchestration/test_dbt_parse.py": "slow",
    "tests/orchestration/test_deliveries.py": "slow",
    "tests/orchestration/test_log_warnings.py": "slow",
    "tests/orchestration/test_mcp_command.py": "slow",
    "tests/orchestration/test_restated_log.py": "slow",
    "tests/orchestration/test_stored.py": "slow",
    "tests/orchestration/test_superset.py": "slow",
    "tests/semantic/test_alert_details.py": "slow",
    "tests/semantic/test_alerts.py": "slow",
    "tests/semantic/test_frames.py": "slow",
    "tests/semantic/test_oracle.py": "slow",
    "tests/semantic/test_ossie.py": "slow",
    "tests/semantic/test_pictures.py": "slow",
    "tests/semantic/test_pictures_command.py": "slow",
    "tests/semantic/test_report_content.py": "slow",
    "tests/semantic/test_report_walk.py": "slow",
    "tests/semantic/test_reports_guide.py": "slow",
    "tests/semantic/test_seen_walk.py": "slow",
    "tests/semantic/test_tenant_walls.py": "slow",
    "tests/semantic/test_workbook.py": "slow",
    "tests/serving/alerts/test_walk.py": "slow",
    "tests/serving/collector/test_kill.py": "slow",
    "tests/serving/deliveries/test_kill.py": "slow",
    "tests/serving/test_api.py": "slow",
    "tests/serving/test_api_walk.py": "slow",
    "tests/serving/test_chat_discord.py": "slow",
    "tests/serving/test_concurrency.py": "slow",
    "tests/serving/test_mcp.py": "slow",
    "tests/serving/test_own_pages.py": "slow",
    "tests/serving/test_process.py": "slow",
    "tests/serving/test_public_pages.py": "slow",
    "tests/serving/test_settings_page.py": "slow",
    "tests/serving/test_tenant_numbers.py": "slow",
    "tests/serving/test_walk.py": "slow",
    "tests/simulator/test_bulk.py": "slow",
    "tests/simulator/test_chat_store.py": "slow",
    "tests/simulator/test_retail.py": "slow",
    "tests/simulator/test_visits.py": "slow",
    "tests/superset_assets/test_export.py": "slow",
    "tests/test_howtos.py": "slow",
}


class _Files(LoadFileScheduling):
    """Gives whole files to the workers, and the files that share a Superset to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        path = super()._split_scope(nodeid)
        return "superset" if path in ONE_SUPERSET else path


@pytest.fixture(scope="session", autouse=True)
def _one_parse() -> Iterator[None]:
    """Processes that tests start share one parse of the project."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(shared_cache.FOLDER / "user"))
        yield


@pytest.fixture(scope="session")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A Superset with our assets and two tenants, one per worker."""
    with running_superset(tmp_path_factory.mktemp("superset")) as running, browser.one_browser():
        yield running


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Files:
    """Instead of `--dist loadgroup`, whose marks xdist 3.8 does not pass on under pytest 9."""
    return _Files(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name in (*LONGEST, *MARK_OF_PATH) if not (ROOT / name).exists()]
    if missing:
        raise pytest.UsageError(f"{', '.join(missing)} does not exist: correct LONGEST and MARK_OF_PATH in {__file__}")
    rank = {ROOT / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
    alone = set()
    for item in items:
        if "superset" in getattr(item, "fixturenames", ()):
            item.add_marker("superset")
            if item.nodeid.partition("::")[0] not in ONE_SUPERSET and item.get_closest_marker("deep") is None:
                alone.add(item.nodeid)
        for mark in _marks(item.path):
            item.add_marker(mark)
    if alone:
        raise pytest.UsageError(f"Name the files of these in ONE_SUPERSET: {', '.join(sorted(alone))}")
    gc.set_threshold(10_000, 10, 10)  # Python's own 700 suits small programs: 3 % of all CPU seconds
    gc.enable()


@cache
def _marks(path: Path) -> list[str]:
    name = path.relative_to(ROOT).as_posix()
    return [mark for place, mark in MARK_OF_PATH.items() if f"{name}/".startswith(f"{place}/")]
