"""Shopify's own report of a shop's sessions per day, which counts where there is no event feed."""

from __future__ import annotations

from connectors.base import Column, Stream, Table

COLUMNS = {  # Shopify's name: column
    "sessions": "sessions",
    "online_store_visitors": "visitors",
    "sessions_with_cart_additions": "sessions_with_cart",
    "sessions_that_reached_checkout": "sessions_reached_checkout",
    "sessions_that_completed_checkout": "sessions_completed",
}

SESSIONS_TOTALS = Stream(
    name="sessions_totals",
    cursor="day",
    query=f"FROM sessions SHOW {', '.join(COLUMNS)} TIMESERIES day SINCE %(since)s UNTIL %(until)s",
    record={"day": "VARCHAR", **dict.fromkeys(COLUMNS, "VARCHAR")},
    tables=(
        Table(
            name="sessions_totals",
            key=("day",),
            slice="day",
            where="r.sessions <> '0'",  # the report fills up days before the shop's first and after today
            columns=(
                Column("day", "DATE", "r.day"),
                *(Column(column, "BIGINT", f"r.{field}") for field, column in COLUMNS.items()),
            ),
        ),
    ),
)
