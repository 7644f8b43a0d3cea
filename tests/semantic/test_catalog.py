"""The catalog: read from dbt's manifests, saved as the one small file that a build carries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from semantic import catalog as catalogs
from semantic import releases
from semantic.catalog import Catalog, Column
from semantic.errors import CatalogError, ReleaseError

MARTS = {
    "activity_daily", "ai_generations", "alerts", "annotations", "answer_variants", "assistant_daily",
    "assistant_now", "assisted_orders", "build_info", "cash", "chat_messages", "chat_sessions", "cohorts",
    "customer_daily", "customer_ltv", "customer_mrr", "customers", "customers_monthly", "events", "feature_daily",
    "finance_monthly", "funnel_daily", "kpis", "ltv_horizons", "metrics_daily", "model_usage_daily", "movers",
    "mrr_monthly", "order_charges", "orders", "outlook", "product_daily", "product_events", "products",
    "reconciliation", "refunds", "revenue", "sales_bridge", "sales_detail", "sales_trend", "sessions",
    "sessions_daily", "spend", "targets", "vault_funnel", "vault_profit", "vault_sales",
}  # fmt: skip


def test_the_public_models_are_the_marts_without_the_calendar(catalog: Catalog) -> None:
    assert set(catalog.marts) == MARTS


def test_a_mart_has_columns_a_time_column_and_dimensions(catalog: Catalog) -> None:
    mart = catalog.marts["metrics_daily"]
    assert mart.time_column == "date_day"
    assert mart.time_grain == "day"
    assert mart.dimensions == ("tenant_id", "source", "channel", "revenue_source", "currency")
    assert mart.columns[4] == Column("date_day", "date", "The tenant's calendar day.", "Day")


def test_a_column_has_the_label_of_its_yaml_or_its_name_in_words(catalog: Catalog) -> None:
    labels = {column.name: column.label for column in catalog.marts["build_info"].columns}
    assert labels == {
        "tenant_id": "Tenant id", "run_id": "Run", "as_of": "Data as of (UTC)", "published_at": "Published (UTC)",
        "blocked_since": "Blocked since (UTC)", "blocked_reason": "Blocked", "trust": "Data",
    }  # fmt: skip


def test_a_catalog_that_was_saved_without_labels_is_read(catalog: Catalog, tmp_path: Path) -> None:
    content = json.loads(catalogs.save(catalog, tmp_path).read_text())
    for mart in content["marts"]:
        for column in mart["columns"]:
            del column["label"]
    (tmp_path / "catalog.json").write_text(json.dumps(content))
    assert catalogs.load(tmp_path).marts["build_info"].columns[1].label == "Run id"


def test_a_mart_without_metrics_is_in_the_catalog(catalog: Catalog) -> None:
    assert catalog.marts["build_info"].time_column is None
    assert [column.type for column in catalog.marts["build_info"].columns] == [
        "varchar",
        "varchar",
        "timestamp",
        "timestamp",
        "timestamp",
        "varchar",
        "varchar",
    ]


def test_a_ratio_has_the_mart_and_the_restriction_of_its_parts(catalog: Catalog) -> None:
    assert catalog.metrics["refund_rate_by_status"].mart == "metrics_daily"
    assert catalog.metrics["refund_rate_by_status"].thresholds == {"green": 0.05, "yellow": 0.1}
    assert catalog.metrics["retention"].non_additive_over == ("month_number",)


def test_a_metric_without_its_own_restriction_has_that_of_its_mart(target: Path) -> None:
    semantic, manifest = (
        json.loads((target / f"{name}.json").read_text()) for name in ("semantic_manifest", "manifest")
    )
    for name, own in (("opening_mrr", None), ("mrr", []), ("mrr_change", None)):
        metric = next(item for item in semantic["metrics"] if item["name"] == name)
        metric["config"]["meta"] = {"unit": "money"} if own is None else {"unit": "money", "non_additive_over": own}
    manifest["nodes"]["model.takings.mrr_monthly"]["config"]["meta"] = {"non_additive_over": "currency"}
    metrics = catalogs.read_manifests(semantic, manifest).metrics
    assert [metrics[name].non_additive_over for name in ("opening_mrr", "mrr", "mrr_change")] == [
        ("currency",), (), ("currency",),
    ]  # fmt: skip


def test_a_metric_without_a_format_has_that_of_its_unit(target: Path) -> None:
    semantic, manifest = (
        json.loads((target / f"{name}.json").read_text()) for name in ("semantic_manifest", "manifest")
    )
    next(item for item in semantic["metrics"] if item["name"] == "mrr")["config"]["meta"] = {"unit": "money"}
    assert catalogs.read_manifests(semantic, manifest).metrics["mrr"].format == ",.2f"


def test_every_metric_and_column_has_a_description_and_metrics_have_a_formula(catalog: Catalog) -> None:
    for metric in catalog.metrics.values():
        assert "=" in metric.description, f"{metric.name} has no formula in its description"
        assert metric.description.endswith("."), metric.name
        assert metric.label
        assert metric.format
    undescribed = [
        f"{m.name}.{c.name}" for m in catalog.marts.values() for c in m.columns if not c.description.endswith(".")
    ]
    assert not undescribed


def test_every_summed_column_is_in_its_marts_contract(catalog: Catalog) -> None:
    for metric in catalog.metrics.values():
        assert metric.kind != "other"
        if metric.kind == "sum":
            assert catalog.marts[metric.mart].has(metric.expr), metric.name


def test_a_saved_catalog_is_loaded_unchanged(catalog: Catalog, tmp_path: Path) -> None:
    path = catalogs.save(catalog, tmp_path)
    assert catalogs.load(tmp_path) == catalogs.load(path) == catalog
    assert catalogs.load(tmp_path).version == catalog.version


def test_the_version_changes_with_any_definition(catalog: Catalog, tmp_path: Path) -> None:
    content = json.loads(catalogs.save(catalog, tmp_path).read_text())
    content["metrics"][0]["description"] += " Indeed."
    (tmp_path / "catalog.json").write_text(json.dumps(content))
    assert catalogs.load(tmp_path).version != catalog.version


def test_the_same_definitions_in_another_folder_are_not_read_again(catalog: Catalog, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        catalogs.save(catalog, folder)
    first = catalogs.load(folders[0])
    assert first == catalog and catalogs.load(folders[1]) is first
    (folders[1] / "catalog.json").write_text("{")
    for _ in range(2):
        with pytest.raises(CatalogError, match="Build and publish again"):
            catalogs.load(folders[1])
    assert catalogs.load(folders[0]) is first


def test_a_folder_without_definitions_is_refused_with_the_missing_files(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"neither catalog.json nor semantic_manifest.json with manifest.json"):
        catalogs.load(tmp_path)


def test_an_unreadable_catalog_is_refused_with_the_advice_to_build_again(tmp_path: Path) -> None:
    (tmp_path / "catalog.json").write_text("{")
    with pytest.raises(CatalogError, match="Build and publish again"):
        catalogs.load(tmp_path)


def test_catalog_of_a_newer_release_names_both_releases_and_says_to_restart(catalog: Catalog, tmp_path: Path) -> None:
    content = json.loads(catalogs.save(catalog, tmp_path).read_text())
    assert content["release"] == releases.RUNNING
    content["metrics"][0]["window"] = content["marts"][0]["columns"][0]["mask"] = "7 days"
    runs = f"and release {releases.RUNNING} runs here. Restart `takings serve`"
    for change, published in (
        ({"release": "9.1.0"}, "release 9.1.0 published this build (fields mask, window)"),
        ({}, f"a newer state of release {releases.RUNNING} published this build (fields mask, window)"),
        ({"release": "9.1.0", "format": 99}, "release 9.1.0 published this build (format 99, and this release reads"),
    ):
        (tmp_path / "catalog.json").write_text(json.dumps({**content, **change}))
        with pytest.raises(ReleaseError) as caught:
            catalogs.load(tmp_path)
        assert published in str(caught.value) and runs in str(caught.value)


def test_a_metric_without_a_unit_is_refused(target: Path) -> None:
    semantic = json.loads((target / "semantic_manifest.json").read_text())
    semantic["metrics"][0]["config"] = {}
    with pytest.raises(CatalogError, match="has no unit"):
        catalogs.read_manifests(semantic, json.loads((target / "manifest.json").read_text()))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "cumulative"}, "not a sum of rows"),
        ({"filter": {"where_filters": []}}, "it has a filter"),
    ],
)
def test_a_metric_that_the_compiler_cannot_express_has_its_reason(
    target: Path, change: dict[str, object], reason: str
) -> None:
    semantic = json.loads((target / "semantic_manifest.json").read_text())
    next(item for item in semantic["metrics"] if item["name"] == "orders_placed").update(change)
    changed = catalogs.read_manifests(semantic, json.loads((target / "manifest.json").read_text()))
    assert reason in changed.metrics["orders_placed"].expr
    assert changed.metrics["aov"].kind == "other"
