"""The streams of a database: one per record contract that a table can be mapped to."""

from __future__ import annotations

from connectors.contracts import CONTRACTS, STORE_PROFILE
from connectors.contracts.tables import keyed_streams

MAPPED = {contract.name: contract for contract in (*CONTRACTS, STORE_PROFILE)}
STREAMS = keyed_streams()
