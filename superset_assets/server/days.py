"""Days of a chart's query: the shop's today, whole days, and the earlier days that a period is compared with.

Superset evaluates a relative range by the server's clock and compares with a range of the same length. Here today is
the tenant's, a range that began before today ends with yesterday, and the earlier days are those of common/comparison.
A query gets fixed days before Superset makes its cache key, so that no answer outlives the day it was asked on.
"""

import copy
import json
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import grain
import pandas as pd
from marshmallow import fields

# Of the project, Superset's process sees the folder of modules that depend on nothing.
_COMMON = ModuleType("common")
_COMMON.__path__ = [str(Path(__file__).resolve().parents[2] / "common")]
sys.modules["common"] = _COMMON

from common.comparison import ONE_DAY, Comparison, of_days, of_unit  # noqa: E402

EARLIER = "Earlier period"
"""The offset of charts that show the comparison chosen on the dashboard; lines are called so."""
KINDS = {EARLIER: "prior", "inherit": "prior", "1 year ago": "year"}
GRAINS = {"P1D": "day", "P1W": "week", "P1M": "month", "P3M": "quarter", "P1Y": "year"}
_TODAY = r"DATETIME\([\"']today[\"']\)"
_UNITS = (
    (re.compile(rf"DATETRUNC\({_TODAY}, (month|quarter|year)\) : "), None),  # it runs
    (re.compile(rf"DATEADD\({_TODAY}, -\d+, day\) : "), "day"),  # so many days, also where these are a month
)
_WORDS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_today: ContextVar[date | None] = ContextVar("today", default=None)


@dataclass(frozen=True)
class Range:
    """The days of a query, and the unit that they are made of. `until` is not included, as in Superset."""

    since: datetime | None
    until: datetime | None
    unit: str | None

    def text(self) -> str:
        """Superset's notation, with fixed days."""
        return " : ".join("" if end is None else end.isoformat() for end in (self.since, self.until))

    def compared(self, kind: str, today: date) -> Comparison | None:
        """The range and the earlier days; None where it has no two ends or no day of it is over."""
        if self.since is None or self.until is None or self.since >= self.until:
            return None
        days = self.since.date(), (self.until - timedelta(microseconds=1)).date()
        return of_unit(days, self.unit, kind, today) if self.unit else of_days(days, kind, today)


@dataclass(frozen=True)
class Calendars:
    """The tenants' calendars of a published build (build.json), and the tenant of the login that asks."""

    build: Callable[[], Path]
    own_tenant: Callable[[], str | None]

    def today(self, tenant: str | None = None) -> date:
        """The newest day of which the build can know something: today in the tenant's time zone, or the day on which
        its sources were last read. A login's own tenant takes precedence; without any, the first one counts."""
        known = _calendars(self.build())
        calendar = known.get(self.own_tenant() or tenant or "") or next(iter(known.values()), {"time_zone": "UTC"})
        now, as_of = datetime.now(UTC), calendar.get("as_of")
        instant = min(now, datetime.fromisoformat(as_of).replace(tzinfo=UTC)) if as_of else now
        return instant.astimezone(ZoneInfo(calendar["time_zone"])).date()

    def of_query(self, query: dict[str, Any]) -> date:
        """Today for a query: an administrator chooses the tenant by a filter."""
        chosen = [item.get("val") for item in query.get("filters") or [] if item.get("col") == "tenant_id"]
        names = chosen[0] if chosen and isinstance(chosen[0], list) else chosen
        return self.today(str(names[0]) if names else None)


@lru_cache(maxsize=4)
def _calendars(build: Path) -> dict[str, dict[str, str]]:
    try:
        return dict(json.loads((build / "build.json").read_text()).get("calendars", {}))
    except FileNotFoundError:
        return {}


