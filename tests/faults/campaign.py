"""One fault in one pull: the simulated source answers wrongly, then rightly again.

`judge` raises WrongError that says what is wrong: an exception other than TakingsError, a success with other rows
than an undisturbed pull, rows lost by an error, more than MOST_REQUESTS requests, or a next pull that does not heal.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb

from common.errors import TakingsError
from connectors import http
from connectors.base import Account, Pulled
from connectors.http import Transport
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.registry import BY_KIND
from connectors.settings import SourceSettings
from connectors.shopify.settings import ShopifySettings
from connectors.stripe.settings import StripeSettings
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from connectors.tiktok_ads.settings import TikTokAdsSettings
from simulator import SimulatorServer, World, demo_world, serve
from simulator.apis.base import Api, Request, Response
from simulator.scenarios.payments import secret_key
from tests.faults.kinds import KINDS, VALUES, Change

SHOP, START, END = "aurora", date(2026, 3, 1), datetime(2026, 3, 14, 10, tzinfo=UTC)
BEFORE = END - timedelta(days=1)
MOST_REQUESTS = 20_000
SOURCES = ("shopify", "stripe", "meta_ads", "tiktok_ads")
PATHS = {"shopify": "shopify", "stripe": "stripe", "meta_ads": "meta", "tiktok_ads": "tiktok"}
PHASES = ("first", "increment")
LASTINGS = ("once", "lasting")
UNCOMPARED = frozenset({"run_id", "landing_part", "known_from", "seen_at"})  # lineage, and times of a pull
Tables = dict[str, list[tuple[Any, ...]]]


class WrongError(AssertionError):
    """A pull under a fault, or the one after it, went wrong."""


@dataclass
class Corrupted:
    """An API whose answers are changed from one request on, for some requests or until the end."""

    api: Api
    now: Callable[[], datetime]
    change: Change | None = None
    first: int = 0
    times: int | None = None
    requests: int = 0

    def respond(self, request: Request) -> Response:
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            return Response(401, b"{}")
        response = self.api.respond(request)
        behind = self.requests - self.first
        if self.change is None or behind < 0 or (self.times is not None and behind >= self.times):
            return response
        return self.change(response, self.now())


@dataclass
class Case:
    """A source with undisturbed pulls to compare with: `folders` and `tables` by phase, requests by phase."""

    source: str
    server: SimulatorServer
    account: Account
    settings: SourceSettings
    api: Corrupted
    folder: Path
    before: dict[str, Path] = field(default_factory=dict)
    expected: dict[str, Tables] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)

    def pull(self, folder: Path) -> list[Pulled]:
        transport = Transport((self.account.secret,), sleep=lambda seconds: None)
        with Staging(folder / "staging.duckdb") as staging:
            context = PullContext(self.account, Landing(folder / "landing"), staging, "run", transport)
            return list(BY_KIND[self.source].pull(context, self.settings))

    def tables(self, folder: Path) -> Tables:
        """Every row of every staging table, without its lineage and the time of the pull."""
        with duckdb.connect(str(folder / "staging.duckdb"), read_only=True) as db:
            db.execute("set threads = 1")
            names = db.execute(
                "select table_name, list(column_name order by column_index) from duckdb_columns() "
                "where schema_name = ? group by table_name order by table_name", [self.source]
            ).fetchall()  # fmt: skip
            result = {}
            for name, columns in names:
                shown = ", ".join(column for column in columns if column not in UNCOMPARED)
                result[name] = sorted(db.execute(f"select {shown} from {self.source}.{name}").fetchall(), key=repr)
            return result

    def rejects(self, folder: Path) -> int:
        with duckdb.connect(str(folder / "staging.duckdb"), read_only=True) as db:
            row = db.execute("select count(*) from takings.rejects").fetchone()
            return int(row[0]) if row else 0

    def prepare(self) -> None:
        """The undisturbed pulls."""
        for phase, now in zip(PHASES, (BEFORE, END), strict=True):
            empty = self.folder / phase
            empty.mkdir()
            if phase == "increment":
                shutil.copytree(self.folder / "first.after", empty, dirs_exist_ok=True)
            self.before[phase] = empty
            self.server.set_now(now)
            after = self.folder / f"{phase}.after"
            shutil.copytree(empty, after)
            self.api.requests = 0
            self.pull(after)
            self.requests[phase], self.expected[phase] = self.api.requests, self.tables(after)


def world() -> World:
    """Two weeks of two small shops."""
    return demo_world(seed=11, start=START, end=END, orders=200)


@contextmanager
def case(source: str, of: World) -> Iterator[Case]:
    with serve(of) as server, tempfile.TemporaryDirectory() as folder:
        apis: Any = server._http.apis
        apis[PATHS[source]] = api = Corrupted(apis[PATHS[source]], lambda: server.now)
        account, settings = _account(source, server)
        one = Case(source, server, account, settings, api, Path(folder))
        one.prepare()
        yield one


def _account(source: str, server: SimulatorServer) -> tuple[Account, SourceSettings]:
    secret = "env:UNUSED"
    if source == "shopify":
        token = server.world.shop(SHOP).token
        account = Account("acme", source, SHOP, server.base_url(SHOP), token)
        return account, ShopifySettings(kind="shopify", account=SHOP, secret=secret)
    if source == "stripe":
        account = Account("acme", source, SHOP, server.base_url(SHOP, "stripe"), secret_key(SHOP))
        return account, StripeSettings(kind="stripe", account=SHOP, secret=secret)
    books = server.world.ad_account(SHOP, PATHS[source])
    account = Account("acme", source, books.id, f"{server.url}/{PATHS[source]}", books.token)
    if source == "meta_ads":
        return account, MetaAdsSettings(kind="meta_ads", account=books.id, secret=secret, since=START)
    settings = TikTokAdsSettings(kind="tiktok_ads", account=books.id, secret=secret, since=START, queries_a_second=1000)
    return account, settings


def judge(one: Case, kind: str, phase: str, lasting: str) -> str:
    """How a pull under a fault ended: as `success` or as `error`. Raises WrongError."""
    with tempfile.TemporaryDirectory() as temporary, mock.patch.object(http, "BODY_SECONDS", 0.2):
        folder = Path(temporary) / "place"
        shutil.copytree(one.before[phase], folder)
        one.server.set_now(BEFORE if phase == "first" else END)
        chosen = random.Random(f"{kind} {phase} {lasting}").randint(1, one.requests[phase])  # noqa: S311
        if kind.startswith("date_"):
            chosen = 1  # the time is read from the first responses
        results, error = _pull_under_fault(one, folder, KINDS[kind], chosen, 1 if lasting == "once" else None)
        reported = one.rejects(folder) > 0 or any(result.warnings for result in results)
        tables = one.tables(folder)
        if error is None:
            difference = _difference(tables, one.expected[phase])
            if difference and not reported:
                raise WrongError(f"success with other rows and without a word: {difference}")
            if not difference or kind in VALUES:  # in the latter case the source's values were wrong
                return "success"
        elif phase == "increment" and (lost := _lost(one.expected["first"], tables)):
            raise WrongError(f"rows lost by an error: {lost} ({error})")
        _heal(one, folder, phase, f"; before: {error}", exact=not (kind in VALUES and reported))
    return "error" if error else "success"


def _pull_under_fault(
    one: Case, folder: Path, change: Change, first: int, times: int | None
) -> tuple[list[Pulled], TakingsError | None]:
    one.api.change, one.api.first, one.api.times, one.api.requests = change, first, times, 0
    try:
        results, error = one.pull(folder), None
    except TakingsError as raised:
        results, error = [], raised
    except Exception as raised:
        raise WrongError(f"a traceback: {type(raised).__name__}: {str(raised)[:300]}") from raised
    finally:
        one.api.change = None
    if one.api.requests > MOST_REQUESTS:
        raise WrongError(f"without an end: {one.api.requests} requests")
    return results, error


def _heal(one: Case, folder: Path, phase: str, before: str, *, exact: bool) -> None:
    """The next pull, of a source that answers rightly again."""
    try:
        one.pull(folder)
    except Exception as raised:
        raise WrongError(f"the next pull fails: {type(raised).__name__}: {str(raised)[:300]}{before}") from raised
    difference = _difference(one.tables(folder), one.expected[phase])
    if difference and exact:
        raise WrongError(f"the next pull does not heal: {difference}{before}")


def _difference(tables: Tables, expected: Tables) -> str:
    names = [name for name in expected if tables.get(name) != expected[name]]
    return ", ".join(f"{name} {len(tables.get(name, []))} instead of {len(expected[name])} rows" for name in names)


def _lost(before: Tables, after: Tables) -> str:
    """Tables that have fewer rows than before."""
    return ", ".join(name for name, rows in before.items() if len(after.get(name, [])) < len(rows))
