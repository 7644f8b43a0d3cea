"""The demo's messages: a delivery and an alert channel per simulated tenant, to a mailbox on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from common.errors import StopError
from connectors.settings import SourceSettings
from orchestration import deliveries
from orchestration.home import Home
from orchestration.settings import Settings
from serving.deliveries.outbox import Entry

FOLDER = "mailbox"
DELIVERY = "weekly-revenue"
SHOP_REPORT, CREATOR_REPORT = "revenue-overview", "creator"
CHURN_LIMIT = 0.01  # strict: subscribers leave the simulated shops in most months


def folder(home: Home) -> Path:
    """Where the mailbox keeps what it receives."""
    return home.root / FOLDER


def is_shop(kinds: Iterable[str]) -> bool:
    """Whether a tenant with sources of these kinds is a shop; the demo's other tenant is a creator."""
    return "shopify" in kinds


def report_of(sources: Iterable[SourceSettings]) -> str:
    """The first report of a tenant with these sources."""
    return SHOP_REPORT if is_shop(source.kind for source in sources) else CREATOR_REPORT


def lines(tenant: dict[str, Any], mailbox: dict[str, Any], secrets: Path) -> Iterator[str]:
    """The tables of a tenant in takings.toml, beside its address in a file of `secrets`."""
    name, has_shop = tenant["id"], is_shop(source["kind"] for source in tenant["sources"])
    path = secrets / f"{name}.mail.address"
    path.write_text(
        f"mailto://127.0.0.1:{mailbox['smtp_port']}/?from=takings@demo.example&to=owner@{name}.example&mode=insecure\n"
    )
    path.chmod(0o600)
    address = f"file:secrets/{path.name}"
    if has_shop:
        yield from (
            "  # Its own limit, so that the demo shows what an alert looks like; without it: 8 %.",
            "  [tenants.alerts]",
            f"  churn = {CHURN_LIMIT}",
        )
    yield from (
        "  [[tenants.alert_channels]]",
        '  name = "owner"',
        f'  address = "{address}"',
        "  [[tenants.deliveries]]",
        f'  name = "{DELIVERY}"',
        f'  report = "{SHOP_REPORT if has_shop else CREATOR_REPORT}"',
        '  schedule = "0 8 * * 1"',
        f'  recipients = ["{address}"]',
    )


def send_report(settings: Settings) -> list[Entry]:
    """Send the first shop's delivery now, as its schedule does on Mondays. Raises TakingsError."""
    tenant = settings.tenants[0]
    return deliveries.send_now(settings, tenant, tenant.deliveries[0])


def check(settings: Settings) -> str:
    """Say what is in the mailbox. Raises StopError where a report or an alert that was sent is not in it."""
    from simulator import Mailbox

    received = [item.title for item in Mailbox(folder(Home(settings.home))).items()]
    counts = {"report": 0, "alert": 0}
    with closing(deliveries.outbox(settings)) as box:
        entries = box.entries()
        for entry in entries:
            message = box.message(entry) if entry.state == "sent" else None
            counts[entry.key.kind] += message is not None and message.title in received
    if missing := [kind for kind, count in counts.items() if not count]:
        states = "; ".join(f"{entry.key.kind} of {entry.key.tenant}: {entry.state} {entry.detail}" for entry in entries)
        raise StopError(f"No {' and no '.join(missing)} arrived in the demo's mailbox", states or "nothing was planned")
    return f"Reports in the mailbox: {counts['report']}; messages about alerts: {counts['alert']}."
