"""Files of assets, and the zip that Superset imports.

    semantic catalog ──datasets()──▶ datasets/warehouse/*.yaml (a snapshot in git; `--write` rewrites it)
    databases, datasets, charts, dashboards ──to_zip()──▶ one zip for POST /api/v1/assets/import/

What depends on where or when it runs is filled in here and stands in no file: the database's address, the date
range that a dashboard opens with, the links of its presets, and each chart's query. So is the look that all share.

    python -m superset_assets.bundle <folder of the catalog> [--write]
"""

import argparse
import copy
import io
import json
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semantic import catalog as semantic_catalog
from semantic.catalog import Catalog, Column, Mart, Metric
from semantic.compiler import badge_expression, expression
from superset_assets import ranges, yaml_text
from superset_assets.names import CERTIFIED_BY, DATABASE, SCHEMA, asset_uuid
from superset_assets.queries import query_context

ROOT = Path(__file__).resolve().parent
# Superset's connection hook puts the published file of whoever asks in this place (server/superset_config.py).
DUCKDB_URI = "duckdb:///published-build-of-whoever-asks.duckdb"
CSS = ROOT / "dashboards" / "look.css"  # one look for all dashboards
KINDS = ("databases", "datasets", "charts", "dashboards")
BADGE = "_badge"
LABELS = {
    "as_of": "Data as of (UTC)",
    "published_at": "Published (UTC)",
    "run_id": "Run",
    "display_name": "Customer",
    "product_title": "Product",
    "product_label": "Product",
    "step_label": "Step",
    "date_month": "Month",
    "month_label": "Month",
    "break_even_month": "Break-even",
    "horizon_days": "Days since first order",
    "cohort_month": "First order",
    "month_number": "Months since",
    "date_day": "Day",
}
# Labels that a chart needs and no mart holds; a mart's own column of that name takes its place. Two products may
# share a title: without its SKU beside it they would be one bar. A funnel and a gauge show their group as a text, by
# which they are also sorted.
_MONTH = "SUBSTR(CAST(date_month AS VARCHAR), 1, 7)"
CALCULATED = {
    "product_daily": {
        "product_label": "product_title || ' · ' || COALESCE(NULLIF(SPLIT_PART(skus, ',', 1), ''), product_key)"
    },
    "funnel_daily": {"step_label": "CAST(step_number AS VARCHAR) || ' · ' || step"},
    "mrr_monthly": {"month_label": _MONTH},
    # a big number takes its format from the first column: a text there would make a date of it
    "finance_monthly": {"month_number": f"CAST(REPLACE({_MONTH}, '-', '') AS INTEGER)"},
}
COLOURS = {"green": "#2e9e6b", "yellow": "#d99a00", "red": "#d64545"}
_PRESENTATION = {"money": ",.2f", "count": ",d", "ratio": ".1%"}
Assets = dict[str, dict[str, Any]]


