"""Who asks, and for what: read from a request by the routes of logged-in people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from common.presets import PRESETS
from semantic import periods
from semantic.errors import RangeError
from semantic.reports import library
from serving import pages, people
from serving.audit.recording import noting
from serving.people import Person
from serving.reader import Question
from serving.site import Site, Tenant

DEFAULT = ""  # the days that a report's declaration names
PERIODS = ((DEFAULT, "The report's usual days"), *((name, pages.period_words(name)) for name in PRESETS))
AT_ONCE = 10  # logins that are being recognized


class NotLoggedInError(Exception):
    """No session, or one that has ended."""


class NoTenantError(Exception):
    """The login belongs to no tenant, to several, or to one that is no longer configured."""


class NotAllowedError(Exception):
    """The login lacks admin.access."""


class NotOwnerError(Exception):
    """The login may not change the settings of the tenant: it is not an owner's."""


@dataclass(frozen=True)
class Asking:
    """A login with the tenant whose page it sees, and the tenants that it may choose from."""

    person: Person
    tenant: Tenant
    tenants: tuple[Tenant, ...]

    def query(self, period: str) -> str:
        """What the links of a page carry on."""
        chosen = f"&tenant={self.tenant.id}" if len(self.tenants) > 1 else ""
        return f"period={period}{chosen}"


async def asking(request: Request, site: Site, chosen: str | None) -> Asking:
    """Who asks. `chosen`: the tenant named on the page, which counts only for a login that sees all of them.

    Raises NotLoggedInError, NoTenantError, LoginServerError.
    """
    cookie = request.cookies.get(people.COOKIE)
    person = await to_thread.run_sync(site.logins.person, cookie, limiter=_limiter()) if cookie else None
    if person is None:
        raise NotLoggedInError
    own = (
        tuple(site.tenants.values())
        if person.sees_all
        else tuple(tenant for tenant in site.tenants.values() if tenant.id == person.tenant)
    )
    if not own:
        raise NoTenantError
    tenant = next((item for item in own if item.id == chosen), own[0])
    noting(request, "login", person.username, tenant.id)
    return Asking(person, tenant, own)


@cache
def _limiter() -> CapacityLimiter:
    """Threads that wait for Superset: while it hangs, they must not be all threads of the links' readers."""
    return CapacityLimiter(AT_ONCE)


def question(site: Site, tenant: Tenant, report: str, period: str) -> Question:
    """The question of a period by name. Raises RangeError, UnknownNameError."""
    name = period_of(site, report, period)
    return Question(report, tenant, periods.whole(name, tenant.subject.time_zone, site.now()), name)


def period_of(site: Site, report: str, period: str) -> str:
    """A period by name, without one the report's own. Raises UnknownNameError."""
    return period or library.find(report, site.custom).report.period


def days_of(first: str, last: str) -> tuple[date, date]:
    """The days of two date fields. Raises RangeError."""
    try:
        return periods.check(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise RangeError("One of the two days is missing", next_step="Fill in the first and the last day") from None
