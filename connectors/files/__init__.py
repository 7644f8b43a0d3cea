"""A folder of files: events as JSON lines; operating expenses, cash balances and annotations as CSV.

settings.py      its table in takings.toml
reading.py       a file's lines, compressed or not, and where it breaks off
event_lines.py   what is loaded of an event line, or why nothing is
validation.py    the rows of a CSV, and why one cannot be loaded
streams/         the files and the tables they become
questions.py     what a pull asks staging
pull.py          the order of these steps: check the folder, land, load, remember which files were read

events/*.jsonl(.gz), operating_expenses.csv, cash_balances.csv, annotations.csv -> landing zone -> schema `files` of the
staging file.
`takings pull --source files` syncs it alone. docs/guides/files.md describes the files.
"""

from connectors.connector import Connector
from connectors.files import pull
from connectors.files.settings import FilesSettings
from connectors.files.streams import STREAMS

CONNECTOR = Connector(
    kind="files",
    title="Files",
    settings=FilesSettings,
    streams=STREAMS,
    pull=pull.pull,
    counted="events",
)

__all__ = ["CONNECTOR"]