def datasets(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Superset's dataset of each mart by name: every mart with metrics, and `build`, which says how fresh they are."""
    with_metrics = {metric.mart for metric in catalog.metrics.values()}
    wanted = [mart for mart in catalog.marts.values() if mart.name in with_metrics or mart.name == "build_info"]
    return {mart.name: _dataset(catalog, mart) for mart in wanted}


def write_datasets(catalog: Catalog, root: Path = ROOT) -> list[Path]:
    """Rewrite the snapshot of datasets; files of marts that are gone are removed. Returns what changed."""
    folder = root / "datasets" / DATABASE
    wanted = {folder / f"{name}.yaml": yaml_text.dump(content) for name, content in datasets(catalog).items()}
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in changed:
        path.write_text(wanted[path], "utf-8")
    gone = [path for path in folder.glob("*.yaml") if path not in wanted]
    for path in gone:
        path.unlink()
    return changed + gone


def read(root: Path = ROOT) -> Assets:
    """Every asset file by its path below `root`, as it stands in git."""
    paths = sorted(path for kind in KINDS for path in (root / kind).rglob("*.yaml"))
    return {path.relative_to(root).as_posix(): yaml_text.load(path.read_text("utf-8")) for path in paths}


def complete(
    assets: Assets, catalog: Catalog, *, database_uri: str = DUCKDB_URI, default_range: str | None = None
) -> Assets:
    """The assets as Superset gets them: datasets from the catalog, and everything filled in that no file holds.

    default_range: what dashboards open with, as "YYYY-MM-DD : YYYY-MM-DD" (both days shown); without it the last
    thirty calendar days including today. A range that ends in the past also moves the presets to its last day.
    """
    kept = {path: content for path, content in assets.items() if not path.startswith("datasets/")}
    done: Assets = copy.deepcopy(kept)
    for name, dataset in datasets(catalog).items():
        done[f"datasets/{DATABASE}/{name}.yaml"] = dataset
    shown = ranges.expression(default_range)
    values = {
        "default_range": shown,
        "presets": ranges.preset_links(default_range),
        "database_uri": database_uri,
        "css": CSS.read_text("utf-8"),
    }
    by_uuid = {item["uuid"]: item for path, item in done.items() if path.startswith("datasets/")}
    for chart in [item for path, item in done.items() if path.startswith("charts/")]:
        dataset = by_uuid.get(chart["dataset_uuid"], {})
        _colour(chart, catalog)
        chart["query_context"] = json.dumps(query_context(chart["params"], dataset.get("main_dttm_col")))
    for path in [path for path in done if path.startswith(("databases/", "dashboards/"))]:
        done[path] = _fill(done[path], values)
    return done


def to_zip(catalog: Catalog, *, database_uri: str = DUCKDB_URI, default_range: str | None = None) -> bytes:
    """The zip of all assets for `sync.plan` and `sync.apply`: the same input gives the same bytes."""
    return pack(complete(read(), catalog, database_uri=database_uri, default_range=default_range))


def pack(assets: Mapping[str, Mapping[str, Any]]) -> bytes:
    """A zip in the form of Superset's import, with fixed timestamps."""
    metadata = {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted({"metadata.yaml": metadata, **assets}.items()):
            archive.writestr(zipfile.ZipInfo(f"takings/{path}", (2026, 1, 1, 0, 0, 0)), yaml_text.dump(content))
    return buffer.getvalue()


def unpack(data: bytes) -> Assets:
    """The assets of a zip by path without its top folder; the inverse of `pack`, and reads Superset's exports."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".yaml")]
        return {name.split("/", 1)[1]: yaml_text.load(archive.read(name)) for name in names if "metadata" not in name}


def _dataset(catalog: Catalog, mart: Mart) -> dict[str, Any]:
    metrics = [metric for metric in catalog.metrics.values() if metric.mart == mart.name and metric.kind != "other"]
    metrics.sort(key=lambda metric: metric.name)
    written = [_metric(metric, expression(catalog, metric.name)) for metric in metrics]
    for metric in metrics:
        if metric.thresholds:
            written.append(_badge(metric, badge_expression(catalog, metric.name)))
    return {
        "table_name": mart.name,
        "main_dttm_col": mart.time_column,
        "currency_code_column": "currency" if any(column.name == "currency" for column in mart.columns) else None,
        "description": mart.description,
        "cache_timeout": 60,
        "schema": SCHEMA,
        "sql": None,
        "filter_select_enabled": True,
        "extra": {"certification": {"certified_by": CERTIFIED_BY, "details": "Made from semantic/metrics"}},
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "uuid": asset_uuid("datasets", mart.name),
        "metrics": written,
        "columns": [*(_column(mart, column) for column in mart.columns), *_calculated(mart)],
        "version": "1.0.0",
        "database_uuid": asset_uuid("databases", DATABASE),
    }


def _metric(metric: Metric, formula: str) -> dict[str, Any]:
    return {
        "metric_name": metric.name,
        "verbose_name": metric.label,
        "metric_type": None,
        "expression": formula,
        "description": metric.description,
        "d3format": metric.format or _PRESENTATION[metric.unit],
        "currency": None,
        "extra": {},
        "warning_text": None,
    }


def _badge(metric: Metric, formula: str) -> dict[str, Any]:
    limits = dict(metric.thresholds or {})
    return _metric(metric, formula) | {
        "metric_name": metric.name + BADGE,
        "verbose_name": "Badge",
        "description": f"{metric.label}: green up to {limits['green']:.0%}, yellow up to {limits['yellow']:.0%}, "
        "red above, on the unrounded value.",
        "d3format": None,
    }


def _column(mart: Mart, column: Column) -> dict[str, Any]:
    kind = column.type.upper()
    return {
        "column_name": column.name,
        "verbose_name": LABELS.get(column.name) or column.name.replace("_", " ").capitalize(),
        "is_dttm": kind.startswith(("DATE", "TIMESTAMP")),
        "is_active": True,
        "type": kind,
        "advanced_data_type": None,
        "groupby": not column.name.endswith("_minor"),
        "filterable": True,
        "expression": None,
        "description": column.description,
        "python_date_format": None,
        "extra": {},
    }


def _calculated(mart: Mart) -> list[dict[str, Any]]:
    wanted = {name: sql for name, sql in CALCULATED.get(mart.name, {}).items() if not mart.has(name)}
    return [
        _column(mart, Column(name, "varchar", "A label for charts, made of other columns.")) | {"expression": sql}
        for name, sql in wanted.items()
    ]


def _scheme(badge: str) -> dict[str, str]:
    return {"colorScheme": COLOURS[badge]}


def _colour(chart: dict[str, Any], catalog: Catalog) -> None:
    """A big number of a metric with thresholds wears their colours; the thresholds stand with the metric alone."""
    metric = catalog.metrics.get(chart["params"].get("metric", ""))
    if chart["viz_type"] == "big_number_total" and metric and metric.thresholds:
        green, yellow = metric.thresholds["green"], metric.thresholds["yellow"]
        rule = {"column": metric.name, "useGradient": False}
        chart["params"]["conditional_formatting"] = [
            rule | {"operator": "≤", "targetValue": green, **_scheme("green")},
            rule | {"operator": "< x ≤", "targetValueLeft": green, "targetValueRight": yellow, **_scheme("yellow")},
            rule | {"operator": ">", "targetValue": yellow, **_scheme("red")},
        ]


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    """`{{ name }}` in any text, replaced by the value of that name."""
    if isinstance(value, dict):
        return {key: _fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    if isinstance(value, str):
        for name, text in values.items():
            value = value.replace("{{ " + name + " }}", text)
    return value


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="superset_assets.bundle", description="Datasets made from the semantic catalog."
    )
    parser.add_argument("catalog", type=Path, help="folder of catalog.json, or dbt's target folder")
    parser.add_argument("--write", action="store_true", help="rewrite the snapshot instead of comparing with it")
    chosen = parser.parse_args(arguments)
    catalog = semantic_catalog.load(chosen.catalog)
    if chosen.write:
        sys.stdout.writelines(f"wrote {path}\n" for path in write_datasets(catalog))
        return 0
    kept = {path: item for path, item in read().items() if path.startswith("datasets/")}
    wanted = {f"datasets/{DATABASE}/{name}.yaml": item for name, item in datasets(catalog).items()}
    stale = sorted(path for path in kept.keys() | wanted.keys() if kept.get(path) != wanted.get(path))
    sys.stdout.writelines(f"{path} does not match the catalog; rewrite it with --write\n" for path in stale)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
