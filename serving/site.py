"""What the web application serves: tenants, reports, links and logins. orchestration/web.py puts it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from semantic.reports.brand import Brand
from semantic.subject import Subject
from semantic.warehouse import Build, Published
from serving.alerts.listing import Listed
from serving.audit.records import Records
from serving.chat import rooms
from serving.collector.collectors import Collector
from serving.keys import Keys
from serving.ledger import Ledger
from serving.people import Logins
from serving.tenant_api.history import History
from serving.tokens import Tokens

if TYPE_CHECKING:
    from serving.tenant_api.logos import Logos

Alerts = Callable[[Build], Sequence[Listed]]


def no_alerts(_: Build) -> Sequence[Listed]:
    """No rules."""
    return ()


@dataclass(frozen=True)
class Tenant:
    """A tenant as its readers see it, how many days its links last (by default, and at most), and how many requests
    each of its tokens may make in a minute."""

    id: str
    subject: Subject
    brand: Brand
    default_days: int = 7
    most_days: int = 90
    requests_per_minute: int = 600


@dataclass(frozen=True)
class Site:
    """Everything that the application needs.

    published: where published builds are. custom: the folder of reports of one's own. address: this application's
    as people reach it, None for this machine alone; Superset is then on the same host at `superset_port`. settings: the
    settings of each tenant's assistant, with their history. logos: the logos that they name; None: none is fetched.
    records: where requests are noted. chat: the servers and
    workspaces whose commands are answered. alerts: the alert rules of an open build with their states. collectors: the
    write keys with which pages and programs may send records.
    """

    published: Published
    tenants: Mapping[str, Tenant]
    logins: Logins
    keys: Keys
    ledger: Ledger
    tokens: Tokens
    settings: History
    records: Records
    custom: Path | None = None
    address: str | None = None
    superset_port: int = 8088
    chat: rooms.Chat = rooms.NONE
    alerts: Alerts = no_alerts
    collectors: Sequence[Collector] = ()
    logos: Logos | None = None
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @property
    def hosts(self) -> list[str]:
        """The names that the application answers to."""
        public = urlsplit(self.address).hostname if self.address else None
        return ["127.0.0.1", "localhost", *([public] if public else [])]

    @property
    def https(self) -> bool:
        """Whether people reach it by https."""
        return (self.address or "").startswith("https://")

    def own_address(self, host: str) -> str:
        """The address of this application for somebody who asked it as `host` (name and port)."""
        return self.address or f"http://{host}"

    def origins(self, host: str) -> set[str]:
        """What browsers call the origin of our own pages."""
        return {self.own_address(host), f"http://{host}"}

    def superset_address(self, host: str) -> str:
        """Superset's address, on the same host: only then browsers send its session here."""
        if self.address:
            parts = urlsplit(self.address)
            return f"{parts.scheme}://{parts.hostname}"
        return f"http://{host.partition(':')[0]}:{self.superset_port}"
