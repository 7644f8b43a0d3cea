"""How the state of an alert follows from one observation after another, and when a message is due.

    observation (a build, or a look at the clock) ──advance──▶ Status ──due──▶ begin | end | lost

What was reported is part of the status: a message is due where it differs from what is. So a message that was held back
(snoozed, over the budget, no channel) is sent later where it is still true, and never twice.

An alert begins with the first observation that fires. It ends with the first quiet one whose data are newer than the
last firing ones by at least the alert's patience: a number that goes back and forth around its limit is one alert. A
change of the rule ends it at once. An observation without a number changes nothing; after eight days of them, one
message says that the rule cannot be checked (docs/decisions/0039).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Family = Literal["rule", "wait"]
State = Literal["firing", "quiet", "unknown", "removed"]
Event = Literal["begin", "end", "lost"]
PATIENCE = timedelta(hours=6)
"""An alert of a rule ends when its data are this much newer than the last ones with which it fired."""
LOST = timedelta(days=8)
"""Longer than a week without a new customer, in which a number by week has no value."""


@dataclass(frozen=True)
class Observation:
    """What a rule, or a look at the clock, says now.

    name: the rule's, such as churn; `delivery_waits/monday` for one of several. definition: everything that decides
    when it fires, as text: where it differs from the last one, the rule was changed. facts: the numbers for a message.
    """

    name: str
    title: str
    state: Literal["firing", "quiet", "unknown"]
    text: str
    definition: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """The state of an alert of a tenant. Instants are UTC; those of rules are the times of the data (`as_of`).

    state: as last observed. active: whether the alert lasts; also while its number is unknown, or quiet for less than
    its patience. since: the data with which it began, or ended. run: the build of that. reported: whether people were
    last sent that it lasts. reason: why it ended, where no number is the reason.
    """

    tenant: str
    name: str
    family: Family
    title: str = ""
    state: State = "quiet"
    active: bool = False
    since: datetime | None = None
    run: str = ""
    text: str = ""
    definition: str = ""
    fired_at: datetime | None = None
    known_at: datetime | None = None
    seen_at: datetime | None = None
    reported: bool = False
    reported_lost: bool = False
    reason: str = ""
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    snoozed_by: str | None = None
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def is_snoozed(self, now: datetime) -> bool:
        """Whether no message is sent of it now."""
        return self.snoozed_until is not None and now < self.snoozed_until


def advance(old: Status, seen: Observation, at: datetime, run: str) -> Status:
    """The status after an observation of data as of `at`, of the build `run`."""
    new = replace(old, title=seen.title, state=seen.state, text=seen.text, seen_at=at)
    if seen.state == "unknown":
        return new
    facts = seen.facts or old.facts
    new = replace(new, definition=seen.definition, known_at=at, reported_lost=False, facts=facts)
    if seen.state == "firing":
        return replace(new if old.active else _begun(new, at, run), fired_at=at)
    if not old.active:
        return new
    changed = old.definition != seen.definition
    patience = PATIENCE if old.family == "rule" else timedelta.min  # also where the clock was set back
    if changed or old.fired_at is None or at - old.fired_at >= patience:
        return _ended(new, at, run, "The rule or its limit was changed." if changed else "")
    return new


def remove(old: Status, at: datetime, run: str) -> Status:
    """The status of a rule that is not there any more."""
    removed = replace(old, state="removed", seen_at=at)
    return _ended(removed, at, run, "The rule was removed.") if old.active else removed


def due(status: Status, now: datetime) -> Event | None:
    """The message that people have not been sent of this state; None where there is none, or it is snoozed."""
    if status.is_snoozed(now):
        return None
    if status.active != status.reported:
        return "begin" if status.active else "end"
    if status.state != "unknown" or status.reported_lost or status.acknowledged_by:
        return None
    return "lost" if status.known_at and status.seen_at and status.seen_at - status.known_at >= LOST else None


def report(status: Status, event: Event) -> Status:
    """The status after people were sent an event."""
    return replace(status, reported_lost=True) if event == "lost" else replace(status, reported=event == "begin")


def acknowledge(status: Status, by: str, now: datetime) -> Status:
    """Somebody knows of an active alert: its beginning is not sent any more, its end is. Until it ends."""
    return replace(status, acknowledged_by=by, acknowledged_at=now, reported=True)


def snooze(status: Status, by: str, now: datetime, until: datetime) -> Status:
    """Nothing is sent of it until an instant; what is still true then is sent."""
    return replace(status, snoozed_by=by, snoozed_at=now, snoozed_until=until)


def unsnooze(status: Status) -> Status:
    """Messages are sent again."""
    return replace(status, snoozed_by=None, snoozed_at=None, snoozed_until=None)


def active_names(statuses: Iterable[Status], family: Family = "rule") -> set[str]:
    """The alerts that last."""
    return {status.name for status in statuses if status.active and status.family == family}


def instant(seconds: int | None) -> datetime | None:
    """An instant from UTC seconds."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _begun(status: Status, at: datetime, run: str) -> Status:
    return replace(status, active=True, since=at, run=run, reason="")


def _ended(status: Status, at: datetime, run: str, reason: str) -> Status:
    ended = replace(status, active=False, since=at, run=run, reason=reason)
    return replace(ended, acknowledged_by=None, acknowledged_at=None)
