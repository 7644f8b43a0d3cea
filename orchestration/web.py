"""Serves the web application on 127.0.0.1: `python -m orchestration.web PORT`. Reads TAKINGS_HOME and takings.toml."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from common.errors import TakingsError
from connectors.registry import BY_KIND
from orchestration import chat, places, sharing, tokens
from orchestration.alerts import evaluate_tenant
from orchestration.collectors import collectors
from orchestration.home import Home
from orchestration.settings import Settings, load
from orchestration.tenant_settings import TenantSettings
from semantic import periods
from semantic.subject import Subject
from semantic.warehouse import Build
from serving.alerts.book import Book
from serving.alerts.listing import Listed, listed
from serving.audit.records import Records
from serving.chat.rooms import Chat
from serving.deliveries.outbox import Outbox
from serving.people import SupersetLogins
from serving.site import Alerts, Site, Tenant
from serving.tenant_api.branded import Branded
from serving.tenant_api.history import History
from serving.tenant_api.logos import Logos

log = logging.getLogger("takings.serving")
PATIENCE = 3  # seconds that an open request may delay the end


def site(settings: Settings) -> Site:
    """The site of a configuration."""
    home = Home(settings.home)
    logos = Logos(home.serving)
    return Site(
        published=places.for_server(settings),
        tenants=Branded({tenant.id: _tenant(tenant, settings.config_folder) for tenant in settings.tenants}, logos),
        logins=SupersetLogins(f"http://127.0.0.1:{settings.superset.port}"),
        keys=sharing.keys(settings),
        ledger=sharing.ledger(settings),
        tokens=tokens.ledger(settings),
        settings=History(home.serving),
        logos=logos,
        records=Records(home.serving, settings.serving.audit_days),
        custom=settings.reports_folder,
        address=settings.serving.address,
        superset_port=settings.superset.port,
        chat=_chat(settings),
        alerts=_alerts(settings),
        collectors=collectors(settings),
    )


def _chat(settings: Settings) -> Chat:
    """The commands that are answered. Without Slack where its secret is missing: pages and links do not need it."""
    try:
        slack = chat.slack(settings)
    except TakingsError as error:
        log.warning("%s", error)
        slack = None
    return Chat(chat.discord(settings), slack)


def _alerts(settings: Settings) -> Alerts:
    """The rules of a build's tenant, with what is known of their alerts."""
    book = Book(Outbox(Home(settings.home).serving))

    def of_build(build: Build) -> Sequence[Listed]:
        tenant = settings.tenant(build.tenant or "")
        return listed(evaluate_tenant(settings, tenant, build), book.statuses(tenant.id), datetime.now(UTC))

    return of_build


def _tenant(tenant: TenantSettings, folder: Path) -> Tenant:
    sources = {source.kind: BY_KIND[source.kind].title for source in tenant.sources}
    return Tenant(
        tenant.id, Subject(tenant.name, tenant.time_zone, sources), tenant.brand.brand(tenant.name, folder),
        tenant.share.default_days, tenant.share.most_days, tenant.api.requests_per_minute,
    )  # fmt: skip


def draw_once(served: Site) -> None:
    """Draw a report and throw it away: the first picture of a process takes seconds, which nobody has to wait for."""
    from semantic.reports.fill import fill
    from semantic.reports.page import render

    tenant, now = next(iter(served.tenants.values())), served.now()
    first, last = periods.whole("7d", tenant.subject.time_zone, now)
    with suppress(TakingsError):  # before the first publish there is nothing to draw
        content = fill(served.published, "revenue-overview", first, last, tenant=tenant.id, now=now)
        render(content, tenant.brand)


def serve(port: int) -> None:
    """Serve until a signal ends the process."""
    import uvicorn

    from serving.app import application
    from serving.connections import Connection

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    served = site(load())
    threading.Thread(target=draw_once, args=(served,), daemon=True).start()

    uvicorn.run(
        application(served),
        host="127.0.0.1",
        port=port,
        http=Connection,
        log_config=None,
        access_log=False,  # it would hold tokens; serving/headers.py has a log of its own
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
    )


if __name__ == "__main__":
    serve(int(sys.argv[1]))