def resolve(text: str, today: date) -> Range:
    """The days of a range in Superset's notation. A range that began before today ends with yesterday.

    Raises ValueError, and Superset's errors, for a text that is no range.
    """
    return _resolved.__wrapped__(text, today) if "now" in text.lower() else _resolved(text, today)


@lru_cache(maxsize=512)
def _resolved(text: str, today: date) -> Range:
    from superset.utils.date_parser import get_since_until  # noqa: PLC0415 (Superset imports this module)

    token = _today.set(today)
    try:
        since, until = get_since_until(time_range=text)
    finally:
        _today.reset(token)
    midnight = datetime.combine(today, time())
    began = since is None or since < midnight
    if (since or until) and began and (until is None or until > midnight):
        until = midnight
    unit = next(((name or match[1]) for pattern, name in _UNITS if (match := pattern.match(text))), None)
    return Range(since, until, unit)


def evaluate_today(usual: Callable[[], date]) -> None:
    """Superset's `today`, `yesterday` and `tomorrow` are those of `resolve`, elsewhere they follow from `usual`."""
    from superset.utils import date_parser  # noqa: PLC0415 (Superset imports this module)

    parse = date_parser.parse_human_datetime

    def parse_in_zone(text: str) -> datetime:
        word = text.strip().lower()
        if word not in _WORDS:
            return parse(text)  # type: ignore[no-any-return]
        return datetime.combine((_today.get() or usual()) + _WORDS[word] * ONE_DAY, time())

    date_parser.parse_human_datetime = parse_in_zone


def time_range(query: dict[str, Any]) -> str | None:
    """The range of a chart's query: its own, else that of its first filter by days."""
    ranges = [item.get("val") for item in query.get("filters") or [] if item.get("op") == "TEMPORAL_RANGE"]
    text = query.get("time_range") or next(iter(ranges), None)
    return text if isinstance(text, str) else None


