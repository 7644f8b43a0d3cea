"""Shopify's Admin GraphQL API, version 2026-10, over the books of a world's shops.

Simulated: orders with their sales agreements and refunds, customers, products, deletion events, bulk operations,
ShopifyQL for daily sales and sessions, search, forward paging, query costs and throttling, access scopes. Not
simulated: mutations other than those of bulk operations, webhooks, REST, paging backwards, searches with OR and NOT.

api.py             HTTP: access tokens, GraphQL requests, bulk files
endpoint.py        one shop: parse and validate a request, charge its cost (cost.py), execute it
resolvers.py       graphql-core's resolvers; query_root.py has the root fields, search.py their searches
schema.graphql     the part of Shopify's schema; fields.py has the getter of each field
*_views.py         orders, lines, refunds, customers, products as the API shows them; agreements.py, daily_sales.py
bulk.py            bulk operations; bulk_query.py checks their queries, serializer.py writes their files
errors.py          GraphQL errors in Shopify's words
"""
