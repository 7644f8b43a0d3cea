"""Links to reports, for the command line: made, listed, revoked; and the keys that sign them."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from common.errors import ConfigurationError
from common.presets import Days
from orchestration.home import Home
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings
from semantic import periods
from semantic.reports import library
from serving import links, ready_links
from serving.keys import Keys
from serving.ledger import Entry, Ledger
from serving.ready_links import Wish

LIFETIME = re.compile(r"([1-9][0-9]{0,4})(d|h)")


@dataclass(frozen=True)
class Shared:
    """A link that was made: its address for people, when it ends (UTC), its days, and whether it shows customers."""

    url: str
    expires: datetime
    shows: str
    names_customers: bool


def address(settings: Settings) -> str:
    """Where people find the web application."""
    return settings.serving.address or f"http://127.0.0.1:{settings.serving.port}"


def keys(settings: Settings) -> Keys:
    """The keys of this home, made at first use."""
    Home(settings.home).make()
    return Keys(Home(settings.home).serving)


def ledger(settings: Settings) -> Ledger:
    """The ledger of this home."""
    Home(settings.home).make()
    return Ledger(Home(settings.home).serving)


def share(
    settings: Settings,
    report: str,
    tenant_id: str | None,
    days: Days | None,
    rolling: str | None,
    expires: str | None = None,
    by: str | None = None,
) -> Shared:
    """Make a link. `expires`: 7d or 48h; without it the tenant's default. `by`: who makes it. Raises TakingsError."""
    declared = library.find(report, settings.reports_folder).report
    tenant, now = chosen_tenant(settings, tenant_id), datetime.now(UTC)
    lasting = _link_lifetime(tenant, expires)
    signing = keys(settings)
    link = links.new(signing, report, tenant.id, days, rolling, lifetime=lasting, now=now)
    ledger(settings).add(link, by or user(), now)
    url = f"{address(settings)}/r/{links.sign(link, signing)}"
    return Shared(url, link.expiry, shown_period(link), declared.names_customers)


def usual_period(settings: Settings, report: str) -> str:
    """The period that a report has where none is named. Raises UnknownNameError."""
    return library.find(report, settings.reports_folder).report.period


def whole_days(settings: Settings, tenant_id: str | None, period: str) -> Days:
    """The days of a period that are over, in the tenant's calendar. Raises TakingsError."""
    return periods.whole(period, chosen_tenant(settings, tenant_id).time_zone, datetime.now(UTC))


def ready_link(settings: Settings, report: str, tenant: str, days: Days | None, rolling: str | None, by: str) -> str:
    """The address of an open link that `by` made before; without one, of a new link."""
    signing, lasting = keys(settings), _link_lifetime(settings.tenant(tenant), None)
    wish = Wish(report, tenant, by, days, rolling)
    link = ready_links.ready_link(signing, ledger(settings), wish, lasting, datetime.now(UTC))
    return f"{address(settings)}/r/{links.sign(link, signing)}"


def entries(settings: Settings, tenant: str | None, *, ended: bool) -> Iterator[tuple[Entry, str]]:
    """Links with their state, the newest first; without `ended` only the live ones."""
    now = datetime.now(UTC)
    for entry in ledger(settings).entries(tenant and settings.tenant(tenant).id):
        if ended or entry.state(now) == "live":
            yield entry, entry.state(now)


def revoke(settings: Settings, number: str) -> Entry:
    """End a link at once. Raises UnknownLinkError."""
    return ledger(settings).revoke(number, user(), datetime.now(UTC))


def revoke_all(settings: Settings, tenant: str) -> int:
    """End every link of a tenant that is removed or renamed: another one may get its id. Returns their number."""
    book, now = ledger(settings), datetime.now(UTC)
    live = book.live(now, tenant)
    for entry in live:
        book.revoke(entry.link.id, user(), now)
    return len(live)


def rotate_keys(settings: Settings, *, revoke_all: bool) -> tuple[str, list[str]]:
    """Add a key that signs from now on; returns it and the removed ones.

    Keys of live links stay, unless `revoke_all`: then every older key is removed and every live link is revoked.
    """
    now, book, signing = datetime.now(UTC), ledger(settings), keys(settings)
    live = book.live(now)
    if revoke_all:
        for entry in live:
            book.revoke(entry.link.id, user(), now)
        return signing.rotate(set())
    return signing.rotate({signing.newest(), *(entry.link.key for entry in live)})  # a link may be made at this moment


def shown_period(link: links.Link) -> str:
    """The days of a link for people: 2026-11-01 to 2026-11-30, or: rolling 30d."""
    return f"{link.days[0]} to {link.days[1]}" if link.days else f"rolling {link.rolling}"


def user() -> str:
    """Who works at the command line."""
    return f"{getpass.getuser()} (command line)"


def chosen_tenant(settings: Settings, tenant_id: str | None) -> TenantSettings:
    """The tenant of this id, without one the only tenant. Raises ConfigurationError."""
    if tenant_id is not None:
        return settings.tenant(tenant_id)
    if len(settings.tenants) > 1:
        known = ", ".join(tenant.id for tenant in settings.tenants)
        raise ConfigurationError("No tenant is named", f"there are several: {known}", "Name one with --tenant")
    return settings.tenants[0]


def lifetime(text: str, what: str, most_days: int, table: str) -> timedelta:
    """The time of 7d or 48h, at most so many days. Raises ConfigurationError that names `what` and its `table`."""
    match = LIFETIME.fullmatch(text)
    if match is None:
        raise ConfigurationError(
            f"{text!r} is not a lifetime of {what}", "it is not a number of days or hours", "Write 7d or 48h"
        )
    result = timedelta(**{"days" if match[2] == "d" else "hours": int(match[1])})
    if result > timedelta(days=most_days):
        raise ConfigurationError(
            f"{what.capitalize()} cannot last {text}",
            f"the maximum of this tenant is {most_days} days",
            f"Choose fewer days, or raise `most_days` under {table}",
        )
    return result


def _link_lifetime(tenant: TenantSettings, expires: str | None) -> timedelta:
    limits = tenant.share
    return lifetime(expires or f"{limits.default_days}d", "a link", limits.most_days, "[tenants.share]")
