"""A small published folder for these tests: marts with the columns of their contracts and made-up rows."""

import functools
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import tenant_files
from semantic.catalog import FORMATS, TIMES, Catalog, Column, Mart, Metric, non_additive_over
from superset_assets import yaml_text
from tests.superset_assets import rows

METRICS = Path(__file__).resolve().parents[2] / "semantic" / "metrics"
SHOP = Path(__file__).with_name("shop.sql").read_text()
TENANTS = {"aurora": "USD", "nordlicht": "EUR"}
CANARIES = {"aurora": "kestrel", "nordlicht": "plover"}  # part of every name in a tenant's rows


@functools.cache
def catalog() -> Catalog:
    """The catalog, read from the YAML itself: no dbt needed."""
    files = [yaml_text.load(path.read_text()) for path in sorted(METRICS.glob("*.yml"))]
    models = [model for file in files for model in file.get("models", []) if "access" not in model.get("config", {})]
    marts, metrics = {}, {}
    for model in models:
        abouts = [(c, c.get("config", {}).get("meta", {})) for c in model["columns"]]
        columns = tuple(
            Column(
                c["name"],
                c["data_type"],
                c["description"],
                about.get("label", ""),
                tuple(about.get("words", {}).items()),
            )
            for c, about in abouts
        )
        dimensions = tuple(c["name"] for c in model["columns"] if c.get("dimension", {}).get("type") == "categorical")
        time = model.get("agg_time_dimension")
        grain = next((c["granularity"] for c in model["columns"] if c["name"] == time), None)
        meta = model.get("config", {}).get("meta", {})
        current = bool(meta.get("current"))
        marts[model["name"]] = Mart(model["name"], model["description"], columns, time, dimensions, grain, (), current)
        default = {"non_additive_over": meta.get("non_additive_over", ())}
        for item in model.get("metrics", []):
            item["config"]["meta"] = default | item["config"]["meta"]
            expr = item.get("expr", item["name"])
            metrics[item["name"]] = _metric(item, model["name"], item["agg"], expr, ())
    composed = {item["name"]: item for file in files for item in file.get("metrics", [])}
    while composed:  # a metric after its inputs
        for name, item in list(composed.items()):
            inputs = tuple(item.get("input_metrics", [])) or (item["numerator"], item["denominator"])
            if all(other in metrics for other in inputs):
                parts = [metrics[other] for other in inputs]
                metrics[name] = _metric(item, parts[0].mart, item["type"], item.get("expr", ""), parts)
                del composed[name]
    return Catalog(metrics, marts)


def _metric(item: dict[str, Any], mart: str, kind: Any, expr: str, parts: Sequence[Metric]) -> Metric:
    meta = item["config"]["meta"]
    times = TIMES.fullmatch(expr)
    names = tuple(part.name for part in parts)
    kind, expr, names = ("ratio", times[1], (times[2], times[3])) if times else (kind, expr, names)
    inherited: tuple[str, ...] = next((part.non_additive_over for part in parts if part.non_additive_over), ())
    lacking = meta.get("unknown_with") or next((part.unknown_with for part in parts if part.unknown_with), "")
    micros = bool(meta.get("micros")) or (meta["unit"] == "money" and any(part.micros for part in parts))
    return Metric(
        item["name"], item["label"], item["description"], meta["unit"], mart, meta.get("thresholds"),
        meta.get("format") or FORMATS[meta["unit"]], kind, expr, names, non_additive_over(meta) or inherited, micros,
        meta.get("good", "none"), item.get("percentile"), lacking,
    )  # fmt: skip


def publish(published: Path, run_id: str, *, days: int = 370, scale: int = 1) -> Path:
    """Write one build of all files and swap `current` to it; every amount is multiplied by `scale`."""
    folder = published / run_id
    folder.mkdir(parents=True)
    for name, tenants in {**{f"tenant-{t}": (t,) for t in TENANTS}, "nobody": ()}.items():
        write(folder / f"{name}.duckdb", tenants, run_id, days=days, scale=scale)
    columns = {mart.name: [column.name for column in mart.columns] for mart in catalog().marts.values()}
    tenant_files.write_views(folder, columns, {f"tenant-{tenant}" for tenant in TENANTS})  # all.duckdb
    link = published / f".{run_id}.link"
    link.symlink_to(run_id)
    os.replace(link, published / "current")  # noqa: PTH105
    return folder


def write(path: Path, tenants: Sequence[str], run_id: str, *, days: int = 370, scale: int = 1) -> None:
    """Write one file with the rows of these tenants."""
    now = datetime.now().isoformat(" ")
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE SCHEMA marts")
        for mart in catalog().marts.values():
            columns = ", ".join(f"{column.name} {column.type}" for column in mart.columns)
            db.execute(f"CREATE TABLE marts.{mart.name} ({columns})")
        for tenant in tenants:
            facts = {
                "now": now,
                "tenant": tenant,
                "currency": TENANTS[tenant],
                "canary": CANARIES[tenant],
                "run_id": run_id,
            }
            db.execute(SHOP.format(days=days, scale=scale, **facts))
            for statement in rows.statements(catalog(), tenant, TENANTS[tenant], CANARIES[tenant]):
                db.execute(statement)
