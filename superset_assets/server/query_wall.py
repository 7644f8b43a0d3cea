"""The wall before the query engine: a login without SQL Lab asks by names and sends no SQL of its own.

Superset takes SQL expressions in many fields of a chart's query: metrics, columns, filters, order, extras. Its own
check finds sub-queries, but not an expression that ends the select and begins another one, where no row-level rule
holds. So such a login may only name columns and metrics of the dataset, or aggregate a column.

Every query is ended after QUERY_SECONDS, and a user has at most QUERIES_AT_ONCE of them.
"""

import functools
import os
import threading
import time
from typing import Any

import duckdb_engine
import shared
from flask import g, has_request_context
from sqlalchemy import event
from sqlalchemy.pool import Pool
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetErrorException, SupersetSecurityException
from superset.security import SupersetSecurityManager

QUERY_SECONDS = 30.0
QUERIES_AT_ONCE = 6
"""Of the eight threads of each process. A browser sends six requests at once."""
EXTRAS = {"time_grain_sqla", "relative_start", "relative_end"}
PSEUDO_COLUMNS = {"__timestamp"}


def refusal(message: str, status: int) -> SupersetErrorException:
    """An error that Superset shows to the user, in place of a page without a reason."""
    return SupersetErrorException(
        SupersetError(message, SupersetErrorType.GENERIC_BACKEND_ERROR, ErrorLevel.ERROR), status
    )


class SecurityManager(SupersetSecurityManager):  # type: ignore[misc]
    """Superset's own, which also looks into the queries of logins without SQL Lab."""

    def raise_for_access(self, *arguments: Any, **subjects: Any) -> None:
        """Raise SupersetSecurityException where the user may not read the subject, or sends SQL without the right."""
        super().raise_for_access(*arguments, **subjects)
        context = subjects.get("query_context")
        if (context is None and subjects.get("viz") is None) or self._may_write_sql():
            return
        problem = "this kind of chart" if context is None else _expression(context)
        if problem:
            raise SupersetSecurityException(
                SupersetError(
                    f"Your login may not send SQL: {problem}. Use columns and metrics of the dataset by their names.",
                    SupersetErrorType.QUERY_SECURITY_ACCESS_ERROR,
                    ErrorLevel.WARNING,
                )
            )

    def _may_write_sql(self) -> bool:
        return bool(self.is_admin() or self.can_access("can_execute_sql_query", "SQLLab"))


def _expression(context: Any) -> str:
    """The first part of a chart's query that is an expression instead of a name; empty when all are names."""
    columns = {column.column_name for column in context.datasource.columns} | PSEUDO_COLUMNS
    labels = {column.verbose_name for column in context.datasource.columns if column.verbose_name}
    metrics = {metric.metric_name for metric in context.datasource.metrics}
    for query in context.queries:
        fields = list(query.metrics or [])
        names = columns | metrics | {item["label"] for item in fields if isinstance(item, dict) and "label" in item}
        order = [item[0] if isinstance(item, list | tuple) and item else item for item in query.orderby]
        order += [] if query.series_limit_metric is None else [query.series_limit_metric]
        refused = {
            "a column": [item for item in (*query.columns, *query.series_columns) if not _is_column(item, columns)],
            "a metric": [item for item in fields if not _is_metric(item, columns, metrics)],
            "an order": [item for item in order if not _is_metric(item, columns, names)],
            "a filter": [item for item in query.filter if not _is_column(item.get("col"), columns | labels | metrics)],
            "a time column": [item for item in [query.granularity] if item and item not in columns],
            "an extra": [name for name, value in query.extras.items() if value and name not in EXTRAS],
            "an annotation": list(query.annotation_layers),
        }
        for part, items in refused.items():
            if items:
                return part
    return ""


def _is_column(item: Any, columns: set[str]) -> bool:
    """A column by its name; the axis of a chart says so in the form of an expression."""
    if isinstance(item, dict):
        item = item.get("sqlExpression")
    return isinstance(item, str) and item in columns


def _is_metric(item: Any, columns: set[str], metrics: set[str]) -> bool:
    """A metric by its name, or an aggregate of a column."""
    if isinstance(item, dict):
        column = item.get("column") or {}
        return item.get("expressionType") == "SIMPLE" and column.get("column_name") in columns
    return isinstance(item, str) and item in metrics


_open: dict[int, tuple[float, duckdb_engine.ConnectionWrapper]] = {}
"""The open connections of this process: when each was opened, in seconds of the monotonic clock."""
_lock = threading.Lock()


def _interrupt_late_queries() -> None:
    """One thread for all queries: to start one for each of them takes as long as a small query."""
    while True:
        time.sleep(1)
        since = time.monotonic() - QUERY_SECONDS
        with _lock:
            for begin, connection in _open.values():
                if begin < since:
                    connection.interrupt()


@functools.cache
def _watch() -> None:
    threading.Thread(target=_interrupt_late_queries, name="late queries", daemon=True).start()


@event.listens_for(Pool, "connect")
def _begin(connection: Any, record: Any) -> None:
    """Each query has a connection of its own: it is interrupted when its time is over."""
    if not isinstance(connection, duckdb_engine.ConnectionWrapper):
        return
    user = getattr(getattr(g, "user", None), "username", "") if has_request_context() else ""
    slot = shared.begin_query(user, QUERIES_AT_ONCE) if user else None
    if user and slot is None:
        connection.close()
        raise refusal(f"You already run {QUERIES_AT_ONCE} queries. Wait for one of them, then ask again.", 429)
    with _lock:
        _open[id(record)] = time.monotonic(), connection
    record.info["takings"] = slot
    _watch()


@event.listens_for(Pool, "close")
def _end(_connection: Any, record: Any) -> None:
    if "takings" in record.info:
        slot = record.info.pop("takings")
        with _lock:
            del _open[id(record)]
        if slot is not None:
            os.close(slot)
