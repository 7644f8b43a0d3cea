"""What is sent to people after a publish, and when its time has come: deliveries, then messages about alerts.

    send_due(settings)   plans, writes and sends what is due
    is_due(settings)     whether that would do anything: cheap: it is asked every minute

Sending never fails a run: its numbers are published already. What goes wrong is a warning.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from common.errors import TakingsError
from orchestration import alert_messages, deliveries
from orchestration.deliveries import utc_now
from orchestration.settings import Settings
from serving.deliveries import plan
from serving.deliveries.deliver import Clock, deliver
from serving.deliveries.outbox import Entry, Outbox

REMOVED = "takings.toml has no such alert channel any more"


@dataclass
class Sent:
    """What a pass did: the messages that it touched, and a sentence for everything that went wrong."""

    entries: list[Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def send_due(settings: Settings, now: Clock = utc_now) -> Sent:
    """Send what is due: reports, then what began or ended of alerts. Every trouble is a warning."""
    sent = Sent()
    for step in (_reports, _alerts):
        try:
            step(settings, now, sent)
        except TakingsError as error:
            sent.warnings.append(f"messages: {error}")
        except Exception as error:  # the run has done its work: its numbers are published
            sent.warnings.append(f"messages: they could not be sent ({type(error).__name__}: {error})")
    return sent


def is_due(settings: Settings, now: datetime) -> bool:
    """Whether `send_due` would plan, write or send anything. Raises StateError.

    A delivery that waits for data does not count: the run that publishes them sends it.
    """
    with closing(deliveries.outbox(settings)) as box:
        ready = [entry for entry in box.open(now) if entry.state == "rendered" or not entry.detail]
        return bool(
            ready
            or plan.is_due(box, list(deliveries.schedules(settings)), now)
            or alert_messages.is_due(settings, box, now)
        )


def send_alerts(settings: Settings, box: Outbox, now: Clock) -> tuple[list[Entry], list[str]]:
    """Observe the published build and the clock, and send what follows. Returns the messages and what went wrong."""
    _, problems = alert_messages.observe(settings, box, now())
    addresses = {
        (tenant.id, channel.name, channel.address) for tenant in settings.tenants for channel in tenant.alert_channels
    }
    entries = []
    for entry in box.open(now(), "alert"):
        if (entry.key.tenant, entry.key.name, entry.recipient) in addresses:
            entries.append(entry)
        else:
            box.cancel(entry, REMOVED, now())
    render = partial(alert_messages.render, settings, box)
    return deliver(box, entries, render, deliveries.sender(settings), now), problems


def _reports(settings: Settings, now: Clock, sent: Sent) -> None:
    due = deliveries.deliver_due(settings, now)
    sent.entries += due.entries
    sent.warnings += due.warnings()


def _alerts(settings: Settings, now: Clock, sent: Sent) -> None:
    with closing(deliveries.outbox(settings)) as box:
        entries, problems = send_alerts(settings, box, now)
    sent.entries += entries
    sent.warnings += [*problems, *deliveries.Due(entries, [], []).warnings()]
