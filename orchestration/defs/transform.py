"""dbt's seeds and models as assets, its tests as asset checks, read from the manifest. One step builds all of them."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg

from connectors.registry import STREAMS
from orchestration import dbt_build, dbt_parse, incremental, pipeline
from orchestration.defs.common import FULL, configuration, logged, run_name
from orchestration.defs.sources import stream_key
from orchestration.home import Home
from orchestration.settings import home

Node = dict[str, Any]


@cache
def manifest() -> dict[str, Node]:
    """dbt's nodes and sources by unique id."""
    content = json.loads((dbt_parse.parse(Home(home())) / "manifest.json").read_text())
    return {**content["nodes"], **content["sources"]}


def model_key(node: Node) -> dg.AssetKey:
    """The asset of a model or seed: its schema and name, as in the warehouse."""
    return dg.AssetKey([node["schema"], node["name"]])


def marts() -> dg.AssetsDefinition:
    """One multi-asset for everything that dbt builds, with an asset check for each test."""
    nodes = manifest()
    order = TopologicalSorter({key: _parents(node) for key, node in nodes.items()}).static_order()
    built = {key: nodes[key] for key in order if nodes[key]["resource_type"] in ("model", "seed")}
    tests = {key: node for key, node in nodes.items() if node["resource_type"] == "test"}
    specs = [
        dg.AssetSpec(
            model_key(node),
            deps=sorted({dep for parent in _parents(node) for dep in _keys(nodes[parent])}),
            group_name=node["schema"],
            kinds={"dbt", "duckdb"},
            description=node["description"] or None,
        )
        for node in built.values()
    ]
    # not `blocking`: Dagster would then publish no tenant, and a row that names its tenant blocks that one alone
    checks = {
        key: dg.AssetCheckSpec(node["name"], asset=_tested(node, nodes), description=_meaning(node))
        for key, node in tests.items()
    }

    @dg.multi_asset(name="dbt_build", specs=specs, check_specs=list(checks.values()))
    def build(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Build and test every model in one scratch file, without the tenants whose rows fail a check.

        A failure that is not about single tenants fails the step, and nothing is published.
        """
        settings = configuration()
        home_folder = Home(settings.home)
        progress = logged(context)
        outcome: dbt_build.Built | None
        failure = None
        try:
            with pipeline.disk_guard(home_folder), home_folder.writing():
                full = FULL in context.run.tags
                outcome, *_ = pipeline.build(settings, run_name(context), progress, full=full)
        except dbt_build.BuildFailedError as error:
            outcome, failure = error.built, error
        status = {node["id"]: node for node in outcome.nodes} if outcome else {}
        for line in incremental.described(outcome.whole if outcome else {}):
            context.log.info(line)
        if outcome and not outcome.nodes:
            yield from _unchanged(built.values(), checks.values(), outcome.warnings)
            return
        rows = outcome.rows() if outcome else {}
        for key, node in built.items():
            if status.get(key, {}).get("status") == "success":
                measures = {"seconds": status[key]["seconds"]}
                if (count := rows.get(f"{node['schema']}.{node['name']}")) is not None:
                    measures["dagster/row_count"] = count
                yield dg.MaterializeResult(asset_key=model_key(node), metadata=measures)
        for key, spec in checks.items():
            if key in status and status[key]["status"] != "skipped":
                yield _check(spec, status[key])
        if failure is not None:
            raise failure

    return build


def _unchanged(
    models: Iterable[Node], checks: Iterable[dg.AssetCheckSpec], warnings: list[str]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """What a run says that had nothing to build: the assets are up to date, and the checks say what they said."""
    about = {"built": "not in this run: no tenant changed"}
    for node in models:
        yield dg.MaterializeResult(asset_key=model_key(node), metadata=about)
    for spec in checks:
        yield dg.AssetCheckResult(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=not any(text.startswith(f"{spec.name}:") for text in warnings),
            severity=dg.AssetCheckSeverity.WARN,
            metadata=about,
        )


def _check(spec: dg.AssetCheckSpec, status: Node) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=status["status"] == "pass",
        severity=dg.AssetCheckSeverity.WARN if status["status"] == "warn" else dg.AssetCheckSeverity.ERROR,
        metadata={
            "failing rows": int(status["failures"] or 0),
            "blocks the publish of": ", ".join(status.get("blocks", [])) or "no tenant",
        },
    )


def _meaning(node: Node) -> str:
    """What a test demands and what its failure does: its description, else its name, which is a sentence."""
    text = node["description"] or f"{node['name'].replace('_', ' ').capitalize()}."
    if node["config"]["severity"].lower() == "warn":
        return f"{text} A failing row is a warning and blocks nothing."
    return f"{text} A failing row blocks the publish of its tenant; where it names none, of every tenant."


def mart_keys() -> list[dg.AssetKey]:
    """The assets of the published marts."""
    return [
        model_key(node)
        for node in manifest().values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]


def _parents(node: Node) -> list[str]:
    return [key for key in node.get("depends_on", {}).get("nodes", []) if not key.startswith("macro.")]


def _keys(node: Node) -> list[dg.AssetKey]:
    """A model's own asset; for a source table, the stream that loads it. Takings' control tables have none."""
    if node["resource_type"] != "source":
        return [model_key(node)]
    streams = STREAMS.get(node["source_name"], ())
    return [
        stream_key(node["source_name"], stream.name)
        for stream in streams
        if node["name"] in {table.name for table in stream.tables}
    ]


def _tested(node: Node, nodes: dict[str, Node]) -> dg.AssetKey:
    """The model or seed that a test is about. A test of Takings' control tables is shown at the mart `build_info`."""
    about = [node["attached_node"]] if node.get("attached_node") else _parents(node)
    models = [nodes[key] for key in about if nodes[key]["resource_type"] in ("model", "seed")]
    return model_key(models[0]) if models else dg.AssetKey(["marts", "build_info"])
