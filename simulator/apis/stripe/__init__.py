"""Stripe's API, version 2026-10-28.endive, over the payments of a world's shops: one account per shop.

Simulated: GET requests for charges, refunds, customers, products, prices, subscriptions and their items, invoices and
their lines, disputes, payouts, coupons, balance transactions, and the events of the last 30 days; restricted keys.
Not simulated: writes, webhooks, search, Connect, expansions other than those that the connector needs.

api.py          HTTP: keys, versions, request ids, faults
request.py      the parameters of a request; paging.py the page of a list
resources.py    lists with their filters, and single objects
serializer.py   Stripe's objects with all their fields
errors.py       error bodies
"""
