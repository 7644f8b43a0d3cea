"""The demo world: two made-up shops, simulated day by day from a seed.

shops.py          the two shops: what they sell, to whom, in which taxes and currencies
simulation.py     the days of a shop and its orders; catalogue.py changes its products
checkout.py       the arithmetic of one order
post_purchase.py  what happens to an order afterwards
scenarios.py      SCENARIOS: the special cases. Each occurs early in every shop, then again by its weight

The special cases of an order:
- refunds: late, partial, full, of shipping only or half of it, of an amount without goods, with a restocking fee; a
  refund whose payment fails, fails and is repeated, or stays pending; two refunds of one order; a refund that is
  edited, backdated, or paid as store credit or as a gift card
- exchanges for goods of equal, lower and higher value; a return that is refunded days later
- edits that add or remove lines, lower a price, or do all of it twice
- cancellations with a refund, without one, and of an unpaid order
- payments: authorized, captured, voided, expired, pending, paid late, paid in part, failed first, and an order without
  a financial status
- gift cards that are sold, refunded, or used to pay all or a part; tips, custom lines, free items, duties and fees, an
  order that costs nothing
- discounts of a line, by code, automatic, two on one order, of the full price, of the shipping or a part of it, and a
  discounted order that is refunded
- guests: without an email, with one, with the email of a customer
- point of sale in cash and by card, draft orders, other channels and apps
- the buyer's own currency, also with a refund; imported orders, test orders, deleted orders, an order of 260 lines
"""

from simulator.scenarios.demo.world import demo_world

__all__ = ["demo_world"]
