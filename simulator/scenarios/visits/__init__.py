"""What happens on a simulated shop's pages and in its purse beside the orders: visits, events, expenses, balances.

`takings` never sees these books; it reads the files that `write_files` makes of them, and Shopify's report by day.
"""

from simulator.scenarios.visits.books import DailyVisits, Session, Visits
from simulator.scenarios.visits.expenses import Balance, Expense
from simulator.scenarios.visits.visitors import Event

__all__ = ["Balance", "DailyVisits", "Event", "Expense", "Session", "Visits"]
