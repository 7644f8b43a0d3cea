"""Annotations of a chart of days: what a tenant's own file and the alert rules that fire say about these days.

A chart whose parameters say `annotated` gets them beside its rows. They are read for each answer, from the published
file of the login and for one tenant, so they are in no cache. annotations.js draws them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import builds
import duckdb
import grain
import pandas as pd

LAYER = "takings"
"""Where the answer of a query holds them, among Superset's own layers of annotations."""
ONE_DAY = timedelta(days=1)
MOST = 200
SQL = (
    "SELECT first_day, last_day, kind, title FROM marts.annotations "
    f"WHERE tenant_id = ? AND last_day >= ? AND first_day <= ? ORDER BY first_day, last_day, title LIMIT {MOST}"
)


def install(own_file: Callable[[], Path], own_tenant: Callable[[], str | None]) -> None:
    """Add annotations to the answers of charts that have them, once for this process.

    own_file: the file that the user reads; own_tenant: the tenant of the login, None where it sees several.
    """
    from superset.common.query_context_processor import QueryContextProcessor as Processor  # noqa: PLC0415

    usual = Processor.get_df_payload

    def with_annotations(self: Any, query_obj: Any, force_cached: bool | None = False) -> dict[str, Any]:
        answer: dict[str, Any] = usual(self, query_obj, force_cached)
        if query_obj and (self._query_context.form_data or {}).get("annotated"):
            tenant, points = own_tenant() or _chosen_tenant(query_obj), _points(query_obj, answer["df"])
            records = list(_records(own_file(), tenant, points, query_obj)) if tenant and points else []
            answer["annotation_data"] = {**(answer["annotation_data"] or {}), LAYER: {"records": records}}
        return answer

    Processor.get_df_payload = with_annotations


def _chosen_tenant(query: Any) -> str | None:
    """The one tenant that an administrator has chosen by a filter."""
    values = [item.get("val") for item in query.filter or [] if item.get("col") == "tenant_id"]
    names = {str(name) for value in values for name in (value if isinstance(value, list) else [value])}
    return names.pop() if len(names) == 1 else None


def _points(query: Any, df: Any) -> list[date]:
    """The days on the chart's axis, in order."""
    from superset.utils.core import get_base_axis_labels  # noqa: PLC0415 (Superset imports this module)

    axis = next((name for name in get_base_axis_labels(query.columns) if name in df), None)
    if axis is None or not pd.api.types.is_datetime64_any_dtype(df[axis]):
        return []
    return sorted({value.date() for value in df[axis].dropna()})


def _records(file: Path, tenant: str, points: Sequence[date], query: Any) -> Iterator[dict[str, Any]]:
    """What happened in the query's days: its place on the axis and the points that it belongs to (milliseconds UTC)."""
    ends = points[0], points[-1] + _step(points, query) - ONE_DAY
    since = max(ends[0], query.from_dttm.date()) if query.from_dttm else ends[0]
    until = min(ends[1], (query.to_dttm - timedelta(microseconds=1)).date()) if query.to_dttm else ends[1]
    for first, last, kind, title in _rows(file, tenant, since, until):
        begin, end = max(first, since), min(last, until)
        yield {
            "from": _milliseconds(min(max(begin, points[0]), points[-1])),
            "to": _milliseconds(min(end, points[-1])),
            "points": [_milliseconds(points[max(bisect_right(points, day) - 1, 0)]) for day in (begin, end)],
            "kind": kind,
            "title": title,
            "days": grain.span(first, last),
        }


def _step(points: Sequence[date], query: Any) -> timedelta:
    """The days of the last point: of its month, else the smallest distance of two points."""
    grains = [item.get("timeGrain") for item in query.columns if isinstance(item, dict)]
    if "P1M" in grains:
        return (points[-1].replace(day=1) + timedelta(days=32)).replace(day=1) - points[-1]
    return min((after - before for before, after in pairwise(points)), default=ONE_DAY)


def _rows(file: Path, tenant: str, since: date, until: date) -> list[tuple[date, date, str, str]]:
    try:
        return builds.cursor(file).execute(SQL, [tenant, since, until]).fetchall()
    except duckdb.CatalogException:
        return []  # a build of an older version has no such table


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
