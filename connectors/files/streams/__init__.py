"""The files of a folder, and the staging tables that they become. Data, no code.

Every landed record is a line of a file as it was written, with the file's name and the line's number; one that cannot
be loaded has the reason. After the lines of a file comes a record of the file itself.
"""

from connectors.contracts.tables import file_streams
from connectors.files.streams.events import EVENTS
from connectors.files.streams.sheets import (
    ANNOTATIONS,
    CASH_BALANCES,
    MODEL_PRICES,
    OPERATING_EXPENSES,
    SHEETS,
    Sheet,
)

RECORDS = file_streams()
STREAMS = (EVENTS, OPERATING_EXPENSES, CASH_BALANCES, ANNOTATIONS, MODEL_PRICES, *RECORDS)

__all__ = [
    "ANNOTATIONS",
    "CASH_BALANCES",
    "EVENTS",
    "MODEL_PRICES",
    "OPERATING_EXPENSES",
    "RECORDS",
    "SHEETS",
    "STREAMS",
    "Sheet",
]
