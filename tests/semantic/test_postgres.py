"""The same questions to the same rows in DuckDB files and in PostgreSQL: every cell, type and sentence is the same."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from common.presets import PRESETS
from semantic import answers, comparison, duckdb_files, explain, frames, query
from semantic.alerts import rules
from semantic.alerts.evaluate import evaluate
from semantic.answers import Question
from semantic.catalog import Catalog
from semantic.compiler import GRAINS
from semantic.digest.fill import fill as fill_digest
from semantic.digest.fill import follow
from semantic.duckdb_files import DuckDB
from semantic.errors import SemanticError
from semantic.postgres import InPostgres, Postgres
from semantic.reports import facts
from semantic.reports.fill import fill
from semantic.reports.library import built_in
from semantic.subject import Subject
from semantic.today import today
from semantic.warehouse import Build, Published, open_build
from serving.api import listing
from tests.sampling import sample
from tests.semantic import in_postgres, synthetic
from tests.semantic.test_tenant_walls import questions

TENANTS = ("aurora", "hinode")
NOW = datetime(2026, 5, 9, 12, tzinfo=UTC)
"""Some hours after the instant of the rows."""
SUBJECT = Subject("Aurora", "America/New_York", {"shopify": "Shopify", "stripe": "Stripe"})
DIGEST = ("kpis", "sales_trend", "movers", "alerts", "annotations", "outlook", "build_info")


@pytest.fixture(scope="module")
def place(awkward: Path) -> InPostgres:
    return in_postgres.copied(awkward)


@pytest.fixture(params=sample(TENANTS, "aurora"))
def builds(request: pytest.FixtureRequest, awkward: Path, place: InPostgres) -> Iterator[tuple[Build, Build]]:
    """The build of a tenant in files and in the database."""
    with open_build(awkward, request.param) as files, open_build(place, request.param) as rows:
        yield files, rows


def same(one: pa.Table, other: pa.Table) -> bool:
    """Whether two tables have the same types, the same facts and the same cells."""
    return bool(one.schema.equals(other.schema, check_metadata=True)) and not list(differences(one, other))


def differences(one: pa.Table, other: pa.Table) -> Iterator[tuple[str, Any, Any]]:
    """The cells that differ, floats in their last digit."""
    if one.num_rows != other.num_rows:
        yield "rows", one.num_rows, other.num_rows
        return
    for name in one.column_names:
        for ours, theirs in zip(one[name].to_pylist(), other[name].to_pylist(), strict=True):
            if ours != theirs:
                yield name, ours, theirs


def test_every_metric_by_every_dimension_and_period_is_the_same_cell_by_cell(builds: tuple[Build, Build]) -> None:
    files, rows = builds
    count = 0
    for metrics, by in questions(files.catalog):
        periods = [] if set(by) & set(GRAINS) else answers.periods_of(files.catalog, (metrics[0],))
        for period in ([], *([name] for name in periods)):
            names = [*period, *by]
            one, other = (query.answer(build, metrics, by=names) for build in (files, rows))
            assert not list(differences(one, other)), names
            assert one.schema.equals(other.schema, check_metadata=True), names
            count += one.num_rows * one.num_columns
    assert count > 10_000


def test_answers_without_rows_have_the_same_types(builds: tuple[Build, Build]) -> None:
    for metrics, by in questions(builds[0].catalog):
        mart = builds[0].catalog.marts[builds[0].catalog.metric(metrics[0]).mart]
        if mart.time_column and by:
            one, other = (query.answer(build, metrics, by=by, start=date(2099, 1, 1)) for build in builds)
            assert one.num_rows == 0
            assert same(one, other), (metrics, by, one.schema, other.schema)


def test_metrics_of_several_marts_filters_orders_labels_and_limits_are_the_same(builds: tuple[Build, Build]) -> None:
    joined = ["net_sales", "product_revenue", "customer_net_sales", "aov", "roas", "campaign_spend"]
    cases: list[tuple[list[str], dict[str, Any]]] = [
        (joined, {"by": ["month"]}),
        (joined, {}),
        (["net_sales", "aov"], {"by": ["week", "channel"], "order": ["-net_sales"], "limit": 7}),
        (["net_sales"], {"by": ["channel"], "filters": {"channel": ["Online store", "", "it's \\ marts.orders"]}}),
        (["product_revenue"], {"by": ["product_key"], "labels": ["product_title"], "only": "product_revenue"}),
        (["orders_placed"], {"by": ["day"], "start": date(2026, 2, 3), "end": date(2026, 3, 1)}),
    ]
    for metrics, options in cases:
        one, other = (query.answer(build, metrics, **options) for build in builds)
        assert same(one, other), (metrics, options)
        assert one.num_rows


def test_a_question_over_all_tenants_is_the_same(awkward: Path, place: InPostgres) -> None:
    one, other = (query.ask(where, ["net_sales", "aov"], ["tenant_id", "month"]) for where in (awkward, place))
    assert same(one, other)
    assert {row["tenant_id"] for row in other.to_pylist()} == set(TENANTS)


def statements_of(build: Build) -> Iterator[Any]:
    """What the semantic layer and the API say of a build: answers with their facts, parts of changes, states, lists."""
    subject = dataclasses.replace(SUBJECT, name=build.tenant or "")
    for metrics, by, days, filters in (
        (("net_sales", "aov", "ad_spend"), ("week",), (date(2026, 3, 3), date(2026, 6, 1)), {}),
        (("product_revenue",), ("product_title",), (date(2020, 1, 1), None), {"product_title": ("Produkt 1",)}),
        (("mrr",), ("month",), (None, None), {}),
    ):
        question = Question(metrics, by, days, None, filters)
        yield answers.document(answers.ask(build, question, subject=subject, now=NOW))
    for by in ("channel", "source"):
        day = comparison.newest_day(build, subject.time_zone, NOW)
        for kind in ("prior", "year"):
            both = comparison.of_preset(PRESETS["30d"], kind, day)
            yield comparison.compare(build, ["net_sales", "aov"], both, [by]).to_pylist()
            yield comparison.compare(build, ["net_sales", "aov"], both, ["week"]).to_pylist()
            yield explain.explain(build, "net_sales", by, both)
    yield listing.all_metrics(build)
    yield [listing.one_metric(build, name) for name in ("net_sales", "product_revenue", "conversion_rate")]
    yield listing.freshness(build, subject, NOW)
    yield evaluate(build, rules.load(), today=date(2026, 5, 9))
    yield facts.subject(build), facts.first_day(build, ["net_sales"]), facts.blocked(build), build.as_of()
    yield build.currency(), build.blocked(), build.run_id


def test_answers_comparisons_explanations_alerts_and_lists_say_the_same(builds: tuple[Build, Build]) -> None:
    one, other = (list(statements_of(build)) for build in builds)
    for ours, theirs in zip(one, other, strict=True):
        assert ours == theirs
    assert json.dumps(one[0]) == json.dumps(other[0])


@pytest.mark.parametrize("report", built_in())
def test_every_report_is_filled_the_same(awkward: Path, place: InPostgres, report: str) -> None:
    first, last = date(2026, 3, 1), date(2026, 4, 30)
    one, other = (fill(where, report, first, last, tenant="aurora", now=NOW) for where in (awkward, place))
    assert same(one.table, other.table)
    for ours, theirs in zip(one.charts, other.charts, strict=True):
        assert same(ours.table, theirs.table)
    words = [
        dataclasses.replace(
            content, table=None, charts=tuple(dataclasses.replace(each, table=None) for each in content.charts)
        )
        for content in (one, other)
    ]
    assert words[0] == words[1]


def test_frames_and_today_are_the_same(awkward: Path, place: InPostgres) -> None:
    one, other = (frames.ask(where, ["net_sales", "aov", "orders_placed"], "week", tenant="hinode")
                  for where in (awkward, place))  # fmt: skip
    assert one.equals(other)
    assert list(one.dtypes) == list(other.dtypes)
    assert one.attrs == other.attrs
    assert today(awkward, "aurora", "UTC", NOW) == today(place, "aurora", "UTC", NOW)


def test_the_first_page_is_filled_the_same_in_a_transaction_of_the_publisher(
    awkward: Path, catalog: Catalog, tmp_path: Path
) -> None:
    published = synthetic.copy(awkward, tmp_path / "published")
    place = in_postgres.copied(published)
    folder = published / "run-1"
    with duckdb_files.database.connect(folder / "tenant-aurora.duckdb") as files, in_postgres.changing(place) as rows:
        engines = DuckDB(files), Postgres(rows)
        both = [Build(folder, catalog, engine, "aurora") for engine in engines]
        first = {name: both[1].rows(f"SELECT * FROM marts.{name} WHERE tenant_id = 'hinode'") for name in DIGEST}
        for engine, build in zip(engines, both, strict=True):
            for name in DIGEST[:-1]:
                engine.execute(f"DELETE FROM marts.{name} WHERE {build.own}")
            alerts = evaluate(build, rules.load(), today=date(2026, 5, 9))
            fill_digest(build, SUBJECT, alerts)
            engine.execute(f"UPDATE marts.build_info SET as_of = TIMESTAMP '2026-05-09 18:30:00' WHERE {build.own}")
            follow(build, SUBJECT)
        for name in DIGEST:
            ours, theirs = (sorted(build.rows(f"SELECT * FROM marts.{name} WHERE {build.own}"), key=repr)
                            for build in both)  # fmt: skip
            assert ours == theirs, name
            assert ours or name == "annotations"
        last = {name: both[1].rows(f"SELECT * FROM marts.{name} WHERE tenant_id = 'hinode'") for name in DIGEST}
        assert last == first
    with open_build(place, "aurora") as build:
        assert build.rows("SELECT count(*) FROM marts.kpis")[0][0] > 100


def test_a_question_that_forgets_its_tenant_gets_no_other_tenants_rows(place: InPostgres, catalog: Catalog) -> None:
    with open_build(place, "aurora") as build:
        for mart in (mart.name for mart in catalog.marts.values() if mart.has("tenant_id")):
            assert {name for (name,) in build.rows(f"SELECT DISTINCT tenant_id FROM marts.{mart}")} <= {"aurora"}
        joined = "SELECT DISTINCT tenant_id FROM marts.revenue UNION SELECT tenant_id FROM marts.orders"
        assert build.rows(joined) == [("aurora",)]
        assert build.rows("SELECT 'marts.orders', 'it''s marts.orders'") == [("marts.orders", "it's marts.orders")]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; SELECT 2",
        "COMMIT; DELETE FROM takings.published",
        "DELETE FROM takings.published",
        "WITH gone AS (DELETE FROM takings.published RETURNING run) SELECT run FROM gone",
    ],
)
def test_a_reader_sends_one_statement_which_only_reads(place: InPostgres, statement: str) -> None:
    with pytest.raises(SemanticError, match=r"read-only|multiple commands"), open_build(place, "aurora") as build:
        build.rows(statement)


def test_an_open_build_is_whole_while_another_one_is_published(awkward: Path, tmp_path: Path) -> None:
    published = synthetic.copy(awkward, tmp_path / "published")
    place = in_postgres.copied(published)
    (published / "run-2").symlink_to("run-1")
    sums = "SELECT SUM(orders_placed) FROM marts.metrics_daily"
    with open_build(place, "aurora") as build:
        with in_postgres.changing(place) as db:
            db.execute("delete from marts.metrics_daily; delete from marts.product_daily")
            db.execute("update takings.published set run = 'run-2', published_at = published_at + interval '1 second'")
        assert build.run_id == "run-1"
        before = build.rows(sums)
        assert build.rows("SELECT COUNT(*) FROM marts.product_daily")[0][0]
    with open_build(awkward, "aurora") as build:
        assert build.rows(sums) == before
    with open_build(place, "hinode") as build:
        assert (build.folder.name, build.rows(sums)) == ("run-2", [(None,)])


def test_a_currency_is_read_again_after_a_publish_of_the_same_run(awkward: Path, tmp_path: Path) -> None:
    place = in_postgres.copied(synthetic.copy(awkward, tmp_path / "published"))

    def currency(where: Published) -> str | None:
        with open_build(where, "aurora") as build:
            known = build.currency()
            return known and known.code

    assert currency(place) == "USD"
    with in_postgres.changing(place) as db:
        for (mart,) in db.execute(
            "select table_name from information_schema.columns "
            "where column_name = 'currency' and table_schema = 'marts'"
        ).fetchall():
            db.execute(f"update marts.{mart} set currency = 'CAD' where tenant_id = 'aurora'".encode())
        db.execute("update takings.published set published_at = published_at + interval '1 second'")
    assert currency(place) == "CAD"
