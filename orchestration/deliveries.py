"""Deliveries of a configuration: plans what is due, writes reports from the published build, sends them.

    deliver_due(settings)      after a publish, and whenever something may be due (orchestration/messages.py)

A delivery waits until the published build has all the days that it shows, and while newer data of its tenant are
blocked: what people get is never older than they have reason to believe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from common.errors import ConfigurationError
from common.presets import Days
from orchestration import failed_build, places, reports, sharing
from orchestration.delivery_settings import DeliverySettings
from orchestration.home import Home
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings
from semantic import periods
from semantic.errors import SemanticError
from semantic.reports import library
from semantic.reports.fill import fill_build
from semantic.reports.texts import days as days_in_words
from semantic.warehouse import Build, open_build
from serving.deliveries import channels, report, schedule
from serving.deliveries.deliver import Clock, Sender, deliver
from serving.deliveries.message import Message, Outcome, Waiting
from serving.deliveries.outbox import Entry, Key, Outbox
from serving.deliveries.plan import Schedule, Skipped, plan, skipped

SHARED_REPORTS = 4  # reports of one pass that stay in memory for further deliveries of the same
GONE = "takings.toml has no such delivery or recipient any more"


@dataclass(frozen=True)
class Due:
    """What a pass did: the messages that it touched, those that are late, and windows that were skipped."""

    entries: list[Entry]
    late: list[Entry]
    skipped: list[Skipped]

    def warnings(self) -> list[str]:
        """A sentence for each message that failed, may not have arrived, or is late."""
        troubled = [entry for entry in self.entries if entry.state in ("failed", "unknown") or entry.next_attempt]
        return [f"{_subject(entry)} {_trouble(entry)}" for entry in [*troubled, *self.late]]


def outbox(settings: Settings) -> Outbox:
    """The outbox of this home."""
    Home(settings.home).make()
    return Outbox(Home(settings.home).serving)


def utc_now() -> datetime:
    """The instant, with its zone."""
    return datetime.now(UTC)


def deliver_due(settings: Settings, now: Clock = utc_now) -> Due:
    """Plan, write and send the reports that are due. Raises StateError where the outbox cannot be used."""
    if not settings.has_deliveries and not (Home(settings.home).serving / "deliveries.db").exists():
        return Due([], [], [])
    with closing(outbox(settings)) as box:
        gaps = plan(box, list(schedules(settings)), now())
        entries = deliver(box, _wanted(settings, box, now), Renderer(settings), sender(settings), now)
        box.forget(now())
        return Due(entries, late(settings, box.open(now(), "report"), now()), gaps)


def schedules(settings: Settings) -> Iterator[Schedule]:
    """Every configured delivery."""
    for tenant in settings.tenants:
        for item in tenant.deliveries:
            yield Schedule(tenant.id, item.name, item.schedule, tenant.time_zone, item.recipients)


def late(settings: Settings, entries: Iterable[Entry], now: datetime) -> list[Entry]:
    """Those that wait for data for longer than their delivery's `wait_hours`."""
    return [entry for entry in entries if entry.state == "planned" and now - entry.due > _patience(settings, entry.key)]


def send_now(settings: Settings, tenant: TenantSettings, item: DeliverySettings, now: Clock = utc_now) -> list[Entry]:
    """Send a delivery at once, as if it was due now. Raises ConfigurationError where its data are not there."""
    key, instant = _key_of_now(tenant, item, now), now()
    message = written(Renderer(settings), key)
    with closing(outbox(settings)) as box:
        box.plan(key, item.recipients, instant, message=message)
        entries = [entry for entry in box.open(instant, "report") if entry.key == key]
        return deliver(box, entries, lambda _: message, sender(settings), now)


def preview(settings: Settings, tenant: TenantSettings, item: DeliverySettings, now: Clock = utc_now) -> Message:
    """The message that `send_now` would send; its link does not open. Raises ConfigurationError as that does."""
    example = report.Link(f"{sharing.address(settings)}/r/made-when-it-is-sent", now() + timedelta(days=7))
    return written(Renderer(settings, lambda *_: example), _key_of_now(tenant, item, now))


def _key_of_now(tenant: TenantSettings, item: DeliverySettings, now: Clock) -> Key:
    return Key("report", tenant.id, item.name, now().isoformat(timespec="seconds"))


def written(render: Renderer, key: Key) -> Message:
    """The message of a key. Raises ConfigurationError where its data are not there."""
    result = render(key)
    if isinstance(result, Waiting):
        raise ConfigurationError(
            f"The delivery {key.name} of {key.tenant} was not sent", result.why, "Send it after the next `takings run`"
        )
    return result


