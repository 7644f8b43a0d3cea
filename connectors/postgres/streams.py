"""The streams of a database: one per contract that a table can be mapped to, those of a folder's CSVs among them."""

from __future__ import annotations

from connectors.contracts import CONTRACTS, STORE_PROFILE
from connectors.contracts.tables import keyed_streams
from connectors.files.streams import SHEETS
from connectors.files.streams.events import CONTRACT as EVENTS

MAPPED = {
    contract.name: contract for contract in (*CONTRACTS, STORE_PROFILE, EVENTS, *(sheet.contract for sheet in SHEETS))
}
STREAMS = keyed_streams(*MAPPED.values())
