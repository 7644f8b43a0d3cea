"""Observes the published build and the clock, and plans and writes the messages about alerts (serving/alerts).

observe(settings, outbox, now)    after each publish, and every minute: plans what is due
render(settings, outbox, key)     writes a planned message, for the outbox
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from common.errors import TakingsError
from orchestration import alerts, builds, deliveries, places, sharing
from orchestration.home import Home
from orchestration.reports import brand_of, subject
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings
from semantic import periods
from semantic.alerts import rules
from semantic.alerts.details import details
from semantic.alerts.evaluate import Alert
from semantic.reports import facts, library
from semantic.warehouse import Build, open_build
from serving.alerts import state
from serving.alerts.book import Book, Channel, Look, Notice, Today
from serving.alerts.message import compose
from serving.alerts.state import Observation, Status
from serving.alerts.words import Link, Reader, when
from serving.deliveries.message import Message, Waiting
from serving.deliveries.outbox import Key, Outbox

MADE_BY = "alerts"
NUMBERS, NO_NUMBERS = "numbers_wait", "No newer numbers"
WAITS = "delivery_waits/"
RESULTS = {
    "skipped": "It was not sent: the next one was due before its data were published.",
    "failed": "Not every recipient has it: see `takings deliveries`.",
    "unknown": "It may not have arrived everywhere: see `takings deliveries`.",
    "sending": "It is being sent.",
    "rendered": "It is written and will be sent.",
    "sent": "It was sent.",
}
"""What is said of a delivery that waited, by the state of its messages; the first that one of them has."""


def observe(
    settings: Settings, outbox: Outbox, now: datetime, tenant: str | None = None
) -> tuple[list[Notice], list[str]]:
    """Plan the messages that follow from the published build and from the clock, at most one per tenant.

    Returns them, and a line for each tenant whose rules could not be evaluated: its alerts stay as they are. A blocked
    tenant's rules are not evaluated again. Raises StateError.
    """
    book = Book(outbox)
    notices: list[Notice] = []
    problems: list[str] = []
    for configured in settings.tenants if tenant is None else (settings.tenant(tenant),):
        looks: list[Look] = []
        try:
            with open_build(places.of_settings(settings), configured.id) as build:
                looks.append(_clock(settings, configured, build, outbox, now, book))
                if rule_look := _rules(settings, configured, build, book):
                    looks.append(rule_look)
        except TakingsError as error:
            looks = looks or [_clock(settings, configured, None, outbox, now, book)]
            book.skip(configured.id, _token(_run(settings), configured))
            problems.append(f"the alerts of {configured.id} were not observed: {error}")
        if notice := book.observe(configured.id, looks, _channels(configured), _today(configured, now)):
            notices.append(notice)
    return notices, problems


def is_due(settings: Settings, outbox: Outbox, now: datetime) -> bool:
    """Whether `observe` would evaluate a new build or plan a message: some reads of small files, no query."""
    book, published = Book(outbox), Home(settings.home).published
    try:
        run = _run(settings)
        about = json.loads((published / run / "build.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    for tenant in settings.tenants:
        as_of = about.get("calendars", {}).get(tenant.id, {}).get("as_of")
        is_sound = as_of and tenant.id not in about.get("blocked", {})
        if is_sound and book.token(tenant.id) != _token(run, tenant):
            return True
        known = {status.name: status.active for status in book.statuses(tenant.id)}
        if as_of:  # else each run looks at it
            is_old = _is_old(tenant, datetime.fromisoformat(as_of).replace(tzinfo=UTC), now)
            if is_old != known.get(NUMBERS, False):
                return True
        active = {name for name, is_active in known.items() if is_active and name.startswith(WAITS)}
        if {seen.name for seen in _waiting(settings, tenant, outbox, now, active)} != active:
            return True
        if book.due(tenant.id, _channels(tenant), _today(tenant, now)):
            return True
    return False


def render(settings: Settings, outbox: Outbox, key: Key) -> Message | Waiting:
    """The message of a key of the outbox. Raises TakingsError where its tenant is not configured any more."""
    notice = Book(outbox).notice(key.tenant, key.window, key.name)
    if notice is None:
        return Waiting("what it would say is not stored")
    return compose(notice, reader(settings, settings.tenant(key.tenant)))


def reader(settings: Settings, tenant: TenantSettings) -> Reader:
    """Who reads a tenant's messages, and where its links lead."""
    home = Link("All alerts on Home", f"{superset_address(settings)}/superset/dashboard/home/")

    def link(status: Status) -> Link:
        name = status.facts.get("report")
        if not name:
            return home
        first, last = (date.fromisoformat(day) for day in status.facts["report_days"])
        title = library.find(name, settings.reports_folder).report.title
        return Link(f"Open {title}", sharing.ready_link(settings, name, tenant.id, (first, last), None, MADE_BY))

    brand = brand_of(settings, tenant)
    return Reader(tenant.name, tenant.time_zone, brand, link, home)


def _channels(tenant: TenantSettings) -> list[Channel]:
    return [channel.channel() for channel in tenant.alert_channels]


def _today(tenant: TenantSettings, now: datetime) -> Today:
    return Today(now, periods.local_day(now, tenant.time_zone), tenant.alert_budget)


