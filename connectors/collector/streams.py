"""The one stream of a collector, and the tables that it becomes: events as in `files`, and records of the contracts.

It is one stream so that what a request brought is loaded in one transaction, with how far each file has been read.
"""

from __future__ import annotations

from dataclasses import replace

from connectors import contracts
from connectors.base import Column, Stream, Table
from connectors.contracts import Contract
from connectors.contracts.tables import columns_of
from connectors.files.streams import EVENTS
from connectors.files.streams.events import FIELDS

CONTRACTS = {contract.name: contract for contract in contracts.CONTRACTS}
LISTS = (EVENTS.name, *CONTRACTS)
"""The lists of a request."""
RECEIVED = Column("received_at", "INSTANT", "r.received_at")


def _events() -> Table:
    """The table of the files, without their lines."""
    table = EVENTS.tables[0]
    columns = tuple(replace(column, read=column.read.replace("r.event.", "r.events.")) for column in table.columns)
    return replace(table, where="r.contract = 'events'", place=None, broken=None, columns=columns)


def _records(contract: Contract) -> Table:
    """The table of a contract. Entries without an id of their own are known by the one that was sent with them."""
    own: tuple[Column, ...] = (Column("file", "VARCHAR", "r.file"),)
    if contract.key is None:
        own = (
            Column("file", "VARCHAR", "r.contract"),
            Column("row_hash", "VARCHAR", "r.key"),
            Column("occurrence", "BIGINT", "'1'"),
        )
    return Table(
        name=contract.name,
        key=(contract.key or "row_hash",),
        where=f"r.contract = '{contract.name}'",
        version=contract.version or RECEIVED.name,
        columns=(
            *own,
            *columns_of(contract, f"r.{contract.name}"),
            Column("is_deleted", "BOOLEAN", "'false'"),
            RECEIVED,
        ),
    )


COLLECTED = Stream(
    name="collected",
    query="POST /collect",
    record={
        "contract": "VARCHAR",  # the list that the record was in; null for how far a file has been read
        "file": "VARCHAR",
        "received_at": "VARCHAR",
        "key": "VARCHAR",  # of an entry without an id of its own
        "bytes": "VARCHAR",
        "lines": "VARCHAR",
        "broken": "VARCHAR",
        "events": f"STRUCT({', '.join(f'{name} VARCHAR' for name in FIELDS)})",
        **{
            name: f"STRUCT({', '.join(f'{column} VARCHAR' for column in contract.columns)})"
            for name, contract in CONTRACTS.items()
        },
    },
    tables=(
        Table(  # how far each file has been read: the next pull begins there
            name="collected_files",
            key=("file",),
            where="r.contract is null",
            broken="r.broken",
            columns=(
                Column("file", "VARCHAR", "r.file"),
                Column("bytes", "BIGINT", "r.bytes"),
                Column("lines", "BIGINT", "r.lines"),
            ),
        ),
        _events(),
        *(_records(contract) for contract in CONTRACTS.values()),
    ),
)
STREAMS = (COLLECTED,)