def retry(settings: Settings, number: int, now: Clock = utc_now) -> Entry:
    """Send a message that failed or is unknown again. Raises UnknownMessageError where it cannot be."""
    with closing(outbox(settings)) as box:
        box.recover(now())
        entry = box.retry(number, now())
        return deliver(box, [entry], Renderer(settings), sender(settings), now)[-1]


def listing(settings: Settings, tenant: str | None) -> tuple[list[Entry], list[Skipped]]:
    """All messages, the newest first, and windows that were skipped; what a dead process was sending is unknown."""
    if not (Home(settings.home).serving / "deliveries.db").exists():  # to read makes no file
        return [], []
    with closing(outbox(settings)) as box:
        box.recover(utc_now())
        gaps = [gap for gap in skipped(box) if tenant in (None, gap.tenant)]
        return box.entries(tenant), gaps


def plans(settings: Settings, tenant: str | None, now: datetime) -> Iterator[str]:
    """A line for each configured delivery: what, when, and when next."""
    for one in settings.tenants:
        for item in one.deliveries if tenant in (None, one.id) else ():
            following = schedule.following(item.schedule, one.time_zone, now).astimezone(ZoneInfo(one.time_zone))
            yield (
                f"{one.id} / {item.name}: {item.report} as {item.format}, {schedule.words(item.schedule)} "
                f"({one.time_zone}); next {following:%Y-%m-%d %H:%M}"
            )


def recipient_problems(settings: Settings) -> list[str]:
    """A sentence for each recipient of a delivery or an alert whose secret is missing, or holds no address that a
    message can be sent to."""
    problems = []
    for tenant in settings.tenants:
        references = [reference for item in tenant.deliveries for reference in item.recipients]
        references += [channel.address for channel in tenant.alert_channels]
        for reference in dict.fromkeys(references):
            if problem := address_problem(settings, reference):
                problems.append(f"The recipient {reference} (tenant {tenant.id}) cannot be used: {problem}.")
    return problems


def report_problems(settings: Settings) -> list[str]:
    """A sentence for each delivery whose report is one's own file with mistakes."""
    problems = []
    for tenant in settings.tenants:
        for item in tenant.deliveries:
            try:
                library.find(item.report, settings.reports_folder)
            except SemanticError as error:
                problems.append(f"The delivery {item.name} of {tenant.id} cannot be written: {error}")
    return problems


def address_problem(settings: Settings, reference: str) -> str:
    """Why nothing can be sent to the address behind a reference, without the address; empty where it can."""
    try:
        return channels.problem(settings.secret(reference))
    except LookupError as error:
        return str(error.args[0])


def sender(settings: Settings) -> Sender:
    """Sends a message to the address behind an entry's recipient."""

    def send(entry: Entry, message: Message) -> Outcome:
        try:
            address = settings.secret(entry.recipient)
        except LookupError as error:
            return Outcome("later", f"the address is missing: {error.args[0]}")
        return channels.send(address, message, entry.message_id, entry.rendered or entry.due)

    return send


class Renderer:
    """Writes the message of a key. Deliveries of the same report, days and format share its file and pictures."""

    def __init__(self, settings: Settings, link: Callable[[DeliverySettings, str, Days], report.Link] | None = None):
        self._settings, self._link = settings, link or self._new_link
        self._shared: dict[tuple[str, ...], report.Parts | Waiting] = {}

    def __call__(self, key: Key) -> Message | Waiting:
        """Raises TakingsError where the report cannot be written."""
        tenant, item = find(self._settings, key.tenant, key.name)
        same = (tenant.id, item.report, item.format, item.period or "", key.window)
        if same not in self._shared:
            while len(self._shared) >= SHARED_REPORTS:
                del self._shared[next(iter(self._shared))]
            self._shared[same] = self._parts(tenant, item, datetime.fromisoformat(key.window))
        parts = self._shared[same]
        if isinstance(parts, Waiting):
            return parts
        link = self._link(item, tenant.id, parts.content.days)
        return report.message(parts, link, _why(tenant, item, parts.brand.name))

    def _new_link(self, item: DeliverySettings, tenant: str, days: Days) -> report.Link:
        link = sharing.share(self._settings, item.report, tenant, days, None, by=f"delivery {item.name}")
        return report.Link(link.url, link.expires)

    def _parts(self, tenant: TenantSettings, item: DeliverySettings, window: datetime) -> report.Parts | Waiting:
        declared = library.find(item.report, self._settings.reports_folder)
        period = item.period or declared.report.period
        days = periods.whole(period, tenant.time_zone, window)
        failed = failed_build.read(Home(self._settings.home))
        if failed and tenant.id in failed.reasons:
            return Waiting(_unpublished(failed.since, failed.reasons[tenant.id]))
        with open_build(places.of_settings(self._settings), tenant.id) as build:
            if why := waiting(build, tenant.time_zone, days, window):
                return Waiting(why)
            subject = reports.subject(tenant)
            content = fill_build(build, declared, *days, now=window, subject=subject, period=period)
        return report.parts(content, reports.brand(self._settings, content), item.format)


