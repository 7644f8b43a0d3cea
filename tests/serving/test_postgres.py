"""The application over a build in PostgreSQL: bytes as over files, a publish shows at once, and trouble is a page."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from semantic.engine import Opened
from semantic.postgres import CONNECTIONS, InPostgres
from semantic.warehouse import Published
from serving.app import application
from serving.tenant_api import presence
from tests.connectors.postgres.database import server
from tests.semantic import in_postgres
from tests.serving.asgi import Client
from tests.serving.conftest import Served, Sessions, copied, site_of

NOW = datetime.now(UTC).replace(microsecond=0)
API = "/api/v1"
QUESTION = f"{API}/query?metrics=net_sales,aov,orders_placed&by=week,channel&period=30d"
ADDRESSES = (
    f"{API}/metrics", f"{API}/metrics/net_sales", f"{API}/metrics/ad_spend", QUESTION, f"{QUESTION}&format=csv",
    f"{QUESTION}&format=arrow", f"{QUESTION}&where=channel=Nobody", f"{API}/query?metrics=net_sale",
    f"{API}/query?metrics=net_sales,product_revenue,customer_net_sales&by=month", f"{API}/reports", f"{API}/freshness",
    f"{API}/alerts", f"{API}/reports/revenue-overview?period=30d&format=csv", f"{API}/reports/top-products?period=30d",
)  # fmt: skip
PAGES = ("/reports/revenue-overview?period=30d", "/reports/product-performance/csv?period=30d")


@pytest.fixture(scope="module")
def place(published: Path) -> InPostgres:
    return in_postgres.copied(published)


def served_from(published: Published, folder: Path) -> Served:
    site = replace(site_of(Path(), folder, Sessions(), lambda: NOW), published=published)
    return Served(site, Sessions(), Client(application(site)))


def contents(body: bytes) -> bytes | tuple[str, list[dict[str, object]]]:
    """The bytes; of an Arrow stream, whose buffers may differ, the types, facts and cells."""
    if not body.startswith(b"\xff\xff\xff\xff"):
        return body
    table = pa.ipc.open_stream(body).read_all()
    return table.schema.to_string(show_field_metadata=True, truncate_metadata=False), table.to_pylist()


def test_every_address_answers_with_the_same_bytes_from_files_and_from_the_database(
    published: Path, place: InPostgres, tmp_path: Path
) -> None:
    files, rows = served_from(published, tmp_path / "files"), served_from(place, tmp_path / "rows")
    for tenant in ("aurora", "nordlicht"):
        for address in ADDRESSES:
            one, other = (each.client.get(address, headers=each.bearer(tenant)) for each in (files, rows))
            assert (one.status, contents(one.body)) == (other.status, contents(other.body)), address
            assert one.headers.get("etag") == other.headers.get("etag")
        for address in PAGES:
            one, other = (each.as_login(tenant).get(address) for each in (files, rows))
            assert (one.status, one.body) == (other.status, other.body), address
            assert one.status == 200


def test_a_publish_shows_at_once_and_an_answer_that_is_known_is_not_sent_again(published: Path, tmp_path: Path) -> None:
    place = in_postgres.copied(copied(published, tmp_path / "published"))
    served = served_from(place, tmp_path / "state")
    headers, address = served.bearer(), f"{API}/query?metrics=net_sales"

    def amount() -> str:
        answer = served.client.get(address, headers=headers)
        rows: list[dict[str, str]] = json.loads(answer.body)["rows"]
        return rows[0]["net_sales"]

    before, tag = amount(), served.client.get(address, headers=headers).headers["etag"]
    assert served.client.get(address, headers={**headers, "if-none-match": tag}).status == 304
    page = served.as_login("aurora").get(PAGES[0]).body
    (place.folder / "run-02").symlink_to("run-01")
    with in_postgres.changing(place) as db:
        db.execute("update marts.metrics_daily set net_sales_minor = net_sales_minor * 3")
        db.execute("update takings.published set run = 'run-02', published_at = published_at + interval '1 second'")
    assert Decimal(amount()) == Decimal(before) * 3
    assert served.client.get(address, headers={**headers, "if-none-match": tag}).status == 200
    assert served.as_login("aurora").get(PAGES[0]).body != page


def test_whether_a_store_has_an_assistant_is_asked_of_any_place_once_per_build(
    place: InPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "_CHATS", {})  # other tests ask of the same build

    class Counted:
        """A place that cannot be hashed, as one that follows a configuration."""

        questions: int = 0

        def current(self) -> Path:
            return place.current()

        def opened(self) -> AbstractContextManager[Opened]:
            self.questions += 1
            return place.opened()

    counted = Counted()
    site = served_from(counted, tmp_path / "state").site
    answers = [presence.has_assistant(site, tenant) for tenant in ("aurora", "aurora", "nordlicht")]
    assert counted.questions == 2
    assert answers[0] == answers[1] == presence.has_assistant(replace(site, published=place), "aurora")


@pytest.mark.parametrize("what", ["the server is gone", "a table is missing", "nothing is published"])
def test_a_database_that_cannot_be_read_is_a_problem_and_a_page_that_tell_nothing_of_it(
    published: Path, tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    place = in_postgres.copied(published)
    if what == "the server is gone":
        place = replace(place, uri=place.uri.replace(place.uri.split("@")[-1].partition("/")[0], "127.0.0.1:1"))
    else:
        with in_postgres.changing(place) as db:
            db.execute("drop table marts.metrics_daily" if "table" in what else "delete from takings.published")
    served = served_from(place, tmp_path / "state")
    title = "There are no numbers yet" if what == "nothing is published" else "The numbers cannot be read"
    for address in (f"{API}/query?metrics=net_sales", f"{API}/reports/revenue-overview?period=30d", f"{API}/metrics"):
        answer = served.client.get(address, headers=served.bearer())
        assert answer.status == 503, address
        assert json.loads(answer.body)["title"] == title
        assert not {"127.0.0.1", "postgres", "metrics_daily"} & set(answer.body.decode().lower().split())
    page = served.as_login("aurora").get(PAGES[0])
    assert (page.status, b"There is no report to show yet" in page.body) == (503, True)
    assert b"PostgreSQL" not in page.body
    assert "PostgreSQL database of the published build" in caplog.text
    assert "p@ss" not in caplog.text and "p%40ss" not in caplog.text


def test_after_the_server_was_gone_the_next_question_is_answered(place: InPostgres, tmp_path: Path) -> None:
    served = served_from(place, tmp_path / "state")
    headers = served.bearer()
    assert served.client.get(f"{API}/metrics", headers=headers).status == 200
    assert CONNECTIONS.idle
    with server().connect() as admin:
        name = place.uri.rpartition("/")[2]
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
    assert served.client.get(QUESTION, headers=headers).status == 200
