"""No query or report of a tenant, by any dimension, returns another tenant's rows; planted leaks are found.

Every text of the hand-made marts contains its tenant's canary, a word by which a leaked row is recognized.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from semantic import catalog as catalogs
from semantic import query
from semantic.catalog import Catalog, Mart, Metric
from semantic.reports.library import built_in
from semantic.warehouse import open_build
from tests.sampling import sample
from tests.semantic.test_reports import write_report
from tests.superset_assets import marts
from tests.superset_assets.marts import CANARIES

OTHER = {"aurora": "nordlicht", "nordlicht": "aurora"}
TODAY = date.today()
Place = tuple[str, str]


@pytest.fixture(scope="module")
def published(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("walls") / "published"
    catalogs.save(catalog, marts.publish(folder, "run-1", days=60))
    return folder


def questions(catalog: Catalog) -> Iterator[tuple[list[str], list[str]]]:
    """Metrics that can be asked together, by each dimension of their mart in turn."""
    groups: dict[tuple[str, tuple[str, ...]], list[Metric]] = {}
    for metric in catalog.metrics.values():
        groups.setdefault((metric.mart, metric.non_additive_over), []).append(metric)
    for (name, columns), metrics in groups.items():
        mart = catalog.marts[name]
        for dimension in (*mart.dimensions, None):
            by = dict.fromkeys(_asked(mart, column) for column in (*([dimension] if dimension else []), *columns))
            yield [metric.name for metric in metrics], list(by)


def _asked(mart: Mart, column: str) -> str:
    return (mart.time_grain or "day") if column == mart.time_column else column


def walk(published: Path, tenant: str, folder: Path) -> Iterator[Place]:
    """(name, text) of the answer to every question and of every report."""
    with open_build(published, tenant) as build:
        for metrics, by in questions(build.catalog):
            yield f"{metrics[0]} by {', '.join(by)}", query.render(query.answer(build, metrics, by=by), "json")
    for report in built_in():
        path = write_report(published, report, TODAY - timedelta(days=29), TODAY, folder=folder, tenant=tenant)
        yield f"report {report}", path.read_text(encoding="utf-8-sig")


def leaks(published: Path, tenant: str, canary: str, folder: Path) -> Iterator[str]:
    return (place for place, text in walk(published, tenant, folder) if canary in text.lower())


@pytest.mark.parametrize("who", sample(OTHER, "nordlicht"))
def test_no_query_or_report_returns_rows_of_another_tenant(published: Path, who: str, tmp_path: Path) -> None:
    places = list(walk(published, who, tmp_path))
    assert [place for place, text in places if CANARIES[OTHER[who]] in text.lower()] == []
    own = {place for place, text in places if CANARIES[who] in text.lower()}
    assert {"report product-performance", "customer_net_sales by display_name"} <= own
    assert len(own) > 20 and len(places) > 80, "the walk left something out"


@pytest.mark.parametrize(("keeps_tenant_id", "leaked"), [(False, True), (True, False)])
def test_row_planted_in_the_wrong_file_is_found_by_this_test(
    published: Path, tmp_path: Path, keeps_tenant_id: bool, leaked: bool
) -> None:
    spoilt = Path(shutil.copytree(published, tmp_path / "published", symlinks=True))
    folder = spoilt / "run-1"
    with duckdb.connect(str(folder / "tenant-aurora.duckdb")) as db:
        db.execute(f"attach '{folder / 'tenant-nordlicht.duckdb'}' as other (read_only)")
        named = (
            " replace ('USD' as currency)" if keeps_tenant_id else " replace ('aurora' as tenant_id, 'USD' as currency)"
        )
        db.execute(f"insert into marts.customer_daily select *{named} from other.marts.customer_daily limit 1")
    assert any(leaks(spoilt, "aurora", CANARIES["nordlicht"], tmp_path)) == leaked
