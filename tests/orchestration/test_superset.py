"""The bundle of all assets is checked against the marts and metrics of today."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from orchestration import superset
from semantic.catalog import Catalog
from superset_assets import bundle
from superset_assets.errors import InvalidAssetsError
from tests.superset_assets import marts


def assets(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(superset.publishing, "current", lambda _: tmp_path)
    monkeypatch.setattr(superset.catalog, "load", lambda _: catalog)
    settings: Any = type("Settings", (), {"home": tmp_path, "dashboards": type("", (), {"default_range": None})})
    return bundle.unpack(superset.asset_zip(settings))


def test_a_metric_of_ones_own_needs_no_new_snapshot_of_the_datasets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = marts.catalog()
    own = dataclasses.replace(catalog.metrics["net_sales"], name="my_sales", label="My sales")
    made = assets(Catalog({**catalog.metrics, "my_sales": own}, catalog.marts), tmp_path, monkeypatch)
    metrics = made["datasets/warehouse/metrics_daily.yaml"]["metrics"]
    assert "my_sales" in [metric["metric_name"] for metric in metrics]


def test_a_chart_of_a_metric_that_is_gone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = marts.catalog()
    metrics = {name: metric for name, metric in catalog.metrics.items() if name != "units_sold"}
    with pytest.raises(InvalidAssetsError, match=r"charts/units_sold\.yaml"):
        assets(Catalog(metrics, catalog.marts), tmp_path, monkeypatch)


def test_every_dashboard_says_which_sources_fill_it() -> None:
    assert set(superset.NEEDS) == set(superset.dashboard_titles())
    assert {slug for slug in superset.NEEDS if superset.filled_by(slug, {"shopify"})} == {"store-performance"}
    assert superset.filled_by("marketing-performance", {"shopify", "tiktok_ads"})
    assert all(superset.filled_by(slug, {"shopify", "stripe", "meta_ads", "files"}) for slug in superset.NEEDS)
