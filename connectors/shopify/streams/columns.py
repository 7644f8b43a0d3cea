"""Columns of Shopify's streams: how a value is read from a record."""

from __future__ import annotations

from connectors.base import Column

MONEY = "{ shopMoney { amount currencyCode } }"
BAG = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"


def gid(read: str) -> str:
    """The id behind gid://shopify/<Type>/."""
    return f"split_part({read}, '/', 5)"


def text(name: str, read: str) -> Column:
    return Column(name, "VARCHAR", read)


def identifier(name: str, read: str) -> Column:
    return Column(name, "VARCHAR", gid(read))


def instant(name: str, read: str) -> Column:
    return Column(name, "INSTANT", read)


def money(name: str, read: str) -> Column:
    return Column(name, "MONEY", f"{read}.shopMoney.amount")


def count(name: str, read: str) -> Column:
    return Column(name, "BIGINT", read)


def flag(name: str, read: str) -> Column:
    return Column(name, "BOOLEAN", read)
