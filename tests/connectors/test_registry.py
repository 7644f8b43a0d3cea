"""Every source of the registry: its object says what its folder, its settings and its streams say."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from connectors.base import Account, Stream
from connectors.connector import Connector
from connectors.registry import CONNECTORS
from connectors.sync.merge import Merge
from connectors.sync.staging import Staging

FOLDERS = {path.parent.name for path in (Path(__file__).parents[2] / "connectors").glob("*/__init__.py")} - {
    "contracts",
    "sync",
}
STREAMS = [(connector, stream) for connector in CONNECTORS for stream in connector.streams]


def named(value: object) -> str:
    return value.kind if isinstance(value, Connector) else value.name if isinstance(value, Stream) else str(value)


def test_every_folder_of_a_source_is_registered_under_its_name() -> None:
    assert sorted(connector.kind for connector in CONNECTORS) == sorted(FOLDERS)


@pytest.mark.parametrize("connector", CONNECTORS, ids=named)
def test_a_connector_names_only_settings_and_streams_that_it_has(connector: Connector) -> None:
    fields = connector.settings.model_fields
    assert get_args(fields["kind"].annotation) == (connector.kind,)
    assert set(connector.choices) <= set(fields)
    assert connector.restated <= {stream.name for stream in connector.streams}
    assert [name for name, field in fields.items() if not field.description] == []


@pytest.mark.parametrize(("connector", "stream"), STREAMS, ids=named)
def test_the_sql_of_a_stream_reads_only_fields_that_its_record_declares(
    connector: Connector, stream: Stream, tmp_path: Path
) -> None:
    account = Account("acme", connector.kind, "shop", "", "")
    fields = ", ".join(f'null::{kind} as "{name}"' for name, kind in stream.record.items())
    fields += ", '' as landing_part, '' as landed_until"
    with Staging(tmp_path / "staging.duckdb") as staging:
        staging.prepare(connector.kind, connector.streams)
        staging.db.execute(f"create temp view record as select {fields} limit 0")
        staging.db.execute("create temp table covered (first date, last date)")
        assert Merge(staging.db, account, stream, "run").run() == (0, 0)


@pytest.mark.parametrize("connector", CONNECTORS, ids=named)
def test_a_stream_names_key_parent_version_and_slice_among_its_columns(connector: Connector) -> None:
    for stream in connector.streams:
        for table in stream.tables:
            columns = {column.name for column in table.columns}
            named = {*table.key, *table.history, table.parent, table.version, table.slice} - {None}
            assert named <= columns, f"{connector.kind}.{table.name}"
            assert table.slice in (None, table.key[0]), f"{connector.kind}.{table.name}: the slice is first in the key"
