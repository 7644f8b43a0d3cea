"""Shopify's Admin GraphQL API over the books."""
