"""A chart of which no number is known has no rows: it then says in a sentence what is missing, in place of empty axes.

A number is unknown where its source is not connected, and so are the ratios and sums made of it. A line that is unknown
everywhere is left out beside others.
"""

from typing import Any


def install() -> None:
    """Change what Superset draws, once for this process; files hold every column."""
    from superset.common.chart_data import ChartDataResultFormat as Format  # noqa: PLC0415 (Superset imports this module)
    from superset.common.query_context_processor import QueryContextProcessor as Processor  # noqa: PLC0415

    usual = Processor.get_df_payload

    def without_unknown(self: Any, query_obj: Any, force_cached: bool | None = False) -> dict[str, Any]:
        answer: dict[str, Any] = usual(self, query_obj, force_cached)
        if query_obj and query_obj.metrics and self._query_context.result_format == Format.JSON:
            answer["df"] = known(answer["df"], query_obj)
            answer["rowcount"] = len(answer["df"].index)
        return answer

    Processor.get_df_payload = without_unknown


def known(df: Any, query: Any) -> Any:
    """The rows without lines of which no number is known; none where no number of the chart is."""
    from superset.utils.core import get_base_axis_labels  # noqa: PLC0415

    groups = {str(name) for name in query.column_names}
    values = [name for name in df.columns if str(name) not in groups]
    empty = [name for name in values if df[name].isna().all()]
    if not values or len(empty) == len(values):
        return df.iloc[:0]
    return df.drop(columns=empty) if get_base_axis_labels(query.columns) and len(query.metrics) > 1 else df
