"""Models are written in SQL that DuckDB, PostgreSQL and Spark read alike: docs/decisions/0054-portable-sql.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DBT = Path(__file__).parents[2] / "dbt_project"
ENGINES = {"engines.sql", "money_and_time.sql", "materializations.sql", "postgres.sql", "spark.sql"}
"""Macros that write what an engine has in its own way."""
FILES = sorted(path for path in DBT.rglob("*.sql") if path.name not in ENGINES)

FUNCTIONS = {
    "abs", "bool_and", "bool_or", "cast", "chr", "coalesce", "count", "date_trunc", "first_value", "greatest", "lag",
    "lead", "least", "lower", "lpad", "max", "min", "nullif", "regexp_replace", "replace", "round", "row_number",
    "sign", "sqrt", "substr", "substring", "sum", "trim", "upper", "decimal",
}  # fmt: skip
"""Functions, and types with a length, that all three engines have with the same meaning."""
KEYWORDS = {
    "and", "as", "filter", "from", "in", "join", "not", "on", "or", "over", "partition", "using", "values", "when",
    "where",
}  # fmt: skip
REFUSED = {
    "group by all": r"\bgroup\s+by\s+all\b",
    "order by all": r"\border\s+by\s+all\b",
    "qualify": r"\bqualify\b",
    "union by name": r"\bby\s+name\b",
    "a star with exclude, except or replace": r"\*\s*(exclude|except|replace)\b",
    "a join that only DuckDB knows": r"\b(anti|asof|semi|positional)\s+(left\s+)?join\b",
    "a lambda": r"\blambda\b|->",
    "a division written //": r"//",
    "a cast written ::": r"::",
    "an interval without quotes": r"\binterval\s+\d",
    "a type of DuckDB's": r"\b(hugeint|double|text|blob|struct|list|map)\s*[,)\[]",
    "a pivot": r"\b(un)?pivot\b",
    "a descending order that does not place nulls": r"\bdesc\b(?!\s+nulls)",
}


def sql_of(path: Path) -> str:
    """The text without Jinja, comments and the contents of strings."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|--[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}", " jinja ", text, flags=re.DOTALL)
    return re.sub(r"'[^'\n]*'", "''", text).lower()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_model_uses_only_what_all_engines_read(path: Path) -> None:
    sql = sql_of(path)
    assert not [name for name, pattern in REFUSED.items() if re.search(pattern, sql)]
    called = set(re.findall(r"\b([a-z_][a-z_0-9]*)\s*\(", sql))
    ctes = set(re.findall(r"\b([a-z_][a-z_0-9]*)\s+as\s*\(", sql)) | set(re.findall(r"\bas\s+([a-z_]+)\s*\(", sql))
    assert called - FUNCTIONS - KEYWORDS - ctes == set()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("select a, sum(b) from t group by all", "group by all"),
        ("select * exclude (a) from t", "a star with exclude, except or replace"),
        ("select a // 2 from t", "a division written //"),
        ("select a from t asof left join u using (b)", "a join that only DuckDB knows"),
        ("select a from t where b < c + interval 1 month", "an interval without quotes"),
        ("select cast(a as hugeint) from t", "a type of DuckDB's"),
        ("select a from t order by a desc, b", "a descending order that does not place nulls"),
    ],
)
def test_what_only_duckdb_reads_is_refused(statement: str, fault: str) -> None:
    assert [name for name, pattern in REFUSED.items() if re.search(pattern, statement)] == [fault]
