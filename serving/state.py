"""What is not fresh or not reconciled of a tenant, for the page that its people see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from semantic.reports import facts
from semantic.subject import Subject
from semantic.warehouse import Build, Published, open_build

FRESH = timedelta(hours=26)  # of a sync each day, with some patience


@dataclass(frozen=True)
class State:
    """`as_of`: the instant up to which all sources were read. `problems`: sentences, none when all is well.

    `agrees`: whether totals were compared with those of the sources, and none differs.
    is_old: whether the sources were not read for more than a day.
    """

    as_of: datetime | None
    problems: tuple[str, ...]
    agrees: bool
    is_old: bool


def of_tenant(published: Published, tenant: str, subject: Subject, now: datetime) -> State:
    """The state of the published build. Raises a SemanticError."""
    with open_build(published, tenant) as build:
        return of_build(build, subject, now)


def of_build(build: Build, subject: Subject, now: datetime) -> State:
    """The same of a build that is open for a tenant."""
    as_of, blocked = build.as_of(), facts.blocked(build)
    compared = facts.reconciliation(build, subject.sources)
    instant = as_of.replace(tzinfo=UTC) if as_of else None
    problems = [blocked] if blocked else []
    is_old = instant is None or now - instant > FRESH
    if instant is None:
        problems.append("No source has been read yet.")
    elif is_old:
        days = round((now - instant) / timedelta(days=1))
        problems.append(f"The sources were last read {days} day{'s' * (days > 1)} ago.")
    problems += [f"The totals differ from the source's own: {difference}." for difference in compared.differences]
    return State(instant, tuple(problems), compared.state == "agrees", is_old)
