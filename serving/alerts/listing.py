"""The alerts of a tenant as a list, for the command line and for programs: the rule's state in the published build,
since when it lasts, who acknowledged it, and until when it is snoozed.

    for item in listed(evaluate(build, …), book.statuses("aurora"), now):
        item.as_dict(build.currency())
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from semantic.alerts.evaluate import Alert, Reading
from semantic.query import plain
from semantic.reports import numbers
from semantic.reports.numbers import rounded
from semantic.warehouse import Currency
from serving.alerts.state import Status


@dataclass(frozen=True)
class Listed:
    """A rule with its numbers in the published build (`alert`), and what is known of earlier builds (`status`).

    `status` is None for a rule that was never observed, as before the first run with this version of Takings.
    """

    alert: Alert
    status: Status | None
    now: datetime

    @property
    def since(self) -> datetime | None:
        """The time of the data with which the alert began; None where it does not last."""
        return self.status.since if self.status and self.status.active else None

    @property
    def is_snoozed(self) -> bool:
        """Whether no message is sent of it now."""
        return self.status is not None and self.status.is_snoozed(self.now)

    @property
    def notes(self) -> str:
        """What is known of the alert, see `notes`."""
        return notes(self.status, self.now, is_firing=self.alert.state == "firing") if self.status else ""

    def as_dict(self, currency: Currency | None) -> dict[str, Any]:
        """Plain data. Numbers are written as in every answer (semantic/answers.py), in the tenant's `currency`; unknown
        ones are None. `unit` is that of `now` and `before`, `limit_unit` that of `value` and `limit`: a currency's
        code, count or ratio. Instants are ISO 8601 in UTC."""
        alert, status = self.alert, self.status
        return {
            "rule": alert.rule.name,
            "title": alert.rule.title,
            "state": alert.state,
            "text": alert.text,
            "why": alert.rule.why,
            "advice": alert.rule.advice,
            "conditions": [_condition(reading, currency) for reading in alert.readings],
            "since": _iso(self.since),
            "acknowledged_by": status and status.acknowledged_by,
            "acknowledged_at": _iso(status.acknowledged_at if status else None),
            "snoozed_by": status.snoozed_by if status and self.is_snoozed else None,
            "snoozed_until": _iso(status.snoozed_until if status and self.is_snoozed else None),
        }


def listed(alerts: Sequence[Alert], statuses: Iterable[Status], now: datetime) -> list[Listed]:
    """Each rule with its status."""
    by_name = {status.name: status for status in statuses}
    return [Listed(alert, by_name.get(alert.rule.name), now) for alert in alerts]


def notes(status: Status, now: datetime, *, is_firing: bool = True) -> str:
    """since 2026-11-20 09:00 UTC; acknowledged by ola at …; snoozed until … by ola"""
    texts = []
    if status.active and status.since:
        texts.append(f"since {minute(status.since)}" + ("" if is_firing else ", not over yet"))
    if status.acknowledged_by and status.acknowledged_at:
        texts.append(f"acknowledged by {status.acknowledged_by} at {minute(status.acknowledged_at)}")
    if status.is_snoozed(now) and status.snoozed_until:
        texts.append(f"snoozed until {minute(status.snoozed_until)} by {status.snoozed_by}")
    return "; ".join(texts)


def minute(instant: datetime) -> str:
    """2026-11-20 09:00 UTC"""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _condition(reading: Reading, currency: Currency | None) -> dict[str, Any]:
    condition, metric, digits = reading.condition, reading.metric, currency.digits if currency else 3
    unit = currency.code if metric.unit == "money" and currency else metric.unit
    of_limit = "ratio" if condition.change else metric.unit
    places = numbers.places(metric, digits)
    of_value = numbers.RATIO_PLACES if condition.change else places
    return {
        "metric": metric.name,
        "from": reading.days[0].isoformat(),
        "to": reading.days[1].isoformat(),
        "value": plain(rounded(reading.value, of_value), of_limit, digits),
        "now": plain(rounded(reading.now, places), metric.unit, digits),
        "before": plain(rounded(reading.before, places), metric.unit, digits),
        "limit": plain(rounded(condition.limit, of_value), of_limit, digits),
        "unit": unit,
        "limit_unit": "ratio" if condition.change else condition.currency or unit,
        "fires": "above" if condition.above is not None else "below",
        "is_change": condition.change,
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None
