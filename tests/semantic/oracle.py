"""MetricFlow, dbt's own semantic layer, as an oracle for every metric. It shares no code with actual."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from semantic.catalog import Catalog, Metric
from semantic.compiler import compile_query

MINOR_UNITS = {"aurora": 100, "hinode": 1}


class _Renderer:
    """The part of MetricFlow's SQL client that renders the SQL of a question."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()

    def render_bind_parameter_key(self, key: str) -> str:
        return f"${key}"


class Oracle:
    """Asks MetricFlow over the tables of a DuckDB file."""

    def __init__(self, target: Path, warehouse: Path) -> None:
        manifest = parse_manifest_from_dbt_generated_manifest((target / "semantic_manifest.json").read_text())
        self.engine = MetricFlowEngine(SemanticManifestLookup(manifest), _Renderer())  # type: ignore[arg-type]
        models = json.loads((target / "semantic_manifest.json").read_text())["semantic_models"]
        self.entities = {item["node_relation"]["alias"]: item["primary_entity"] for item in models}
        self.connection = duckdb.connect()
        self.connection.execute(f"ATTACH '{warehouse}' AS build (READ_ONLY)")
        self.connection.execute("USE build")

    def answer(self, metric: Metric, grain: str, dimensions: Sequence[str]) -> dict[tuple[Any, ...], Any]:
        """(period, dimensions…) → value, in minor units where it is money."""
        entity = self.entities[metric.mart]
        keys = [f"metric_time__{grain}", *(f"{entity}__{name}" for name in dimensions)]
        request = MetricFlowQueryRequest.create(metric_names=[metric.name], group_by_names=keys)
        sql = self.engine.explain(request).sql_statement.sql
        columns = ", ".join(f"CAST({keys[0]} AS DATE)" if key == keys[0] else key for key in keys)
        rows = self.connection.execute(f"SELECT {columns}, {metric.name} FROM ({sql})").fetchall()
        return {tuple(row[:-1]): row[-1] for row in rows}

    def differences(self, catalog: Catalog, metric: Metric, grain: str) -> list[str]:
        """One line per key for which the compiler's answer differs; empty where both agree."""
        time = catalog.marts[metric.mart].time_column
        dimensions = ["tenant_id", *(column for column in metric.non_additive_over if column != time)]
        expected = self.answer(metric, grain, dimensions)
        if metric.unknown_with:  # MetricFlow adds up what is known; here a sum that lacks something is unknown
            counts = (other for other in catalog.metrics.values() if other.kind == "sum" and other.mart == metric.mart)
            lacking = next(other for other in counts if other.expr == metric.unknown_with)
            missing = self.answer(lacking, grain, dimensions)
            expected = {key: None if missing[key] else value for key, value in expected.items()}
        sql = compile_query(catalog, [metric.name], by=[grain, *dimensions])
        rows = self.connection.execute(sql).fetchall()
        actual = {tuple(row[:-1]): row[-1] for row in rows}
        assert len(actual) == len(rows)
        keys = sorted(set(actual) | set(expected), key=str)
        return [
            f"{metric.name} {key}: {actual.get(key, 'no row')} here, {expected.get(key, 'no row')} there"
            for key in keys
            if key not in actual or key not in expected or not _same(metric, key[1], actual[key], expected[key])
        ]


def _same(metric: Metric, tenant: str, actual: Any, expected: Any) -> bool:
    if actual is None or expected is None:
        return actual is expected
    scale = 1 if metric.unit != "money" else 1_000_000 if metric.micros else MINOR_UNITS[tenant]
    if not metric.adds_up:
        half = 0.5 if isinstance(actual, Decimal) else 0  # rounded to micros
        return math.isclose(float(actual) * scale, expected, rel_tol=1e-12, abs_tol=half)
    return Decimal(actual) * scale == expected
