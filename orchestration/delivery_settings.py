"""The table [[tenants.deliveries]] of takings.toml: a report that is sent by a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import Field, field_validator

from connectors.settings import Name, Secret, Table
from semantic import periods
from semantic.errors import RangeError, ReportError, UnknownNameError
from serving.deliveries import schedule


class DeliverySettings(Table):
    """Which report goes to whom, and when. Days and times are those of the tenant's zone."""

    name: Name = Field(description="A name of your own; `takings deliveries` shows it.")
    report: Name = Field(description="Which report: `takings report` lists them.")
    format: str = Field(
        default="xlsx", description="The attached file: csv, xlsx, parquet, json, pdf, html, png or svg."
    )
    schedule: str = Field(
        description="When, as for cron: minute, hour, day, month, weekday, in the tenant's zone. `0 8 * * 1` is "
        "Mondays at 8:00. At most once in an hour."
    )
    period: str | None = Field(
        default=None,
        description="The days of the report: 7d, last-month, …; those that were over at the time of the schedule. "
        "Without it the report's usual period.",
    )
    recipients: tuple[Secret, ...] = Field(
        min_length=1,
        description="Where the addresses are kept: environment variables, or files (relative to takings.toml). Each "
        "holds one address of Apprise, such as `mailtos://user:password@mail.example.com/owner@example.com`.",
    )
    wait_hours: int = Field(
        default=6,
        ge=1,
        le=168,
        description="After how many hours without the data that it needs a delivery counts as late: then it is listed "
        "as late, and a run warns of it. It is sent when the data are there.",
    )

    @field_validator("schedule")
    @classmethod
    def _known_schedule(cls, text: str) -> str:
        if problem := schedule.problem(text):
            raise ValueError(problem)
        return " ".join(text.split())

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        from semantic.reports.formats import FORMATS

        if name not in FORMATS:
            raise ValueError(f"{name!r} is not a format of reports: choose one of {', '.join(FORMATS)}")
        return name

    @field_validator("period")
    @classmethod
    def _known_period(cls, name: str | None) -> str | None:
        try:
            if name is not None:
                periods.preset(name)
        except RangeError as error:
            raise ValueError(str(error)) from None
        return name

    @field_validator("recipients")
    @classmethod
    def _each_once(cls, references: tuple[str, ...]) -> tuple[str, ...]:
        for reference in references:
            if references.count(reference) > 1:
                raise ValueError(f"the recipient {reference} is named twice")
        return references


def each_once(deliveries: Sequence[DeliverySettings]) -> None:
    """Raise ValueError where two deliveries of a tenant have one name."""
    names = [delivery.name for delivery in deliveries]
    for twice in sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"the delivery {twice!r} is configured twice")


def unknown_reports(tenants: Iterable[tuple[str, Sequence[DeliverySettings]]], reports: Path) -> Iterator[str]:
    """A sentence for each delivery whose report does not exist. `reports`: the folder of own ones."""
    for tenant, deliveries in tenants:
        for delivery in deliveries:
            from semantic.reports import library

            try:
                library.find(delivery.report, reports)
            except UnknownNameError as error:
                yield f"the delivery {delivery.name!r} of {tenant} has no report: {error}"
            except ReportError:
                continue  # a file beside takings.toml: its delivery waits, and `takings check` names it
