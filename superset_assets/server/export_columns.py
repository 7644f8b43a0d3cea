"""Column names and decimal places of a chart's CSV or Excel file: those of the reports that `takings report` writes.

Superset writes the labels of the screen, and sums of money as floats. Here a money column names the currency of its
rows (revenue_usd), and has its decimal places; the names come from the dataset's metrics (superset_assets/datasets.py).
Rows of several currencies have neither.
"""

import copy
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from types import SimpleNamespace
from typing import Any

import pandas as pd
from grain import NAMES

HELPER = re.compile(r"__.* \(.*\)$")
"""A column of a card that only makes its change unknown (days.py)."""
RATIO_PLACES = 6  # as in the reports
TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def install() -> None:
    """Change what Superset writes into a file, once for this process."""
    from superset.common.chart_data import ChartDataResultFormat as Format  # noqa: PLC0415 (Superset imports this)
    from superset.common.query_context_processor import QueryContextProcessor as Processor  # noqa: PLC0415

    usual = Processor.get_data

    def with_names(self: Any, df: Any, coltypes: Any) -> Any:
        names = _names(self._qc_datasource)
        kind = self._query_context.result_format
        if kind not in Format.table_like() or not names:
            return usual(self, df, coltypes)
        money = _currency(self._qc_datasource, self._query_context.queries)
        plain = copy.copy(self)
        plain._qc_datasource = SimpleNamespace(data={})  # no labels of the screen any more
        shown = [number for number, column in enumerate(df.columns) if not HELPER.search(str(column))]
        names |= _steps(self._query_context.queries)
        rows = exported(df.iloc[:, shown], names, money, as_float=kind == Format.XLSX)
        return usual(plain, rows, [coltypes[number] for number in shown])

    Processor.get_data = with_names


def exported(
    df: Any, names: dict[str, dict[str, Any]], money: tuple[str, int] | None, *, as_float: bool = False
) -> Any:
    """A copy of the rows with the names and places of a file. names: `export` and `money` by column or metric; money:
    the currency of the rows with its number of places, None where they have several."""
    df = df.copy()
    for column in df.columns:
        if money and names.get(str(column).partition("__")[0], {}).get("money"):
            df[column] = df[column].map(lambda value: _rounded(value, money[1], as_float)).astype(object)
        elif pd.api.types.is_float_dtype(df[column]):
            df[column] = df[column].round(RATIO_PLACES)
    short = [_name(str(column), names, money) for column in df.columns]
    own = {name: {**of, "export": name} for name, of in names.items()}  # where two would have the same name
    df.columns = [
        _name(str(column), own, money) if short.count(name) > 1 else name
        for column, name in zip(df.columns, short, strict=True)
    ]
    return df


def _name(column: str, names: dict[str, dict[str, Any]], money: tuple[str, int] | None) -> str:
    """`order_revenue` → `revenue_usd`; the part of an earlier period follows."""
    own, _, earlier = column.partition("__")
    if own not in names:
        return column
    of = names[own]
    parts = [of["export"], money[0].lower() if money and of.get("money") else "", re.sub(r"\W+", "_", earlier.lower())]
    return "_".join(part for part in parts if part)


def _rounded(value: Any, places: int, as_float: bool) -> Any:
    if value is None or pd.isna(value):
        return None
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return float(exact) if as_float else exact


def _names(datasource: Any) -> dict[str, dict[str, Any]]:
    """`export` and `money` of the columns and metrics of our dataset that have them; none of another dataset."""
    items = {item.column_name: item for item in getattr(datasource, "columns", [])}
    items |= {item.metric_name: item for item in getattr(datasource, "metrics", [])}
    extras = {name: json.loads(item.extra or "{}") for name, item in items.items()}
    return {name: extra for name, extra in extras.items() if "export" in extra}


def _steps(queries: list[Any]) -> dict[str, dict[str, Any]]:
    """The name of a time column whose rows are weeks or months: each is named by its first day."""
    axes = [item for query in queries if getattr(query, "points", None) for item in query.columns]
    grains = {item["label"]: NAMES.get(item.get("timeGrain")) for item in axes if isinstance(item, dict)}
    return {label: {"export": name} for label, name in grains.items() if name and name != "day"}


def _currency(datasource: Any, queries: list[Any]) -> tuple[str, int] | None:
    """The currency of the rows that the user reads in this dataset, with its number of decimal places."""
    filters = [item for query in queries for item in query.filter or [] if item.get("col") == "tenant_id"]
    values = [value for item in filters for value in (item["val"] if isinstance(item["val"], list) else [item["val"]])]
    columns = {column.column_name for column in datasource.columns}
    if not columns >= {"currency", "minor_units"} or not all(TENANT.fullmatch(str(value)) for value in values):
        return None
    where = f"WHERE tenant_id IN ({', '.join(repr(str(value)) for value in values)})" if values else ""
    sql = f"SELECT DISTINCT currency, minor_units FROM {datasource.schema}.{datasource.table_name} {where} LIMIT 2"
    rows = datasource.database.get_df(sql).dropna()
    if len(rows) != 1:
        return None
    return str(rows.iloc[0, 0]), len(str(int(rows.iloc[0, 1]))) - 1
