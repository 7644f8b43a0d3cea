"""Every dashboard as it looks with much, little, one-sided and odd data, on a desktop and a phone, in light and dark.

The pictures are kept in the folder of screenshots to be looked at. What a machine can see is checked: no error, no NaN
or infinity, nothing wider than the screen, no chart that says nothing where it has no rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from tests.superset_assets import browser, marts
from tests.superset_assets.conftest import Running, copied, point_to
from tests.superset_assets.test_browser import BOARDS, charts

ALWAYS = ("build_info", "time_spine")
"""Marts that have rows even where nothing was sold."""
LONG = "Größenverstellbares “Ultra-Light” <b>Zelt</b> für 2–3 Personen, inkl. Gestänge & Heringe (Ausverkauf 50 %)"
NAMES = ("product_title", "display_name", "channel", "campaign_name", "name", "tenant_name")
WRONG_TEXTS = ("NaN", "Infinity", "∞", "undefined", "[object", "DATEADD", "DATETRUNC")
pytestmark = [pytest.mark.deep, pytest.mark.browser, pytest.mark.superset]

Change = Callable[[duckdb.DuckDBPyConnection], None]


def tables(db: duckdb.DuckDBPyConnection, column: str) -> list[str]:
    """Marts that have a column."""
    listed = db.execute("select table_name from duckdb_columns() where schema_name = 'marts' and column_name = ?",
                       [column]).fetchall()  # fmt: skip
    return [name for (name,) in listed]


def nothing(db: duckdb.DuckDBPyConnection) -> None:
    for mart in sorted(set(tables(db, "tenant_id")) - set(ALWAYS)):
        db.execute(f"delete from marts.{mart}")


def one_source(db: duckdb.DuckDBPyConnection) -> None:
    """A shop alone: no payments, no advertising, no files."""
    for mart in tables(db, "source"):
        db.execute(f"delete from marts.{mart} where source <> 'shopify'")
    for mart in ("spend", "cash", "mrr_monthly", "customer_mrr", "finance_monthly", "sessions_daily", "activity_daily",
                 "feature_daily", "events", "outlook", "targets"):  # fmt: skip
        if mart in tables(db, "tenant_id"):
            db.execute(f"delete from marts.{mart}")


def odd_names(db: duckdb.DuckDBPyConnection) -> None:
    """Names that are long, hold HTML, and are written from right to left."""
    for column in NAMES:
        for mart in tables(db, column):
            db.execute(f"update marts.{mart} set {column} = {column} || ' ' || ? || ' שלום'", [LONG])


DAYS = {"one day": 1, "two years": 740}
CHANGES: dict[str, Change] = {"no data": nothing, "one source": one_source, "odd names": odd_names}


@pytest.fixture(params=["full", *DAYS, *CHANGES])
def variant(superset: Running, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the data that is published while a test runs."""
    before, name = (superset.published / "current").resolve(), str(request.param)
    folder = name.replace(" ", "-")
    is_new = not (superset.published / folder).exists()  # several pictures are of the same data
    if name in DAYS and is_new:
        marts.publish(superset.published, folder, days=DAYS[name])
    elif name in CHANGES and is_new:
        build: Path = copied(superset, folder)
        with duckdb.connect(str(build / "tenant-aurora.duckdb")) as db:
            CHANGES[name](db)
    if name != "full":
        point_to(superset, folder)
    yield folder
    point_to(superset, before.name)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["1440", "390"])
def test_every_dashboard_can_be_looked_at(superset: Running, variant: str, phone: bool, dark: bool) -> None:
    wrong = []
    with browser.chromium(dark=dark, phone=phone) as driver:
        browser.log_in(driver, superset.server.url, superset.server.credentials.login("aurora"))
        for slug in BOARDS:
            driver.get(f"{superset.server.url}/superset/dashboard/{slug}/")
            browser.settle(driver, charts(slug), drawn=False)
            browser.screenshot(driver, f"{variant}-{slug}-{390 if phone else 1440}-{'dark' if dark else 'light'}")
            text = driver.execute_script("return document.querySelector('.dashboard-content, .dashboard').innerText")
            wrong += [
                f"{slug}: {word} in {line!r}" for line in text.splitlines() for word in WRONG_TEXTS if word in line
            ]
            allowed = {"No data"} if variant == "no-data" else set()  # of a number without rows
            wrong += [f"{slug}: {each}" for each in set(browser.complaints(driver)) - allowed]
            width, page = driver.execute_script("return [innerWidth, document.documentElement.scrollWidth]")
            wrong += [f"{slug}: {page} pixels wide"] if page > width else []
    assert wrong == []
