"""A creator who sells digital products from vaults that an AI fills: visits, carts, purchases, refunds.

world.py         the creator Lumen Studio
catalogue.py     vaults, products and their prices; languages, countries, styles, versions
books.py         the truth: visits, purchases and refunds with their true instants, and the rows of the log
costs.py         what the vaults cost
days.py          one day after another, each from a random stream of its own; the special cases

Takings never reads these books. It reads the event log and the costs that ``apis.event_log`` writes from them.

The special cases, by the last digit of the day's number since the first day (SPECIAL_CASES in days.py):
- 1: two equal purchases in the same second: two equal rows
- 2: a refund that the log has twice: ``refund`` of the purchase becomes true, and a row of stage refund follows
- 3: a refund as a row of its own, three to eight weeks after the sale
- 4: a refund that only ``refund`` of the purchase shows
- 5: a refund row whose purchase is older than the log
- 6: a refund more than a year after the sale
- 7: a second product in the same visit
- 8: a customer who bought before and is logged as first_time
- 9: a failed generation, a failed delivery and a refund
- 0: a refund of a part of the price
- a day of a clock change: a visit and a purchase at the same local time before and after the change, where that time
  occurs twice; a visit across the change, where an hour is missing
- the first and the last second of a month: a purchase
- 2025-06-19: the sample entry of the log's description
"""

from simulator.scenarios.creator.books import Creator, Entry, LogRow, Purchase, Refund, Visit
from simulator.scenarios.creator.costs import Cost
from simulator.scenarios.creator.world import creator

__all__ = ["Cost", "Creator", "Entry", "LogRow", "Purchase", "Refund", "Visit", "creator"]
