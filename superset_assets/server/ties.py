"""A top ten that is always the same: rows of equal value are ordered by what they are grouped by.

Superset 6.1.0 orders by one metric alone: without this the tenth of two equal rows is random.
"""

import functools
import re

import sqlglot

LIMIT_AT_END = re.compile(r"\s+LIMIT \d+\s*$")
QUERIES = 500  # whose text stays known


@functools.lru_cache(QUERIES)
def ordered(sql: str) -> str:
    """The query with the ties of a limited aggregate ordered by its group columns, which Superset selects first."""
    end = LIMIT_AT_END.search(sql)
    if end is None:
        return sql
    try:
        query = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return sql  # the database reports what is wrong
    group = query.args.get("group") if isinstance(query, sqlglot.exp.Select) else None
    if group is None or not group.expressions or query.args.get("order") is None:
        return sql
    positions = ", ".join(str(position + 1) for position in range(len(group.expressions)))
    return f"{sql[: end.start()]}, {positions}{end.group()}"
