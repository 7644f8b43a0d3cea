"""The guide to reports works as written: its own report is checked and written by its own commands."""

from __future__ import annotations

import csv
from pathlib import Path

from semantic.catalog import Catalog
from tests.checkout_copy import ROOT, CheckoutCopy, blocks
from tests.semantic import report_files, shop, synthetic
from tests.semantic.test_pictures_command import TOML

GUIDE = ROOT / "docs" / "guides" / "reports.md"


def test_guide_to_reports_can_be_carried_out(catalog: Catalog, tmp_path: Path) -> None:
    copy = CheckoutCopy(tmp_path / "takings")
    rows = {
        mart: [{**row, "tenant_id": "aurora"} for row in items if row["tenant_id"] == "acme"]
        for mart, items in shop.ROWS.items()
    }
    synthetic.publish(copy.root / ".takings" / "published", catalog, rows)
    copy.write("takings.toml", TOML.replace("acme", "aurora"))
    printed = "\n".join(copy.carry_out(block) for block in blocks(GUIDE))
    assert "No mistakes: returns-by-channel" in printed
    assert "customer-spend           Who spends the most" in printed
    files = {path.suffix: path for path in (copy.root / "out").iterdir()}
    assert list(report_files.workbook(files[".xlsx"].read_bytes()))[:3] == ["Report", "About", "Figures"]
    with files[".csv"].open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["channel", "sold_usd", "returned_usd", "share_of_returns"],
            ["Online store", "33.00", "10.01", "1.000000"],
            ["Point of sale", "12.50", "0.00", "0.000000"],
        ]
