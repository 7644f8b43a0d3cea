"""The streams and staging tables of the contracts. Each schema that has them has the same columns.

A landed record is `{"kind": "row", "file": …, "line": …, "row": {column: text}}`, or one that cannot be loaded:
`{"kind": "row", "file": …, "line": …, "broken": reason, "key": …, "record": as it came}`. `file` is where it came from:
a file's name, a database's table, a journal of the collector.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.base import Column, Stream, Table
from connectors.contracts.fields import Contract
from connectors.contracts.records import CONTRACTS

IDENTITY = ("row_hash", "occurrence")
"""What tells rows of one file apart that have no id: their content, and which of several equal rows it is."""


def columns_of(contract: Contract, of: str = "r.row") -> tuple[Column, ...]:
    """The contract's columns, read from a landed row."""
    return tuple(Column(name, kind, f"{of}.{name}") for name, kind in contract.columns.items())


def record_of(contract: Contract) -> dict[str, str]:
    """The shape of a landed record."""
    fields = ", ".join(f"{name} VARCHAR" for name in contract.columns)
    return {
        "kind": "VARCHAR",  # row; file for the file itself; deleted for a row, ended for a reject whose row is gone
        "file": "VARCHAR",
        "line": "VARCHAR",
        "broken": "VARCHAR",
        "key": "VARCHAR",
        "row": f"STRUCT({fields})",
    }


def keyed_streams(*contracts: Contract) -> tuple[Stream, ...]:
    """The streams of a source whose every record has a key of its own: a database, the collector.

    A record with `kind` deleted and the `key` of a row marks it as deleted at the source, one with `kind` ended has the
    name of a reject whose row is gone. A row of a contract without ids is known by `file` and `key`. What was read last
    counts, whatever `updated_at` says: a local time goes back when summer time ends.
    """
    return tuple(_keyed_stream(contract) for contract in contracts)


def _keyed_stream(contract: Contract) -> Stream:
    if contract.key is None:
        key: tuple[str, ...] = ("file", "row_hash")
        own: tuple[Column, ...] = (Column("row_hash", "VARCHAR", "r.key"), Column("occurrence", "BIGINT", "'1'"))
        columns = columns_of(contract)
    else:
        key, own = (contract.key,), ()
        columns = tuple(
            Column(
                column.name,
                column.type,
                f"coalesce(r.key, {column.read})" if column.name == contract.key else column.read,
            )
            for column in columns_of(contract)
        )
    return Stream(
        name=contract.name,
        query=contract.name,
        record=record_of(contract),
        cursor=contract.version,
        tables=(
            Table(
                name=contract.name,
                key=key,
                where="r.kind in ('row', 'deleted')",
                broken="r.broken",
                ended="case when r.kind = 'ended' then r.key end",
                columns=(
                    Column("file", "VARCHAR", "r.file"),
                    *own,
                    *columns,
                    Column("is_deleted", "BOOLEAN", "(r.kind = 'deleted')"),
                ),
            ),
        ),
    )


def file_streams() -> tuple[Stream, ...]:
    """The streams of files: a file that comes again replaces the rows that it brought."""
    return tuple(_file_stream(contract) for contract in CONTRACTS)


def _file_stream(contract: Contract) -> Stream:
    rows = "record as r"
    own: tuple[Column, ...] = ()
    if contract.key is None:
        own = (Column("row_hash", "VARCHAR", "r.row_hash"), Column("occurrence", "BIGINT", "'1'"))
        rows = _hashed(contract)
    return Stream(
        name=contract.name,
        query=f"{contract.name}.csv, .jsonl(.gz), .parquet",
        record=record_of(contract) | dict.fromkeys(("size", "modified", "again_at", "read_as"), "VARCHAR"),
        tables=(
            Table(  # what has been read: a file of the same size and time, to be read as then, is not opened again
                name=f"{contract.name}_files",
                key=("file",),
                where="r.kind = 'file'",
                columns=(
                    Column("file", "VARCHAR", "r.file"),
                    Column("size", "BIGINT", "r.size"),
                    Column("modified", "BIGINT", "r.modified"),  # nanoseconds since 1970
                    Column("again_at", "BIGINT", "r.again_at"),  # seconds since 1970: future times may be right then
                    Column("read_as", "VARCHAR", "r.read_as"),  # the zone of local times, and whether with texts
                ),
            ),
            Table(
                name=contract.name,
                key=("file", contract.key) if contract.key else ("file", *IDENTITY),
                where="r.kind = 'row'",
                parent="file",
                apart=True,
                numbered=None if contract.key else "occurrence",
                version=contract.version,
                place=("r.file", "r.line"),
                broken="r.broken",
                source=rows,
                columns=(Column("file", "VARCHAR", "r.file"), *own, *columns_of(contract)),
            ),
        ),
    )


def content_hash(texts: Sequence[str]) -> str:
    """SQL for the hash of a row's content; `texts` are the SQL of its columns as texts, in their order.

    The texts with the character 31 between them, none for null: `concat` is quicker than `concat_ws`.
    """
    return f"md5(concat({', chr(31), '.join(texts)}))"


def _hashed(contract: Contract) -> str:
    """SQL for the landed records with the hash of a row's content."""
    content = content_hash([f"row.{name}" for name in contract.columns])
    return f"(select *, case when broken is null then {content} end as row_hash from record) as r"
