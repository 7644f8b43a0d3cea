"""A folder of files: events as JSON lines, operating expenses and cash balances as CSV.

reading.py   a file's lines, packed or not, and where it breaks off
judgement.py whether a line can be taken: an event, or a row of money
streams/     what is read, and the tables it becomes
pull.py      the order of it all: check the folder, land, load, remember what was read

The data's way: events/*.jsonl(.gz), operating_expenses.csv, cash_balances.csv -> landing zone -> schema `files` of the
staging file. `takings pull` runs it alone. docs/guides/files.md says what the files look like.
"""

from connectors.connector import Connector
from connectors.files import pull
from connectors.files.settings import FilesSettings
from connectors.files.streams import STREAMS

CONNECTOR = Connector(
    kind="files",
    settings=FilesSettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="events",
)

__all__ = ["CONNECTOR"]
