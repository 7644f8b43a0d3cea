"""Two shops with all of their sources, published on both engines from one staging: readers get the same answers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from orchestration.postgres import readers, warehouse
from orchestration.postgres.readers import Reader
from semantic import answers, query
from semantic.answers import Question
from semantic.errors import UnknownTenantError
from semantic.postgres import InPostgres
from semantic.reports import facts
from semantic.reports.content import Content
from semantic.reports.fill import fill
from semantic.reports.library import built_in
from semantic.warehouse import open_build
from tests.connectors.postgres.database import administrator
from tests.orchestration.installation import SHOPS, published_sources
from tests.orchestration.postgres.databases import new_database
from tests.orchestration.postgres.published import SECRET, TENANTS, Place
from tests.semantic.test_postgres import differences
from tests.semantic.test_tenant_walls import questions

pytestmark = [pytest.mark.deep, pytest.mark.worlds]
NOW = SHOPS.end


@pytest.fixture(scope="module")
def files() -> Path:
    return published_sources().home.published


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The same staging, built and published in a database."""
    folder = tmp_path_factory.mktemp("both") / "place"
    shutil.copytree(published_sources().root, folder, symlinks=True)
    place = Place(folder)
    shutil.rmtree(place.home.published)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SECRET, new_database())
        with (folder / "takings.toml").open("a") as file:
            file.write(f'\n[warehouse]\nengine = "postgres"\nsecret = "env:{SECRET}"\n')
        with administrator(place.uri()) as admin:
            admin.execute(f"alter role {place.uri().rpartition('/')[2]} createrole")
        assert place.build().blocked == []
        yield place


@pytest.fixture(scope="module")
def rows(place: Place) -> InPostgres:
    return InPostgres(place.home.published, place.uri())


def test_every_metric_by_every_dimension_is_the_same_cell_by_cell(files: Path, rows: InPostgres) -> None:
    filled = 0
    for tenant in TENANTS:
        with open_build(files, tenant) as one, open_build(rows, tenant) as other:
            assert other.run_id == other.folder.name != one.run_id
            for metrics, by in questions(one.catalog):
                ours, theirs = (query.answer(build, metrics, by=by) for build in (one, other))
                assert not list(differences(ours, theirs)), (tenant, by)
                assert ours.schema.equals(theirs.schema), (tenant, by, ours.schema, theirs.schema)
                filled += sum(column.length() - column.null_count for column in ours.columns)
    assert filled > 5_000


def words(content: Content) -> Content:
    """A report without its tables and the name of its run."""
    return replace(content, table=None, charts=tuple(replace(each, table=None) for each in content.charts), run_id="")


def tables(content: Content) -> list[pa.Table]:
    return [content.table, *(each.table for each in content.charts)]


def test_every_report_and_answer_says_the_same(files: Path, rows: InPostgres) -> None:
    for tenant in TENANTS:
        for report in built_in():
            one, other = (
                fill(where, report, date(2026, 1, 10), date(2026, 2, 20), tenant=tenant, now=NOW)
                for where in (files, rows)
            )
            assert words(one) == words(other), report
            for ours, theirs in zip(tables(one), tables(other), strict=True):
                assert not list(differences(ours, theirs)), report
                assert ours.schema.equals(theirs.schema), report
        question = Question(("net_sales", "roas", "cash_received"), ("week",), (date(2026, 1, 3), None))
        documents = []
        for where in (files, rows):
            with open_build(where, tenant) as build:
                document = answers.document(answers.ask(build, question, subject=facts.subject(build), now=NOW))
            documents.append({name: value for name, value in document.items() if name != "run_id"})
        assert documents[0] == documents[1]


def test_a_login_of_one_tenant_reads_that_tenant_alone(place: Place, rows: InPostgres) -> None:
    first, second = TENANTS
    name = f"reads_{first}_{place.uri().rpartition('/')[2]}"
    password = readers.add(place.settings, warehouse.of_settings(place.settings), Reader(name, first), None)
    account = rows.uri.split("//")[1].split("@")[0]
    own = replace(rows, uri=rows.uri.replace(account, f"{name}:{password}"))
    assert query.ask(own, ["net_sales", "aov"], ["month"]).equals(
        query.ask(rows, ["net_sales", "aov"], ["month"], tenant=first)
    )
    assert query.ask(own, ["net_sales"], ["tenant_id"]).column("tenant_id").to_pylist() == [first]
    with pytest.raises(UnknownTenantError, match=f"Choose from: {first}"):
        query.ask(own, ["net_sales"], tenant=second)
