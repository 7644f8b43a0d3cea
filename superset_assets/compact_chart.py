"""A chart in Superset's form, back to its decisions: the inverse of chart_form.

    read_chart(form, "net_sales", catalog) → Chart, what decisions cannot express

A decision is written only if the expansion would differ without it. Parameters that the type does not have become
`options`. Whatever still differs after that is returned as (path, in the decisions, in Superset): nothing is dropped.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from semantic.catalog import Catalog
from superset_assets import chart_form, defaults
from superset_assets.decisions import NO_OPTIONS, Chart
from superset_assets.errors import DecisionError
from superset_assets.names import asset_uuid
from superset_assets.sync import differences, normalise

Form = Mapping[str, Any]
Unsupported = list[tuple[str, Any, Any]]
_LOOKUPS = ("temporal_columns_lookup",)  # derived from the dataset by the editor
_OPERATOR_WORDS = {"IS TRUE": True, "IS FALSE": False, "IS NULL": None}


def read_chart(form: Form, name: str, catalog: Catalog, before: Chart | None = None) -> tuple[Chart, Unsupported]:
    """The decisions of a chart in Superset's form. before: the decisions that it was imported with, which stay as they
    are if they still mean the same.

    Raises DecisionError when no type of ours has its visualization type, or when it shows no metric of the catalog.
    """
    known = before if before is not None and before.type == _type(form) else None
    imported = chart_form.expand(name, known, catalog) if known else {"params": {}}
    plain = _readable(form, imported["params"])
    if before is None or plain.get("description") == before.caption:
        plain["description"] = plain["params"].get("subtitle", plain.get("description"))
    if known and not differences(_comparable(imported), _comparable(plain)):
        return known, []
    decisions = _shortest(_decisions(plain, catalog), name, catalog)
    expanded = chart_form.expand(name, _chart(decisions), catalog)
    plain["params"] = _readable(plain, expanded["params"])["params"]
    expected, actual = (_comparable(item)["params"] for item in (expanded, plain))
    options = {key: actual.get(key) for key in sorted(expected | actual) if expected.get(key) != actual.get(key)}
    options = {key: value for key, value in options.items() if key not in NO_OPTIONS and "sqlExp" not in str(value)}
    empty = {"empty": before.empty} if before and before.empty else {}
    chart = _chart(decisions | empty | ({"options": options} if options else {}))
    return chart, differences(_comparable(chart_form.expand(name, chart, catalog)), _comparable(plain))


def _readable(form: Form, expanded: Form) -> dict[str, Any]:
    """A copy without what Superset's editor adds to the parameters, and with those that it drops because it has no
    control for them. expanded: the parameters that the chart was imported with, or that its decisions give."""
    plain: dict[str, Any] = json.loads(json.dumps(form, default=str))
    params = {key: value for key, value in plain["params"].items() if key in expanded or not _added(key, value, plain)}
    dropped = {key: value for key, value in expanded.items() if key not in plain["params"]}
    filters = [_plain_filter(item) for item in params.get("adhoc_filters") or []]
    if expanded and not any(_is_date_filter(item) for item in expanded["adhoc_filters"]):
        filters = [item for item in filters if not _is_date_filter(item)]
    plain["params"] = params | dropped | {"adhoc_filters": filters}
    return plain


def _added(key: str, value: Any, form: Form) -> bool:
    """Whether Superset's editor adds this value to the parameters of a chart that does not set it."""
    if key.startswith("matrixify_"):
        return not form["params"].get("matrixify_enable")
    shared = defaults.load()
    editor = shared.editor | shared.types[_type(form)].editor
    off = value is None or value is False or value == [None, None]
    return off or editor.get(key) == value or key in _LOOKUPS


def _is_date_filter(item: Form) -> bool:
    return item.get("operator") == "TEMPORAL_RANGE" and item.get("comparator") == "No filter"


def _chart(decisions: Form) -> Chart:
    try:
        return Chart.model_validate(decisions)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "decisions"
        raise DecisionError(key, first["msg"].lower(), "Change it in Superset") from error


def _plain_filter(item: Form) -> Form:
    if item.get("expressionType") != "SIMPLE":
        return item
    return {key: item.get(key) for key in ("expressionType", "clause", "subject", "operator", "comparator")}


