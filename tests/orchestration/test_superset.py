"""Assets are checked before they are sent to Superset; edits in Superset come back into the files."""

from __future__ import annotations

import dataclasses
import functools
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from common.errors import ConfigurationError
from orchestration import superset
from orchestration.cli import app
from semantic.catalog import Catalog
from superset_assets import bundle, decisions, export
from superset_assets.errors import InvalidAssetsError
from tests.superset_assets import marts


def assets(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(superset.builds, "current", lambda _: tmp_path)
    monkeypatch.setattr(superset.catalog, "load", lambda _: catalog)
    settings: Any = type("Settings", (), {"home": tmp_path, "dashboards": type("", (), {"default_range": None})})
    return bundle.unpack(superset.asset_zip(settings))


def test_own_metric_is_in_its_dataset_without_any_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = marts.catalog()
    own = dataclasses.replace(catalog.metrics["net_sales"], name="my_sales", label="My sales")
    expanded = assets(Catalog({**catalog.metrics, "my_sales": own}, catalog.marts), tmp_path, monkeypatch)
    metrics = expanded["datasets/warehouse/metrics_daily.yaml"]["metrics"]
    assert "my_sales" in [metric["metric_name"] for metric in metrics]


def test_chart_of_a_lost_metric_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = marts.catalog()
    metrics = {name: metric for name, metric in catalog.metrics.items() if name != "units_sold"}
    with pytest.raises(InvalidAssetsError, match=r"charts/store_performance\.yaml: units_sold: metric"):
        assets(Catalog(metrics, catalog.marts), tmp_path, monkeypatch)


def test_every_dashboard_names_the_sources_that_fill_it() -> None:
    boards = decisions.read().dashboards
    assert [name for name, board in boards.items() if board.filled_by({"shopify"})] == ["home", "store_performance"]
    assert boards["marketing_performance"].filled_by({"shopify", "tiktok_ads"})
    assert [name for name, board in boards.items() if board.filled_by({"files", "event_log"})] == ["creator", "home"]
    kinds = {"shopify", "stripe", "meta_ads", "files", "event_log", "chats"}
    assert all(board.filled_by(kinds) for board in boards.values())


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files, and a Superset in which somebody renamed a chart and wrote a style sheet."""
    for kind in decisions.KINDS:
        shutil.copytree(decisions.ROOT / kind, tmp_path / kind)
    assets = bundle.unpack(bundle.to_zip(marts.catalog()))
    assets["charts/net_sales.yaml"]["slice_name"] = "Sales"
    assets["dashboards/product_metrics.yaml"]["css"] = "a {}"
    monkeypatch.setattr(superset, "connect", lambda *_: None)
    monkeypatch.setattr(superset, "definitions", lambda _: marts.catalog())
    monkeypatch.setattr(superset.sync, "exported", lambda _: bundle.pack(assets))
    monkeypatch.setattr(superset.export, "compare", functools.partial(export.compare, root=tmp_path))
    return tmp_path


def export_dashboards(capsys: pytest.CaptureFixture[str], **options: Any) -> str:
    settings: Any = type("Settings", (), {"dashboards": type("", (), {"default_range": None})})
    superset.export_dashboards(settings, **{"only": None, "write": False, "url": "https://bi.example.com"} | options)
    return capsys.readouterr().out


def test_export_shows_the_difference_and_writes_only_with_the_option(
    edited: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = edited / "charts" / "store_performance.yaml"
    before = file.read_text()
    shown = export_dashboards(capsys)
    assert "-  title: Net sales\n+  title: Sales\n" in shown and "add --write" in shown
    assert "! dashboards/product_metrics.yaml: css is 'a {}'" in shown
    assert file.read_text() == before
    assert f"wrote {file}" in export_dashboards(capsys, write=True)
    assert file.read_text() == before.replace("title: Net sales", "title: Sales", 1)
    assert "Nothing can be written." in export_dashboards(capsys)


def test_export_of_one_dashboard_leaves_out_the_others(edited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export_dashboards(capsys, only="marketing-performance") == "The files say what Superset shows.\n"
    with pytest.raises(ConfigurationError, match="Name one of assistant, creator, executive-summary, financial-health"):
        export_dashboards(capsys, only="revenue")


@pytest.mark.parametrize("options", [["--export", "--apply"], ["--export", "--prune"], ["--write"], ["--only", "x"]])
def test_options_of_the_two_directions_exclude_each_other(options: list[str]) -> None:
    result = CliRunner().invoke(app, ["dashboards", *options])
    assert result.exit_code == 2 and "--export" in result.output
