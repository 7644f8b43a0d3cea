"""The commands that show numbers of the published build: query, today, metrics."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from pyarrow import Table

    from semantic.catalog import Catalog
    from semantic.filters import Filters
    from semantic.warehouse import Published

Tenant = Annotated[str | None, typer.Option(help="The tenant; not needed when there is only one.")]
From = Annotated[str | None, typer.Option("--from", help="First day, included: 2026-11-20, 20 Nov 2026, yesterday, …")]
To = Annotated[str | None, typer.Option("--to", help="Last day, included; by default today.")]
Period = Annotated[
    str | None,
    typer.Option(
        help="Instead of --from, --to: today, yesterday, 7d, 14d, 30d, 90d, this-month, last-month, this-quarter, ytd, "
        "365d, any Nd to 3650d."
    ),
]
Definitions = Annotated[
    Literal["build", "checkout"],
    typer.Option(help="build: as published; checkout: semantic/metrics as it is now, over the published tables."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (query, today, metrics):
        app.command()(command)


def query(
    metrics: Annotated[str, typer.Option(help="Metric names, separated by commas.")],
    by: Annotated[
        str, typer.Option(help="day, week, month, quarter or year, and dimensions, separated by commas.")
    ] = "",
    start: From = None,
    end: To = None,
    period: Period = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Only rows with these values of a dimension: country=DE,FR. Repeat it for other dimensions; "
            "campaign= are rows without a campaign."
        ),
    ] = None,
    order: Annotated[
        str, typer.Option(help="Columns to sort by, separated by commas; -net_sales has the largest first.")
    ] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows.")] = None,
    compare: Annotated[
        str | None,
        typer.Option(help="Beside each number that of an earlier period: prior (the one before) or year (a year ago)."),
    ] = None,
    tenant: Tenant = None,
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
    definitions: Definitions = "build",
) -> None:
    """Query metrics of the published build.

    With --compare each metric has three more columns: the earlier number, the difference, and the difference as a share
    of it. A day that is not over is in neither period.
    """
    from orchestration import places
    from semantic.filters import parse
    from semantic.query import ask, render

    catalog = _checkout_definitions() if definitions == "checkout" else None
    published, filters = places.of_home(), parse(where or ())
    if compare:
        if order or limit:
            raise typer.BadParameter("--order and --limit cannot be combined with --compare")
        table = _compared(
            published, _names(metrics), _names(by), compare, (start, end, period), filters, tenant, catalog
        )
    else:
        first, last = day_range(start, end, period, tenant)
        table = ask(
            published, _names(metrics), _names(by), start=first, end=last, filters=filters, order=_names(order),
            limit=limit, tenant=tenant, definitions=catalog,
        )  # fmt: skip
    sys.stdout.write(render(table, format))
    say_blocked(tenant)
    if catalog:
        run = table.schema.metadata[b"run_id"].decode()
        typer.echo(f"Definitions of the checkout ({catalog.version}) over the tables of run {run}.", err=True)


def today(tenant: Tenant = None) -> None:
    """Show today so far beside yesterday, the same weekday a week ago, and the average of the seven days before."""
    from orchestration import places, settings, terminal
    from semantic.today import today as numbers

    configuration = settings.load()
    chosen = [configuration.tenant(tenant)] if tenant else configuration.tenants
    for item in chosen:
        shown = numbers(places.of_settings(configuration), item.id, item.time_zone, datetime.now(UTC))
        terminal.today(item.name, shown)
    say_blocked(tenant)


def metrics(
    names: Annotated[list[str] | None, typer.Argument(help="Metrics to show with inputs, dimensions and SQL.")] = None,
    format: Annotated[
        Literal["text", "ossie"],
        typer.Option(help="text, or ossie: the form of Apache Ossie, as YAML, for other tools."),
    ] = "text",
    definitions: Definitions = "build",
) -> None:
    """List all metrics, or describe some of them."""
    from orchestration import places
    from semantic import ossie
    from semantic.catalog import load
    from semantic.describe import describe
    from semantic.warehouse import current

    catalog = _checkout_definitions() if definitions == "checkout" else load(current(places.of_home()))
    if format == "ossie":
        typer.echo(ossie.dumps(catalog, names or ()), nl=False)
        for name, why in ossie.missing(catalog).items():
            typer.echo(f"{name} is left out: {why}.", err=True)
    elif names:
        typer.echo("\n".join(describe(catalog, name) for name in names), nl=False)
    else:
        for metric in catalog.metrics.values():
            typer.echo(f"{metric.name:32} {metric.unit:6} {metric.description}")


def _checkout_definitions() -> Catalog:
    """The metrics as this checkout defines them. dbt parses the project only where it has changed."""
    from orchestration import dbt_parse, settings
    from orchestration.home import Home
    from semantic.catalog import load

    return load(dbt_parse.parse(Home(settings.home())))


def say_blocked(tenant: str | None) -> None:
    """Say on stderr of which tenants newer data are not published, and why."""
    from orchestration import places
    from semantic.warehouse import open_build

    with open_build(places.of_home(), tenant, every=tenant is None) as build:
        for name, since, reason in build.blocked():
            typer.echo(f"{name} shows older numbers: blocked since {since:%Y-%m-%d %H:%M} UTC. {reason}", err=True)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _compared(
    published: Published,
    metrics: list[str],
    by: list[str],
    kind: str,
    days: tuple[str | None, str | None, str | None],
    filters: Filters,
    tenant: str | None,
    catalog: Catalog | None,
) -> Table:
    """The answer with an earlier period beside it; says on stderr which days these are."""
    from semantic import comparison, periods
    from semantic.errors import RangeError
    from semantic.warehouse import open_build

    start, end, name = days
    if bool(start) == bool(name) or (end and name):
        raise RangeError("Nothing to compare", "the days are not clear", "Add either --period, or --from and --to")
    with open_build(published, tenant, definitions=catalog) as build:
        today = comparison.newest_day(build, _zone(build.tenant), datetime.now(UTC))
        if name:
            both = comparison.of_preset(periods.preset(name), kind, today)
        else:
            first, last = (periods.day(text, lambda: today) for text in (start or "", end or "today"))
            both = comparison.of_days(first, last, kind, today)
        typer.echo(both.describe(), err=True)
        return comparison.compare(build, metrics, both, by, filters)


def day_range(
    start: str | None, end: str | None, period: str | None, tenant: str | None
) -> tuple[date | None, date | None]:
    """First and last day of the question, in the tenant's calendar; None where it has no such end."""
    from semantic import periods

    def today() -> date:
        return periods.local_day(datetime.now(UTC), _zone(tenant))

    if period and (start or end):
        raise typer.BadParameter("--period cannot be combined with --from and --to")
    if period:
        return periods.preset(period).days(today())
    return (periods.day(start, today) if start else None), (periods.day(end, today) if end else None)


def _zone(tenant: str | None) -> str:
    """The time zone of a tenant; without a name, of the first one."""
    from orchestration import settings

    configuration = settings.load()
    return configuration.tenant(tenant).time_zone if tenant else configuration.tenants[0].time_zone
