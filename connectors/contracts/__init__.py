"""The record contracts: what a chat assistant and a shop of digital products write, whichever way it comes.

fields.py     a field, its kind, and the rules of a contract
records.py    the contracts: chat_sessions, chat_messages, product_events, vault_costs, event_log, store_profile
currencies.py the currencies that an amount may have
values.py     one value of a field as the text that is loaded, or why it cannot be loaded
reading.py    one record: from JSON, or from the texts of a CSV, a Parquet file or a database
tables.py     the streams and staging tables, the same columns in the schemas `files`, `postgres` and `collector`

No source of its own: the sources files, postgres and collector read their records with it.
"""

from connectors.contracts.fields import Contract, Field, Kind
from connectors.contracts.reading import RecordReader, Rejected, Row
from connectors.contracts.records import (
    CHAT_MESSAGES,
    CHAT_SESSIONS,
    CONTRACTS,
    EVENT_LOG,
    PRODUCT_EVENTS,
    STORE_PROFILE,
    VAULT_COSTS,
)

__all__ = [
    "CHAT_MESSAGES",
    "CHAT_SESSIONS",
    "CONTRACTS",
    "EVENT_LOG",
    "PRODUCT_EVENTS",
    "STORE_PROFILE",
    "VAULT_COSTS",
    "Contract",
    "Field",
    "Kind",
    "RecordReader",
    "Rejected",
    "Row",
]
