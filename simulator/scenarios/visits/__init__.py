"""What happens in a shop apart from its orders: visits, events, expenses, bank balances, annotations.

visitors.py      the events of a day: visits with and without an order, API calls, uses of features
books.py         a shop's visits as of an instant
expenses.py      operating expenses and bank balances
annotations.py   promotions and events as the shop writes them down

Takings never reads these books. It reads the files that ``apis.files`` writes from them, and Shopify's sessions report.

The special cases, by the number of the day since the first one (SCENARIOS in visitors.py):
- 1, 11, 21 …: something is put into the cart and removed again; it counts as added
- 3, 13, 23 …: no session id, two events 29 minutes apart: one visit
- 4, 14, 24 …: no session id, two events 31 minutes apart: two visits
- 5, 15, 25 …: an event is delivered twice
- 6, 16, 26 …: an add-to-cart is delivered two days late
- 45, 165, 285 …: an outage: more than one API call in a hundred fails
- the day of a clock change: a visit across it
"""

from simulator.scenarios.visits.books import DailyVisits, Session, Visits
from simulator.scenarios.visits.expenses import Balance, Expense
from simulator.scenarios.visits.visitors import Event

__all__ = ["Balance", "DailyVisits", "Event", "Expense", "Session", "Visits"]
