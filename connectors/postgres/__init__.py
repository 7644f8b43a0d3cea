"""A PostgreSQL database: tables of an application, such as a chat assistant's, mapped to the record contracts.

settings.py      its table in takings.toml: which table and columns hold the records of which contract
streams.py       its streams
connection.py    a connection to a server by its URI, and what its errors mean
client.py        the connection of one pull: read-only, one snapshot
mapping.py       the mapped columns, checked against the tables that there are, and the SQL that reads them
questions.py     what a pull asks staging
pull.py          what changed since the last pull, page by page, and the rows that are gone

Sync it alone: `takings pull --source postgres`. docs/guides/postgres.md is the guide.
"""

from collections.abc import Iterator

from connectors.base import Account, Pulled
from connectors.connector import Connector
from connectors.postgres.settings import PostgresSettings
from connectors.postgres.streams import STREAMS
from connectors.sync.loop import PullContext


def _pull(context: PullContext, settings: PostgresSettings) -> Iterator[Pulled]:
    from connectors.postgres import pull  # the database's driver is loaded only where an account has a database

    return pull.pull(context, settings)


def _check(account: Account, settings: PostgresSettings) -> None:
    from connectors.postgres import pull

    pull.check(account, settings)


CONNECTOR = Connector(
    kind="postgres",
    title="PostgreSQL",
    settings=PostgresSettings,
    streams=STREAMS,
    pull=_pull,
    check=_check,
    counted="records",
)

__all__ = ["CONNECTOR"]
