"""What a pull of an advertiser asks staging."""

from __future__ import annotations

from connectors.sync.reader import Question


def known_shops(table: str) -> Question:
    """The shops in a table of GMV Max, and whether each has rows from $first to $last."""
    return Question(
        f"select store_id, bool_or(date_day between $first and $last) from {table} group by store_id", (table,)
    )
