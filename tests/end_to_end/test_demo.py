"""The demo: from nothing to filled dashboards that it checks itself, then a query."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.superset import dashboard_titles
from superset_assets import decisions
from superset_assets.dashboard_form import chart_names
from superset_assets.process import DEFAULT_PYTHON
from tests.end_to_end import retail

pytestmark = pytest.mark.superset
TAKINGS = Path(sys.executable).with_name("takings")
STORE_PERFORMANCE = len(set(chart_names(decisions.read().dashboards["store_performance"])))


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAKINGS_")}
    return subprocess.run(
        [TAKINGS, *arguments],
        env={**environment, "TAKINGS_HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    if not DEFAULT_PYTHON.exists():
        pytest.skip(f"no {DEFAULT_PYTHON}: `make test` makes Superset's environment")
    return tmp_path


@pytest.mark.deep  # 20,000 orders, twice; the tutorial goes the same way with fewer
def test_demo_fills_the_dashboards_of_its_tenants_and_answers_a_query(home: Path) -> None:
    result = run(home, "demo", "--once", "--superset-port", "0")
    assert result.returncode == 0, result.stderr
    filled = {
        tenant: {title for title in dashboard_titles().values() if f"{tenant} · {title}: " in result.stderr}
        for tenant in ("aurora", "nordlicht", "lumen")
    }
    assert len(filled["nordlicht"]) == 7
    assert filled["aurora"] == filled["nordlicht"] | {"Assistant"}
    assert filled["lumen"] == {"Creator"}
    for tenant in ("aurora", "nordlicht"):
        assert f"{tenant} · Store Performance: {STORE_PERFORMANCE} charts" in result.stderr
        for source in ("shopify", "stripe", "meta_ads", "tiktok_ads"):
            assert f"✓ {tenant} / {source} / " in result.stdout
    answer = run(home, "query", "--metrics", "orders_placed", "--by", "tenant_id", "--format", "json")
    assert "Reports in the mailbox: 1; messages about alerts: 2." in result.stderr
    placed = {row["tenant_id"]: row["orders_placed"] for row in json.loads(answer.stdout)}
    assert sum(placed.values()) == pytest.approx(20_000, rel=0.1)
    again = run(home, "demo", "--once", "--superset-port", "0")
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("✓") == 8


@pytest.mark.deep  # the tutorial runs a demo in `make test`, test_online_retail compares the same weeks
@pytest.mark.skipif(retail.ABSENT, reason=retail.REASON)
def test_demo_of_a_real_retailer_from_api_to_dashboards(home: Path, tmp_path: Path) -> None:
    weeks = retail.last_weeks(tmp_path / "weeks")
    result = run(home, "demo", "--once", "--superset-port", "0", "--world", str(weeks))
    assert result.returncode == 0, result.stderr
    assert f"online_retail · Store Performance: {STORE_PERFORMANCE} charts" in result.stderr
    assert "✓ online_retail / shopify / online_retail" in result.stdout
    answer = run(home, "query", "--metrics", "gross_sales,shipping,refunded_amount,orders_placed", "--format", "json")
    with duckdb.connect() as db:
        goods, shipping, refunded, shipping_back, orders = db.execute(
            f"""with refunds as (
                select kind, sum(r.amount_minor) as amount
                from '{weeks}/refund_lines.parquet' as r join '{weeks}/order_lines.parquet' using (order_id, line_no)
                group by kind)
            select sum(amount_minor) filter (kind = 'goods'), sum(amount_minor) filter (kind = 'shipping'),
                (select sum(amount) from refunds), (select sum(amount) from refunds where kind = 'shipping'),
                (select count(*) from '{weeks}/orders.parquet')
            from '{weeks}/order_lines.parquet'"""
        ).fetchall()[0]
    assert json.loads(answer.stdout)[0] == {
        "gross_sales": f"{goods / 100:.2f}",
        "shipping": f"{(shipping - shipping_back) / 100:.2f}",
        "refunded_amount": f"{refunded / 100:.2f}",
        "orders_placed": orders,
    }