def find(settings: Settings, tenant_id: str, name: str) -> tuple[TenantSettings, DeliverySettings]:
    """A configured delivery. Raises ConfigurationError."""
    tenant = settings.tenant(tenant_id)
    for item in tenant.deliveries:
        if item.name == name:
            return tenant, item
    known = ", ".join(item.name for item in tenant.deliveries) or "none"
    raise ConfigurationError(
        f"There is no delivery {name!r} of {tenant_id}", next_step=f"{settings.config_path} has: {known}"
    )


def waiting(build: Build, time_zone: str, days: Days, window: datetime) -> str:
    """Why a report of these days cannot be sent from a build; empty where it can.

    The sources must have been read until the last of the days was over, or until the window where that day is not.
    """
    blocked = [(since, reason) for name, since, reason in build.blocked() if name == build.tenant]
    if blocked:
        since, reason = blocked[0]
        return _unpublished(since, reason)
    end = datetime.combine(days[1] + timedelta(days=1), time(), ZoneInfo(time_zone))
    needed, as_of = min(end.astimezone(UTC), window), build.as_of()
    if as_of is None or as_of.replace(tzinfo=UTC) < needed:
        until = f"{as_of:%Y-%m-%d %H:%M} UTC" if as_of else "no time"
        return (
            f"the published data are as of {until}; the days {days_in_words(days)} need those of "
            f"{needed:%Y-%m-%d %H:%M} UTC"
        )
    return ""


def _unpublished(since: datetime, reason: str) -> str:
    return f"newer data are not published since {since:%Y-%m-%d %H:%M} UTC. {reason}".strip()


def _wanted(settings: Settings, box: Outbox, now: Clock) -> list[Entry]:
    """The reports to be sent now; those that takings.toml no longer has are ended."""
    known = {(one.tenant, one.name, recipient) for one in schedules(settings) for recipient in one.recipients}
    entries = box.open(now(), "report")
    for entry in entries:
        if (entry.key.tenant, entry.key.name, entry.recipient) not in known:
            box.cancel(entry, GONE, now())
    return [entry for entry in entries if (entry.key.tenant, entry.key.name, entry.recipient) in known]


def _patience(settings: Settings, key: Key) -> timedelta:
    hours = [
        item.wait_hours
        for tenant in settings.tenants
        for item in tenant.deliveries
        if (tenant.id, item.name) == (key.tenant, key.name)
    ]
    return timedelta(hours=hours[0]) if hours else timedelta.max


def _why(tenant: TenantSettings, item: DeliverySettings, brand: str) -> str:
    when = f"{schedule.words(item.schedule)} ({tenant.time_zone})"
    return (
        f"You get this report {when}, as the delivery “{item.name}” of {brand}. To stop it, ask whoever manages the "
        f"reports of {brand} to remove you from “{item.name}”."
    )


def _subject(entry: Entry) -> str:
    key = entry.key
    if key.kind == "alert":
        return f"the message {key.window} about alerts of {key.tenant} to {entry.recipient}"
    due = f"due {datetime.fromisoformat(key.window):%Y-%m-%d %H:%M} UTC"
    return f"the delivery {key.name} of {key.tenant} to {entry.recipient}, {due},"


def _trouble(entry: Entry) -> str:
    if entry.state == "planned":
        return f"waits: {entry.detail}"
    if entry.state == "unknown":
        again = f"`takings deliveries --retry {entry.id}`"
        return f"may or may not have arrived, and is not sent again: {entry.detail}. To send it again: {again}"
    if entry.state == "failed":
        return f"was not sent: {entry.detail}"
    return f"is tried again: {entry.detail}"


def describe(entries: Sequence[Entry]) -> list[str]:
    """A line for each message of a pass."""
    return [f"{_subject(entry)} {'was sent' if entry.state == 'sent' else _trouble(entry)}" for entry in entries]