def install(calendars: Calendars) -> None:
    """Change Superset's evaluation of ranges and comparisons, once for this process."""
    from superset.charts.schemas import ChartDataQueryObjectSchema  # noqa: PLC0415 (Superset imports this module)
    from superset.common.chart_data import ChartDataResultFormat  # noqa: PLC0415
    from superset.common.query_context_factory import QueryContextFactory  # noqa: PLC0415
    from superset.common.query_object import QueryObject  # noqa: PLC0415
    from superset.models.helpers import ExploreMixin  # noqa: PLC0415
    from superset.views import api  # noqa: PLC0415

    create, beside = QueryContextFactory.create, ExploreMixin.processing_time_offsets
    key, processed = QueryObject.cache_key, QueryObject.exec_post_processing

    def create_with_days(self: Any, *, queries: list[dict[str, Any]], **rest: Any) -> Any:
        form = rest.get("form_data") or {}
        is_card = form.get("viz_type") == "pop_kpi" and rest.get("result_format") in (None, ChartDataResultFormat.JSON)
        fixed = [_fixed(query, form, calendars.of_query(query)) for query in queries]
        context = create(self, queries=[query for query, *_ in fixed], **rest)
        for query, (_, compared, points) in zip(context.queries, fixed, strict=True):
            query.compared, query.is_card, query.changes = compared, is_card, _changes(form)
            query.points = points
        return context

    def key_with_comparison(self: Any, **extra: Any) -> str:
        shown = [str(getattr(self, name, None)) for name in ("compared", "is_card", "changes")]
        return str(key(self, **extra, shown=shown))

    def offsets(self: Any, df: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        own = [offset for offset in query.time_offsets if offset in KINDS]
        return _compared(self, df, query, own) if own else beside(self, df, query, *arguments, **options)

    def without_empty_lines(self: Any, df: Any) -> Any:
        shown = processed(self, df)
        empty = [name for name in shown.columns if EARLIER in str(name) and shown[name].isna().all()]
        return shown.drop(columns=empty) if self.post_processing and empty else shown

    evaluate_today(calendars.today)
    api.get_since_until = lambda time_range, time_shift=None: _ends(resolve(time_range, calendars.today()))
    QueryContextFactory.create = create_with_days
    QueryObject.cache_key = key_with_comparison
    QueryObject.exec_post_processing = without_empty_lines
    ExploreMixin.processing_time_offsets = offsets
    ChartDataQueryObjectSchema._declared_fields["time_offsets"] = _Offsets(allow_none=True)


def remembered_by_browsers(response: Any) -> Any:
    """Each card asks for the same days: a browser need not send the question again within half a minute."""
    from flask import request  # noqa: PLC0415

    if request.path == "/api/v1/time_range/" and response.status_code == HTTPStatus.OK:
        response.headers["Cache-Control"] = "private, max-age=30"
    return response


class _Offsets(fields.List):  # type: ignore[misc]
    """Names of offsets. Superset's table sends the list of the dashboard as one name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.String(), **options)

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        parts = value if isinstance(value, list) else [value]
        flat = [name for part in parts for name in (part if isinstance(part, list) else [part])]
        return super()._deserialize(flat, *arguments, **options)


_Fixed = tuple[dict[str, Any], Comparison | None, grain.Points | None]


def _ends(days: Range) -> tuple[datetime | None, datetime | None]:
    return days.since, days.until


def _fixed(query: dict[str, Any], form: dict[str, Any], today: date) -> _Fixed:
    """A query with fixed days and a fixed grain, the days that it is compared with, and its points."""
    from superset.commands.chart.exceptions import TimeRangeAmbiguousError, TimeRangeParseFailError  # noqa: PLC0415

    def fixed(text: Any) -> Any:
        return resolve(text, today).text() if isinstance(text, str) and text and text != "No filter" else text

    query = copy.deepcopy(query)
    if not form.get("time_compare"):  # the dashboard's choice is for charts that compare
        query["time_offsets"] = [name for name in query.get("time_offsets") or [] if name not in KINDS]
    if _changes(form) and query.get("metrics"):
        query["time_offsets"] = [EARLIER]
    text, kind = time_range(query), _kind(query, form)
    try:
        shown = resolve(text or "No filter", today)
        compared = shown.compared(kind, today) if kind else None
        if query.get("time_range"):
            query["time_range"] = fixed(query["time_range"])
        for item in query.get("filters") or []:
            if item.get("op") == "TEMPORAL_RANGE":
                item["val"] = fixed(item.get("val"))
    except (ValueError, TimeRangeAmbiguousError, TimeRangeParseFailError):
        return query, None, grain.settle(query, form, None, None, today)  # Superset says what is wrong with it
    return query, compared, grain.settle(query, form, shown.since, shown.until, today)


def _kind(query: dict[str, Any], form: dict[str, Any]) -> str | None:
    """The comparison that the dashboard chooses, else that of the query's offset; None where none is wanted."""
    chosen = (form.get("extra_form_data") or {}).get("time_compare")
    if chosen is None:
        chosen = query.get("time_offsets") or []
    names = chosen if isinstance(chosen, list) else [chosen]
    return next((KINDS[name] for name in names if name in KINDS), None)


def _changes(form: dict[str, Any]) -> dict[str, str]:
    """The columns of a table that hold a change, with the metric of each."""
    columns = form.get("column_config") or {}
    return {name: item["changeOf"] for name, item in columns.items() if isinstance(item, dict) and "changeOf" in item}


def _compared(table: Any, df: Any, query: Any, offsets: list[str]) -> Any:
    """The rows of a query with a column of earlier values per metric and offset, empty where there are none."""
    from superset.models.helpers import CachedTimeOffset  # noqa: PLC0415
    from superset.utils.core import get_metric_names  # noqa: PLC0415

    compared: Comparison | None = getattr(query, "compared", None)
    metrics = get_metric_names(query.metrics)
    keys = [name for name in df.columns if name not in metrics]
    earlier, text = pd.DataFrame(columns=[*keys, *metrics]), []
    if compared:
        result, earlier = _earlier_rows(table, query, compared)
        text = [result]
    for offset in offsets:
        names = {metric: f"{metric}__{offset}" for metric in metrics}
        if keys:
            df = df.merge(earlier.rename(columns=names), how="left", on=keys) if not earlier.empty else df
        for metric, name in names.items():
            if not keys:
                df[name] = earlier[metric].iloc[0] if len(earlier) else None
            elif name not in df:
                df[name] = None
    if changes := getattr(query, "changes", None):
        df = _with_changes(df, changes, compared)
    if getattr(query, "is_card", False):
        df = _card(df, metrics[0], f"{metrics[0]}__{offsets[0]}")
    return CachedTimeOffset(df=df, queries=text, cache_keys=[None] * len(text))


def _earlier_rows(table: Any, query: Any, compared: Comparison) -> tuple[str, Any]:
    """The query's SQL and rows for the earlier days, each at the day that it is compared with. A limit of rows is for
    the days that are shown."""
    from flask import current_app  # noqa: PLC0415
    from superset.exceptions import QueryObjectValidationError  # noqa: PLC0415

    clone = copy.copy(query)
    axis = next(
        (item for item in query.columns if isinstance(item, dict) and item.get("columnType") == "BASE_AXIS"), {}
    )
    unit, column = GRAINS.get(axis.get("timeGrain") or "", "day"), str(axis.get("sqlExpression"))
    first, last = compared.earlier(unit) if axis else compared.before
    until = last + ONE_DAY
    number, step = compared.shift(unit, of_months=column.endswith("_month"))
    steps = table.db_engine_spec.get_time_grain_expressions()
    moved = steps[axis.get("timeGrain")].replace("{col}", f"{column} + INTERVAL '{number}' {step}")
    shifted = {**axis, "sqlExpression": moved, "timeGrain": None, "isColumnReference": False}
    clone.columns = [shifted if item is axis else item for item in query.columns]
    clone.time_offsets, clone.post_processing = [], []
    clone.from_dttm, clone.to_dttm = (datetime.combine(day, time()) for day in (first, until))
    clone.time_range = f"{first} : {until}"
    clone.filter = [
        {**item, "val": clone.time_range} if item.get("op") == "TEMPORAL_RANGE" else item for item in query.filter
    ]
    form = clone.to_dict() | {"row_limit": current_app.config["ROW_LIMIT"], "row_offset": 0}
    result = table.query(form)
    if result.error_message:
        raise QueryObjectValidationError(result.error_message)  # an earlier number that is missing says nothing
    rows = result.df if result.df.empty else table.normalize_df(result.df, clone)
    return result.query, rows


def _with_changes(df: Any, changes: dict[str, str], compared: Comparison | None) -> Any:
    """A table with the change of a metric beside it, empty where the earlier number is unknown, zero or below."""
    for name, metric in changes.items():
        if compared and f"{metric}__{EARLIER}" in df:
            now, earlier = (pd.to_numeric(df[column]).astype(float) for column in (metric, f"{metric}__{EARLIER}"))
            df.insert(df.columns.get_loc(metric) + 1, name, ((now - earlier) / earlier).where(earlier > 0))
    return df[[column for column in df.columns if not str(column).endswith(f"__{EARLIER}")]]


def _card(df: Any, metric: str, earlier: str) -> Any:
    """One number with its change. Superset reads an unknown earlier number as zero, and adds up all columns whose name
    begins alike: the number itself there makes a change of zero, which a dashboard does not show."""
    if df.empty or pd.isna(df[metric].iloc[0]):
        return df.iloc[:0]
    previous = df[earlier].iloc[0]
    if pd.isna(previous):
        df[f"{earlier} (unknown)"] = df[metric]
    elif previous <= 0:
        df[f"{earlier} (no share of it)"] = df[metric] - previous
    return df
