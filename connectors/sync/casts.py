"""From the text of a landed record to a typed column, in DuckDB's SQL."""

from __future__ import annotations

from connectors.base import Column, Table

SQL_TYPES = {
    "MONEY": "DECIMAL(24, 6)",
    "MICROS": "BIGINT",
    "DECIMAL": "DECIMAL(38, 12)",
    "INSTANT": "TIMESTAMP",
    "EPOCH": "TIMESTAMP",
}


def sql_type(column: Column) -> str:
    """The type of the staging column."""
    return SQL_TYPES.get(column.type, column.type)


def cast(column: Column) -> str:
    """Its value, null where the text cannot be typed."""
    if column.type == "VARCHAR":
        return column.read
    if column.type == "INSTANT":
        return f"(try_cast({column.read} as timestamptz) at time zone 'UTC')"
    if column.type == "EPOCH":
        return f"make_timestamp(try_cast(regexp_extract({column.read}, '^-?[0-9]{{1,11}}$') as bigint) * 1000000)"
    if column.type == "MICROS":  # decimals, never a float; more than six places would be rounded
        micros = f"try_cast(try_cast({column.read} as decimal(24, 6)) * 1000000 as bigint)"
        return f"case when regexp_full_match({column.read}, '-?[0-9]+(\\.[0-9]{{0,6}}0*)?') then {micros} end"
    typed, condition = f"try_cast({column.read} as {sql_type(column)})", ""
    if column.type in ("MONEY", "DECIMAL"):  # a cast would read 1_000 as 1000
        condition = f"not contains(cast({column.read} as varchar), '_')"
    if column.type == "BIGINT":  # a cast would round 2.5 to 3
        condition = f"regexp_full_match({column.read}, '-?[0-9]+(\\.0+)?')"
    return f"case when {condition} then {typed} end" if condition else typed


def strict_cast(column: Column) -> str:
    """The same, but a text that cannot be typed is an error of the whole statement."""
    if column.type == "VARCHAR":
        return column.read
    if column.type == "INSTANT":  # DuckDB's own error is faster
        return cast(column).replace("try_cast", "cast", 1)
    if column.type == "MONEY":
        typed = f"cast({column.read} as {sql_type(column)})"
        return f"case when contains(cast({column.read} as varchar), '_') then error('{column.name}') else {typed} end"
    return f"case when {column.read} is not null then coalesce({cast(column)}, error('{column.name}')) end"


def read(table: Table, name: str) -> str:
    """How the column of that name is read."""
    return next(column.read for column in table.columns if column.name == name)
