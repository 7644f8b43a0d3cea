"""The demo's messages: a delivery and an alert channel per simulated shop, to a mailbox on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from common.errors import StopError
from orchestration import deliveries
from orchestration.home import Home
from orchestration.settings import Settings
from serving.deliveries.outbox import Entry

FOLDER = "mailbox"
DELIVERY = "weekly-revenue"
CHURN_LIMIT = 0.01  # strict: subscribers leave the simulated shops in most months


def folder(home: Home) -> Path:
    """Where the mailbox keeps what it receives."""
    return home.root / FOLDER


def lines(shop: dict[str, Any], mailbox: dict[str, Any], secrets: Path) -> Iterator[str]:
    """The tables of a shop in takings.toml, beside its address in a file of `secrets`."""
    tenant = shop["id"]
    path = secrets / f"{tenant}.mail.address"
    path.write_text(
        f"mailto://127.0.0.1:{mailbox['smtp_port']}/?from=takings@demo.example&to=owner@{tenant}.example&mode=insecure\n"
    )
    path.chmod(0o600)
    address = f"file:secrets/{path.name}"
    yield from (
        "  # Its own limit, so that the demo shows what an alert looks like; without it: 8 %.",
        "  [tenants.alerts]",
        f"  churn = {CHURN_LIMIT}",
        "  [[tenants.alert_channels]]",
        '  name = "owner"',
        f'  address = "{address}"',
        "  [[tenants.deliveries]]",
        f'  name = "{DELIVERY}"',
        '  report = "revenue-overview"',
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
