"""What is read of a folder, and the staging tables that it becomes. Data, no code.

Every landed record is a line of a file as it stood there, with the file and the line; one that cannot be taken says
why. A file's own record comes behind its lines.
"""

from connectors.files.streams.events import EVENTS
from connectors.files.streams.money import CASH_BALANCES, OPERATING_EXPENSES, SHEETS, Sheet

STREAMS = (EVENTS, OPERATING_EXPENSES, CASH_BALANCES)

__all__ = ["CASH_BALANCES", "EVENTS", "OPERATING_EXPENSES", "SHEETS", "STREAMS", "Sheet"]
