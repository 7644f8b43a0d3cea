"""The assets are checked against the published marts and metrics before they are sent."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from orchestration import superset
from semantic.catalog import Catalog
from superset_assets import bundle, decisions
from superset_assets.errors import InvalidAssetsError
from tests.superset_assets import marts


def assets(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(superset.publication, "current", lambda _: tmp_path)
    monkeypatch.setattr(superset.catalog, "load", lambda _: catalog)
    settings: Any = type("Settings", (), {"home": tmp_path, "dashboards": type("", (), {"default_range": None})})
    return bundle.unpack(superset.asset_zip(settings))


def test_own_metric_is_in_its_dataset_without_any_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = marts.catalog()
    own = dataclasses.replace(catalog.metrics["net_sales"], name="my_sales", label="My sales")
    made = assets(Catalog({**catalog.metrics, "my_sales": own}, catalog.marts), tmp_path, monkeypatch)
    metrics = made["datasets/warehouse/metrics_daily.yaml"]["metrics"]
    assert "my_sales" in [metric["metric_name"] for metric in metrics]


def test_chart_of_a_lost_metric_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = marts.catalog()
    metrics = {name: metric for name, metric in catalog.metrics.items() if name != "units_sold"}
    with pytest.raises(InvalidAssetsError, match=r"charts/store_performance\.yaml: units_sold: metric"):
        assets(Catalog(metrics, catalog.marts), tmp_path, monkeypatch)


def test_every_dashboard_names_the_sources_that_fill_it() -> None:
    boards = decisions.read().dashboards
    assert [name for name, board in boards.items() if board.filled_by({"shopify"})] == ["store_performance"]
    assert boards["marketing_performance"].filled_by({"shopify", "tiktok_ads"})
    assert all(board.filled_by({"shopify", "stripe", "meta_ads", "files"}) for board in boards.values())
