"""What a build says of an event log, and of own prices, that would count in two ways."""

from __future__ import annotations

import shutil
from pathlib import Path

from connectors.registry import prepare_schemas
from connectors.sync.staging import Staging
from orchestration import dbt_build
from tests.orchestration.installation import Installation
from tests.small_worlds import CREATOR, published_creator

COPIED = 25


def test_a_log_and_costs_that_come_by_files_and_by_the_collector_are_named(tmp_path: Path) -> None:
    shutil.copytree(published_creator(11).root, tmp_path / "place", symlinks=True)
    home = Installation(tmp_path / "place").home
    with Staging(home.staging) as staging:
        prepare_schemas(staging)
        staging.db.execute(
            "insert into takings.accounts by name select tenant_id, 'collector' as source, 'site' as source_account "
            "from takings.accounts where tenant_id = ? and source = 'files'",
            [CREATOR],
        )
        staging.db.execute(
            "insert into collector.event_log by name select * replace ('site' as source_account), false as is_deleted "
            f"from (select distinct on (vault_id, product_name, sale_datetime, funnel_stage, visit_id) * "
            f"from files.event_log) limit {COPIED}"
        )
        staging.db.execute(
            "insert into collector.vault_costs by name select * replace ('site' as source_account), "
            "false as is_deleted from files.vault_costs where category = 'Tools'"
        )
    warnings = dbt_build.build(home, "again").warnings
    (warning,) = [text for text in warnings if "money_comes_by_one_way" in text]
    assert (
        f"the costs of vaults of tenant {CREATOR} have " in warning and "both from collector site and from" in warning
    )
    (warning,) = [text for text in warnings if "entries_come_by_one_way" in text]
    assert f"the event log of tenant {CREATOR} has {COPIED} entries both from collector site and from files" in warning