def _decisions(form: Form, catalog: Catalog) -> dict[str, Any]:
    """Every decision that can be read from the form, needed or not."""
    params = form["params"]
    kind = _type(form)
    known = defaults.load().types[kind]
    horizontal, first = kind == "ranking", (params.get("groupby") or [None])[0]
    metrics = [item for item in params.get("metrics") or [params.get("metric")] if isinstance(item, str)]
    config = {key: value for key, value in (params.get("column_config") or {}).items() if isinstance(value, dict)}
    bands = _bands(params)
    values = {
        "metric": metrics[0] if len(metrics) == 1 else None,
        "metrics": metrics if len(metrics) > 1 else None,
        "dataset": _dataset(form, catalog),
        "by": _groups(kind, params),
        "rows": params.get("groupbyRows"),
        "columns": params.get("all_columns") or params.get("groupbyColumns"),
        "newest": (params.get("x_axis") if kind == "progress" else first) if params.get("row_limit") == 1 else None,
        "sort": params.get("x_axis_sort") if horizontal else params.get("timeseries_limit_metric"),
        "change": next((value["changeOf"] for value in config.values() if "changeOf" in value), None),
        "hours": params.get("x_axis") if params.get("time_grain_sqla") == "PT1H" else None,
        "annotated": bool(params.get("annotated")),
        "latest": _is_latest(form, catalog),
        "stacked": params.get("stack") == "Stack",
        "bands": bands,
        "shaded": any(rule.get("operator") == "None" for rule in params.get("conditional_formatting") or []),
        "labels": {key: value["customColumnName"] for key, value in config.items() if "customColumnName" in value},
        "hidden": [key for key, value in config.items() if value.get("visible") is False],
        "bars": [item for item in metrics if config.get(item, {}).get("showCellBars") is not False]
        if params.get("show_cell_bars") else None,
        "format": params.get(known.number.parameter) if known.number else None,
        "limit": params.get("row_limit"),
    }  # fmt: skip
    decisions = {
        "type": kind,
        "title": form["slice_name"],
        "caption": params.get("subtitle") or form.get("description") or "",
        **{key: value for key, value in values.items() if key in known.decisions and value},
    }
    filters = _filters(params["adhoc_filters"])
    return decisions | ({"filters": filters} if filters else {})


def _groups(kind: str, params: Form) -> Any:
    """The columns that the chart groups by, those on its axis first."""
    on_the_axis = kind in ("ranking", "groups", "waterfall")
    groups = params.get("groupby") or []
    return [params.get("x_axis"), *groups] if on_the_axis else groups


def _type(form: Form) -> str:
    viz_type, params = form["viz_type"], form["params"]
    if viz_type == "echarts_timeseries_bar":
        if params.get("row_limit") == 1:
            return "progress"
        if params.get("orientation") == "horizontal":
            return "ranking"
        return "bar" if params.get("time_grain_sqla") else "groups"
    if viz_type == "table":
        return "records" if params.get("query_mode") == "raw" else "table"
    for name, item in defaults.load().types.items():
        if item.viz_type == viz_type:
            return name
    raise DecisionError("type", f"{viz_type} is no type of chart in defaults.yaml", "Use another type, or add it there")


def _dataset(form: Form, catalog: Catalog) -> str | None:
    return next((mart for mart in catalog.marts if asset_uuid("datasets", mart) == str(form.get("dataset_uuid"))), None)


def _is_latest(form: Form, catalog: Catalog) -> bool:
    """Whether a chart of a mart of days does not follow the dashboard's."""
    mart = catalog.marts.get(_dataset(form, catalog) or "")
    has_days = mart is not None and mart.time_grain == "day" and not mart.current
    return has_days and not any(map(_is_date_filter, form["params"]["adhoc_filters"]))


def _bands(params: Form) -> dict[str, Any] | None:
    palette = list(defaults.load().palette.meanings)
    try:
        ends = [json.loads(part) for part in params["intervals"].split(",")]
        colours = [palette[int(part) - 1] for part in params["interval_color_indices"].split(",")]
    except (KeyError, ValueError, IndexError, AttributeError):
        return None
    return dict(zip(colours, ends, strict=True)) if len(colours) == len(ends) else None


def _filters(items: Iterable[Form]) -> dict[str, Any]:
    filters: dict[str, dict[str, Any]] = {}
    for item in items:
        if item.get("expressionType") == "SIMPLE" and item["operator"] in chart_form.OPERATORS:
            filters.setdefault(item["subject"], {})[item["operator"]] = item["comparator"]
    return {column: _condition(conditions) for column, conditions in filters.items()}


def _condition(conditions: dict[str, Any]) -> Any:
    """A single value, list, truth or absence in its short form."""
    (operator, value), *others = conditions.items()
    if others:
        return conditions
    if operator in _OPERATOR_WORDS:
        return _OPERATOR_WORDS[operator]
    return value if operator in {"==", "IN"} else conditions


def _shortest(decisions: dict[str, Any], name: str, catalog: Catalog) -> dict[str, Any]:
    """Without the decisions that change nothing."""
    expected = chart_form.expand(name, _chart(decisions), catalog)
    for key in [key for key in decisions if key not in ("type", "title", "caption")]:
        shorter = {other: value for other, value in decisions.items() if other != key}
        try:
            if chart_form.expand(name, _chart(shorter), catalog) == expected:
                decisions = shorter
        except DecisionError:
            continue
    return decisions


def _comparable(form: Form) -> dict[str, Any]:
    plain = normalise("charts", form)
    for derived in ("query_context", "certification_details"):
        plain.pop(derived, None)
    plain.setdefault("params", {})
    return plain
