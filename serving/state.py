"""What is not fresh or not reconciled of a tenant, for the page that its people see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from semantic.reports import facts
from semantic.subject import Subject
from semantic.warehouse import open_build

FRESH = timedelta(hours=26)  # of a sync each day, with some patience


@dataclass(frozen=True)
class State:
    """`as_of`: the instant up to which all sources were read. `problems`: sentences, none when all is well.

    `agrees`: whether totals were compared with those of the sources, and none differs.
    """

    as_of: datetime | None
    problems: tuple[str, ...]
    agrees: bool


def of_tenant(published: Path, tenant: str, subject: Subject, now: datetime) -> State:
    """The state of the published build. Raises a SemanticError."""
    with open_build(published, tenant) as build:
        as_of, blocked = build.as_of(), facts.blocked(build)
        compared = facts.reconciliation(build, subject.sources)
    instant = as_of.replace(tzinfo=UTC) if as_of else None
    problems = [blocked] if blocked else []
    if instant is None:
        problems.append("No source has been read yet.")
    elif now - instant > FRESH:
        days = round((now - instant) / timedelta(days=1))
        problems.append(f"The sources were last read {days} day{'s' * (days > 1)} ago.")
    problems += [f"The totals differ from the source's own: {difference}." for difference in compared.differences]
    return State(instant, tuple(problems), bool(compared.compared) and not compared.differences)