def superset_address(settings: Settings) -> str:
    """Where people find the dashboards."""
    if settings.serving.address:
        parts = urlsplit(settings.serving.address)
        return f"{parts.scheme}://{parts.hostname}"
    return f"http://127.0.0.1:{settings.superset.port}"


def _rules(settings: Settings, tenant: TenantSettings, build: Build, book: Book) -> Look | None:
    """The rules over a build that was not observed yet; None where it was, or holds no sound numbers of the tenant."""
    as_of, token = build.as_of(), _token(build.run_id, tenant)
    if as_of is None or facts.blocked(build) or book.token(tenant.id) == token:
        return None
    evaluated = alerts.evaluate_tenant(settings, tenant, build)
    active = state.active_names(book.statuses(tenant.id))
    observations = []
    for alert in evaluated:
        is_shown = alert.state == "firing" or alert.rule.name in active
        observations.append(_observation(build, alert, tenant, with_details=is_shown))
    return Look("rule", as_of.replace(tzinfo=UTC), build.run_id, observations, token)


def _observation(build: Build, alert: Alert, tenant: TenantSettings, *, with_details: bool) -> Observation:
    rule = alert.rule
    definition = rule.model_dump_json(include={"conditions", "running"})
    shown: dict[str, Any] = details(build, alert, subject(tenant)) if with_details else {}
    return Observation(rule.name, rule.title, alert.state, alert.text, definition, shown)


def _run(settings: Settings) -> str:
    """The run of the published build; empty before the first."""
    folder = builds.current(Home(settings.home))
    return folder.name if folder else ""


def _token(run: str, tenant: TenantSettings) -> str:
    """A text that changes with the build, the rules and the tenant's limits."""
    own = {name: str(limit) for name, limit in sorted(tenant.alerts.items())}
    content = json.dumps([[rule.model_dump_json() for rule in rules.load()], own])
    return f"{run} {hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _clock(
    settings: Settings, tenant: TenantSettings, build: Build | None, outbox: Outbox, now: datetime, book: Book
) -> Look:
    """What waits: numbers that are too old, and deliveries that are not sent.

    `build`: None where it has no such tenant.
    """
    numbers = _numbers(tenant, build, now) if build else Observation(NUMBERS, NO_NUMBERS, "unknown", "")
    before = [status for status in book.statuses(tenant.id) if status.active and status.name.startswith(WAITS)]
    waiting = list(_waiting(settings, tenant, outbox, now, {status.name for status in before}))
    names = {seen.name for seen in waiting}
    ended = _ended_waits(outbox, tenant, [status for status in before if status.name not in names])
    return Look("wait", now, build.run_id if build else "", [numbers, *waiting, *ended])


def _numbers(tenant: TenantSettings, build: Build, now: datetime) -> Observation:
    """Whether a tenant's numbers are too old."""
    blocked = [since for name, since, _ in build.blocked() if name == tenant.id]
    newest = build.as_of() or next(iter(blocked), None)
    instant = newest.replace(tzinfo=UTC) if newest else None
    is_old = instant is not None and _is_old(tenant, instant, now)
    words = "The newest numbers are those of" if build.as_of() else "There have been no numbers since"
    text = f"{words} {when(instant, tenant.time_zone)}." if instant else ""
    why = facts.blocked(build) or "The sources have not been read since then."
    advice = "Look at the last run in Dagster, or run `takings run`; it names what failed."
    about = {"why": why, "advice": advice}
    return Observation(NUMBERS, NO_NUMBERS, "firing" if is_old else "quiet", text, facts=about)


def _is_old(tenant: TenantSettings, as_of: datetime, now: datetime) -> bool:
    return now - as_of > timedelta(hours=tenant.stale_after_hours)


def _waiting(
    settings: Settings, tenant: TenantSettings, outbox: Outbox, now: datetime, active: set[str]
) -> Iterator[Observation]:
    """The deliveries that wait for data longer than `wait_hours`, or that follow an `active` one and wait, too."""
    entries = [entry for entry in outbox.open(now, "report") if entry.key.tenant == tenant.id]
    waiting = [entry for entry in entries if entry.state == "planned" and entry.detail]
    lasting = [entry for entry in waiting if f"{WAITS}{entry.key.name}" in active]
    late = deliveries.late(settings, entries, now)
    for name, entry in {entry.key.name: entry for entry in (*late, *lasting)}.items():
        why = f"{entry.detail[:1].upper()}{entry.detail[1:].rstrip('.')}." if entry.detail else ""
        about = {"why": why, "advice": "`takings deliveries` lists what waits.", "window": entry.key.window}
        text = f"The delivery {name} was due at {when(entry.due, tenant.time_zone)}."
        yield Observation(f"{WAITS}{name}", f"{name} is not sent", "firing", text, facts=about)


def _ended_waits(outbox: Outbox, tenant: TenantSettings, statuses: list[Status]) -> Iterator[Observation]:
    """The deliveries that waited and do not any more, with what came of them."""
    for status in statuses:
        key = Key("report", tenant.id, status.name.removeprefix(WAITS), str(status.facts.get("window")))
        states = {entry.state for entry in outbox.entries(tenant.id, "report") if entry.key == key}
        result = next((words for state, words in RESULTS.items() if state in states), "It does not wait any more.")
        text = f"{status.text} {result}"
        yield Observation(status.name, status.title, "quiet", text, facts=status.facts)
