"""What dbt's checks found, in words: the rows that fail, whose they are, and what they add up to.

`Ask` answers SQL as the build's own engine does: the SQL of a check is written for it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb

Ask = Callable[[str], tuple[list[str], list[tuple[Any, ...]]]]
"""The columns and rows of a query."""
SHOWN = 5  # failed checks in a message, and rows of each


def of_duckdb(db: duckdb.DuckDBPyConnection) -> Ask:
    """Ask this connection."""

    def ask(query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        rows = db.sql(query)
        return rows.columns, rows.fetchall()

    return ask


def reason(result: Any, ask: Ask) -> str:
    """What failed and why; for a test, also the first rows that fail."""
    text = f"{result.node.name}: {(result.message or str(result.status)).strip()}"
    if result.node.resource_type != "test" or not result.failures:
        return text
    return "\n    ".join([text, *_shown(ask(f"select * from {_failing(result)} limit {SHOWN}"))])


def rows_by_tenant(result: Any, ask: Ask) -> dict[str, tuple[int, list[str]]]:
    """The failing rows of a test by tenant: their number and the first of them as text.

    Empty where a row names no tenant, and where not a test failed but a model.
    """
    if result.node.resource_type != "test" or not result.failures:
        return {}
    failing = _failing(result)
    columns, _ = ask(f"select * from {failing} limit 0")
    if "tenant_id" not in columns:
        return {}
    _, numbers = ask(f"select tenant_id, count(*) from {failing} group by tenant_id")
    counts: dict[Any, int] = dict(numbers)
    if None in counts:
        return {}
    return {tenant: (count, _shown(ask(_of_tenant(failing, tenant)))) for tenant, count in sorted(counts.items())}


def doubts(rows: dict[str, dict[str, tuple[int, list[str]]]]) -> dict[str, str]:
    """By tenant: each failing test with the number of its rows, and the first of them."""
    texts: dict[str, list[str]] = {}
    for test, tenants in rows.items():
        for tenant, (count, shown) in tenants.items():
            title = f"{test}: {count:,} row{'s' * (count > 1)}"
            texts.setdefault(tenant, []).append("\n    ".join([title, *shown]))
    return {tenant: "\n  ".join(["A check of its data failed.", *lines]) for tenant, lines in texts.items()}


def warning_of(result: Any, ask: Ask) -> str:
    """How many rows a test warns of.

    Where its `meta` names a column of amounts, also what they add up to and why; where it names a column of texts, the
    first of these.
    """
    text, meta = f"{result.node.name}: {result.failures} rows", result.node.config.meta
    if "text" in meta:
        return f"{result.node.name}: {_texts(result, meta['text'], ask)}"
    if "amount" not in meta:
        return text
    keys = "tenant_id, currency, minor_units"
    _, sums = ask(
        f"select {keys}, sum({meta['amount']}) as total from {_failing(result)} group by {keys} order by {keys}, total"
    )
    amounts = [
        f"{Decimal(int(amount)) / minor_units:,.{len(str(minor_units)) - 1}f} {currency} of tenant {tenant}"
        for tenant, currency, minor_units, amount in sums
    ]
    return f"{text}, {' and '.join(amounts)}: {meta['because']}"


def _texts(result: Any, column: str, ask: Ask) -> str:
    """The first texts in a column of a test's rows, and how many more there are."""
    _, rows = ask(f"select distinct {column} from {_failing(result)} order by 1")
    more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return "; ".join([*(text for (text,) in rows[:SHOWN]), *more])


def _failing(result: Any) -> str:
    return f"({result.node.compiled_code}) as failing"


def _of_tenant(failing: str, tenant: str) -> str:
    literal = tenant.replace("'", "''")
    return f"select * from {failing} where tenant_id = '{literal}' limit {SHOWN}"


def _shown(rows: tuple[list[str], list[tuple[Any, ...]]]) -> list[str]:
    """Rows as text, each value with the name of its column."""
    names, values = rows
    return [", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True)) for row in values]
