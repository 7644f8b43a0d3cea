"""Points of a chart over time: days, weeks or months by the length of its range, and what each point holds in words.

A chart asks for the grain `auto`; a query gets a grain of Superset before Superset makes its cache key. What a point
holds depends on the range and on today, so it is added to an answer after the cache.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

AUTO = "auto"
LABELS = {AUTO: "By the length of the range"}
NAMES = {"P1D": "day", "P1W": "week", "P1M": "month"}
DAYS, WEEKS, MONTHLY = NAMES
LONGEST = ((60, DAYS), (180, WEEKS))
"""Up to how many days of a range its points are of which length."""
ONE_DAY = timedelta(days=1)


def by_length(since: datetime | None, until: datetime | None) -> str:
    """The grain of a range, whose end is not included; months where it has no two ends."""
    if since is None or until is None:
        return MONTHLY
    length = -((since - until) // ONE_DAY)  # a part of a day counts as one
    return next((grain for longest, grain in LONGEST if length <= longest), MONTHLY)


@dataclass(frozen=True)
class Points:
    """The points of a query: their grain, and the days of the query, each None where it has no such end."""

    grain: str
    first: date | None
    last: date | None
    today: date

    def describe(self, point: date) -> tuple[str, bool]:
        """The days that a point holds, in words, and whether it is only a part of its day, week or month."""
        begin, end = _whole(self.grain, point)
        first, last = max(begin, self.first or begin), min(end, self.last or self.today)
        length, whole = (last - first).days + 1, (end - begin).days + 1
        if end >= self.today and last >= self.today - ONE_DAY:
            return f"{_words(self.grain, first, last)}, so far", True
        if length < whole:
            return f"{span(first, last)}, {length} of {whole} days", True
        return f"{begin:%B %Y}" if self.grain == MONTHLY else _words(self.grain, first, last), False


def settle(query: dict[str, Any], form: dict[str, Any], since: Any, until: Any, today: date) -> Points | None:
    """Replace `auto` in a query. Returns its points, None for a chart that has a grain of its own: it keeps that one,
    whatever a dashboard chooses, since not every number may be added up."""
    axes = [item for item in query.get("columns") or [] if isinstance(item, dict) and item.get("timeGrain")]
    extras = query.get("extras") or {}
    grains = [*(item["timeGrain"] for item in axes), extras.get("time_grain_sqla")]
    own = AUTO if AUTO in grains else form.get("time_grain_sqla")
    chosen = (form.get("extra_form_data") or {}).get("time_grain_sqla")
    if own == AUTO:
        grain = chosen if chosen in NAMES else by_length(since, until)
    elif own and chosen:
        grain = own
    else:
        return None
    for item in axes:
        item["timeGrain"] = grain
    if extras.get("time_grain_sqla"):
        query["extras"] = {**extras, "time_grain_sqla": grain}
    if own != AUTO:
        return None
    return Points(grain, since and since.date(), until and (until - timedelta(microseconds=1)).date(), today)


def install() -> None:
    """Let Superset know the grain, and add to an answer what its points hold, once for this process."""
    from superset.charts.schemas import ChartDataExtrasSchema  # noqa: PLC0415 (Superset imports this module)
    from superset.common.query_context_processor import QueryContextProcessor as Processor  # noqa: PLC0415

    answer = Processor.get_df_payload

    def with_points(self: Any, query_obj: Any, force_cached: bool | None = False) -> dict[str, Any]:
        payload: dict[str, Any] = answer(self, query_obj, force_cached)
        points: Points | None = getattr(query_obj, "points", None)
        if points:
            payload["points"] = described(points, query_obj, payload, _sums(self._qc_datasource))
        return payload

    Processor.get_df_payload = with_points
    for validator in ChartDataExtrasSchema._declared_fields["time_grain_sqla"].validators:
        validator.choices = [*validator.choices, *LABELS]


def described(points: Points, query: Any, payload: dict[str, Any], sums: set[str]) -> dict[str, Any]:
    """For the browser: the grain, the words of each point by its milliseconds, which points are partial, and the
    columns in which a partial point is less than a whole one would be."""
    from superset.utils.core import get_base_axis_labels, get_metric_names  # noqa: PLC0415

    df = payload["df"]
    axis = next((name for name in get_base_axis_labels(query.columns) if name in df), None)
    values = [] if axis is None else [value for value in df[axis] if hasattr(value, "timestamp")]
    words = {int(value.timestamp() * 1000): points.describe(value.date()) for value in values}
    metrics, labels = get_metric_names(query.metrics), payload["label_map"]
    sums = sums | {_simple_sum(item) for item in query.metrics or []}

    def metric(column: str) -> str | None:
        """The metric of a column, which is named by it, by it and groups, or by the groups of the only one."""
        named = [name for name in [column, *labels.get(column, [])] if name in metrics]
        return named[0] if named else metrics[0] if len(metrics) == 1 else None

    return {
        "grain": points.grain,
        "words": {instant: text for instant, (text, _) in words.items()},
        "partial": [instant for instant, (_, is_partial) in words.items() if is_partial],
        "sums": [name for name in df.columns if name != axis and metric(str(name)) in sums],
    }


def _sums(datasource: Any) -> set[str]:
    """The metrics of our dataset that add up over days."""
    return {item.metric_name for item in getattr(datasource, "metrics", []) if '"sum": true' in (item.extra or "")}


def _simple_sum(metric: Any) -> str:
    """The label of a metric that somebody made of a column, where it adds up."""
    adds_up = isinstance(metric, dict) and metric.get("aggregate") in ("SUM", "COUNT")
    return str(metric.get("label")) if adds_up else ""


def _whole(grain: str, point: date) -> tuple[date, date]:
    """The first and the last day of the day, week or month that begins with a point."""
    if grain == MONTHLY:
        begin = point.replace(day=1)
        return begin, (begin + 31 * ONE_DAY).replace(day=1) - ONE_DAY
    return point, point + (6 if grain == WEEKS else 0) * ONE_DAY


def _words(grain: str, first: date, last: date) -> str:
    return f"{first:%a} {span(first, last)}" if grain == DAYS else span(first, last)


def span(first: date, last: date) -> str:
    """Both days in words, without what they share: 5 – 11 Oct 2026."""
    begin, end = (f"{day.day} {day:%b} {day:%Y}".split() for day in (first, last))
    if begin == end:
        return " ".join(end)
    shared = 3 if begin[2] != end[2] else 2 if begin[1] != end[1] else 1
    return f"{' '.join(begin[:shared])} – {' '.join(end)}"
