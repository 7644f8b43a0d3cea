"""The application over a published build of two tenants, with logins that the test decides on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from common.presets import Days
from connectors.collector.records import Records
from connectors.collector.streams import LISTS
from semantic import catalog as catalogs
from semantic.reports.brand import Brand
from semantic.subject import Subject
from serving import links
from serving.app import application
from serving.audit.records import Records as AuditRecords
from serving.collector.collectors import Collector
from serving.errors import LoginServerError
from serving.keys import Keys
from serving.ledger import Ledger
from serving.people import Dashboard, Person, of_roles
from serving.site import Site, Tenant
from serving.tenant_api.history import History
from serving.tokens import SCOPES, Tokens
from tests.serving.asgi import Client, loop
from tests.superset_assets import marts

ZONE = "America/New_York"
WRITE_KEYS = {"aurora": "write-key-of-the-first-shop", "nordlicht": "write-key-of-the-second-shop"}
ROLES = {
    "aurora": ["tenant:aurora"], "nordlicht": ["tenant:nordlicht"], "maria": ["tenant:aurora", "takings:analyst"],
    "ola": ["takings:operator"], "admin": ["Admin"], "nobody": ["Gamma"], "both": ["tenant:aurora", "tenant:nordlicht"],
}  # fmt: skip
"""Logins with their roles at Superset; a session is `<login>-session`."""


@dataclass
class Sessions:
    """Superset as the application sees it: which sessions are open, and whether it answers."""

    ended: set[str] = field(default_factory=set)
    down: bool = False

    def person(self, cookie: str) -> Person | None:
        if self.down:
            raise LoginServerError("Superset does not answer")
        name = cookie.removesuffix("-session")
        return of_roles(name, ROLES[name]) if name in ROLES and name not in self.ended else None

    def dashboards(self, cookie: str) -> list[Dashboard]:
        assert cookie
        return [Dashboard("Home", "/superset/dashboard/home/")]


@dataclass
class Served:
    """The application, and all that is behind it."""

    site: Site
    sessions: Sessions
    client: Client

    def as_login(self, name: str) -> Client:
        """The same application, asked by a browser that is logged in."""
        return Client(self.client.app, self.client.host, {"session": f"{name}-session"})

    def link(
        self, tenant: str = "aurora", report: str = "revenue-overview", *, days: Days | None = None,
        rolling: str | None = "30d", lifetime: timedelta = timedelta(days=7),
    ) -> links.Link:  # fmt: skip
        """A link in the ledger."""
        now = self.site.now()
        new = links.new(self.site.keys, report, tenant, days, None if days else rolling, lifetime=lifetime, now=now)
        self.site.ledger.add(new, tenant, now)
        return new

    def bearer(self, tenant: str = "aurora", scopes: Collection[str] = SCOPES, days: float = 7) -> dict[str, str]:
        """The header of a new token for programs."""
        text, _ = self.site.tokens.make(tenant, scopes, timedelta(days=days), by="a test", now=self.site.now())
        return {"authorization": f"Bearer {text}"}

    def token(self, tenant: str = "aurora", report: str = "revenue-overview", **options: Any) -> str:
        return links.sign(self.link(tenant, report, **options), self.site.keys)


def publish_again(published: Path, first: Path, run_id: str, *, scale: int) -> None:
    """Publish the build `first` with net sales times `scale` under another run, as orchestration/publication.py does:
    one swap of `current`, the newest three builds stay."""
    partial = published / f"{run_id}.partial"
    shutil.copytree(first, partial)
    for path in partial.glob("tenant-*.duckdb"):
        with duckdb.connect(str(path)) as db:
            db.execute(f"UPDATE marts.metrics_daily SET net_sales_minor = net_sales_minor * {scale}")
    partial.rename(published / run_id)
    link = published / f"current.{run_id}"
    link.symlink_to(run_id)
    link.replace(published / "current")
    builds = sorted(path for path in published.iterdir() if path.is_dir() and not path.is_symlink())
    for old in builds[:-3]:
        shutil.rmtree(old)


def copied(published: Path, folder: Path) -> Path:
    """A copy of a published folder, to be changed."""
    return Path(shutil.copytree(published, folder, symlinks=True))


@pytest.fixture(scope="session", autouse=True)
def _closed_loop() -> Iterator[None]:
    yield
    loop().close()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published build of two tenants (tests/superset_assets/marts.py) with its definitions, only to be read."""
    folder = tmp_path_factory.mktemp("serving") / "published"
    catalogs.save(marts.catalog(), marts.publish(folder, "run-01", days=60))
    return folder


def site_of(published: Path, state: Path, sessions: Sessions, now: Callable[[], datetime] | None = None) -> Site:
    names = {"aurora": "Aurora Outdoor", "nordlicht": "Nordlicht"}
    tenants = {
        name: Tenant(name, Subject(title, ZONE, {"shopify": "Shopify"}), Brand(title)) for name, title in names.items()
    }
    check = Records(ZoneInfo(ZONE), keep_text=False).check
    collectors = [
        Collector(name, "web", key, state / "collected" / name, LISTS, check, 1_000_000)
        for name, key in WRITE_KEYS.items()
    ]
    site = Site(
        published,
        tenants,
        sessions,
        Keys(state),
        Ledger(state),
        Tokens(state),
        History(state),
        AuditRecords(state),
        collectors=collectors,
    )
    return replace(site, now=now) if now else site


@pytest.fixture
def served(published: Path, tmp_path: Path) -> Served:
    sessions = Sessions()
    site = site_of(published, tmp_path / "state", sessions)
    return Served(site, sessions, Client(application(site)))
