"""A PostgreSQL database: tables of an application, such as a chat assistant's, mapped to the record contracts.

settings.py      its table in takings.toml: which table and columns hold the records of which contract
streams.py       its streams
client.py        the connection: read-only, one snapshot per pull, and what its errors mean
mapping.py       the mapped columns, checked against the tables that there are, and the SQL that reads them
questions.py     what a pull asks staging
pull.py          what changed since the last pull, page by page, and the rows that are gone

Sync it alone: `takings pull --source postgres`. docs/guides/postgres.md is the guide.
"""

from connectors.connector import Connector
from connectors.postgres import pull
from connectors.postgres.settings import PostgresSettings
from connectors.postgres.streams import STREAMS

CONNECTOR = Connector(
    kind="postgres",
    title="PostgreSQL",
    settings=PostgresSettings,
    streams=STREAMS,
    pull=pull.pull,
    check=pull.check,
    counted="records",
)

__all__ = ["CONNECTOR"]
