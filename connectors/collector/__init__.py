"""What pages and programs sent to `POST /collect`: files of the web application -> landing zone -> schema `collector`.

settings.py   its table in takings.toml
streams.py    the stream and the tables that it becomes
records.py    one posted record: what is stored of it, or every reason why nothing is
questions.py  what a pull asks staging
pull.py       land and load what is new, remove files that were read to their end

`takings pull --source collector` syncs it alone. docs/guides/collector.md describes what can be sent.
"""

from connectors.collector import pull
from connectors.collector.settings import CollectorSettings
from connectors.collector.streams import STREAMS
from connectors.connector import Connector

CONNECTOR = Connector(
    kind="collector",
    title="Collector",
    settings=CollectorSettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="records",
    key_is_account=True,
)

__all__ = ["CONNECTOR"]
