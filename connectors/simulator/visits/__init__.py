"""What happens on a simulated shop's pages and in its purse beside the orders: visits, events, expenses, balances.

`takings` never sees these books; it reads the files that `write_files` makes of them, and Shopify's report by day.
"""

from connectors.simulator.visits.books import Day, Session, Visits
from connectors.simulator.visits.company import Balance, Expense
from connectors.simulator.visits.crowd import Event
from connectors.simulator.visits.writing import write_files

__all__ = ["Balance", "Day", "Event", "Expense", "Session", "Visits", "write_files"]
