"""One line that says whose numbers these are, how fresh they are, and whether they agree with the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from semantic.warehouse import Build


def line(build: Build, name: str, time_zone: str, sources: Mapping[str, str]) -> str:
    """The text for the build's tenant. `sources`: the names of its sources for people, by kind."""
    as_of = build.as_of()
    parts = [name, _updated(as_of.replace(tzinfo=UTC), time_zone) if as_of else "", ", ".join(sources.values())]
    return " · ".join(part for part in [*parts, _agreement(build, sources)] if part)


def _updated(as_of: datetime, time_zone: str) -> str:
    local = as_of.astimezone(ZoneInfo(time_zone))
    return f"updated {local:%H:%M} on {local:%-d %b %Y}"


def _agreement(build: Build, sources: Mapping[str, str]) -> str:
    """agrees with Shopify and Stripe to the cent; or which source's totals differ, on how many days."""
    answers = build.rows(
        f"""SELECT source, COUNT(DISTINCT CASE WHEN difference_minor <> 0 THEN date_day END)
        FROM marts.reconciliation WHERE {build.own} GROUP BY source ORDER BY source"""
    )
    differing = {source: days for source, days in answers if days}
    if differing:
        listed = [f"{sources.get(kind, kind)} on {days:,} day{'s' * (days > 1)}" for kind, days in differing.items()]
        return f"differs from the totals of {_listed(listed)}: takings reconciliation"
    compared = {kind for kind, _ in answers}
    names = [title for kind, title in sources.items() if kind in compared]
    return f"agrees with {_listed(names)} to the cent" if names else ""


def _listed(names: Sequence[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])
