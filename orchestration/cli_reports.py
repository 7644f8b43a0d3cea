"""The command that writes reports, lists them, and checks one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli_numbers import From, Period, Tenant, To, day_range, say_blocked

if TYPE_CHECKING:
    from orchestration.settings import Settings


def report(
    name: Annotated[
        str | None, typer.Argument(help="revenue-overview, customer-spend, …; without it all are listed.")
    ] = None,
    start: From = None,
    end: To = None,
    period: Period = None,
    tenant: Tenant = None,
    format: Annotated[str, typer.Option(help="csv, xlsx, parquet, json, pdf, html, png, svg.")] = "csv",
    folder: Annotated[Path, typer.Option(help="Folder in which the file is written.")] = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Check the reports of your own (or the one named) and write nothing.")
    ] = False,
) -> None:
    """Write a report to the file `<report>-<from>-<to>.<format>`; without a name, list all reports.

    A file of the same name is replaced. Your own reports are files in the folder `reports` beside takings.toml.
    """
    from orchestration import settings

    configuration = settings.load()
    if check:
        _check(configuration, name)
    elif name is None:
        _list(configuration)
    else:
        _write(configuration, name, (start, end, period), tenant, format, folder)


def _write(
    configuration: Settings,
    name: str,
    days: tuple[str | None, str | None, str | None],
    tenant: str | None,
    format: str,
    folder: Path,
) -> None:
    from orchestration import reports
    from semantic.reports.formats import format_of
    from semantic.reports.library import find

    format_of(format)
    start, end, period = days
    if not (start or end or period):
        period = find(name, configuration.reports_folder).report.period
    first, last = day_range(start, end or (start and "today"), period, tenant)
    if first is None or last is None:
        raise typer.BadParameter("a report needs --from, or --period")
    content = reports.content(configuration, name, first, last, tenant=tenant, period=period)
    path, replaced = reports.write(content, reports.brand(configuration, content), format, folder)
    typer.echo(str(path))
    if replaced:
        typer.echo("It replaces the file that was there.", err=True)
    say_blocked(tenant)


def _list(configuration: Settings) -> None:
    """Every report with its question; a file with mistakes is named on stderr."""
    from semantic.reports.library import every

    reports, errors = every(configuration.reports_folder)
    for name, declared in reports.items():
        typer.echo(f"{name:24} {declared.report.question}")
    for error in errors:
        typer.echo(str(error), err=True)


def _check(configuration: Settings, name: str | None) -> None:
    """Check one's own reports, or one of all, against the published build's metrics; every mistake is named."""
    from orchestration import places
    from semantic import catalog
    from semantic.errors import SemanticError
    from semantic.reports import library
    from semantic.reports.check import check
    from semantic.warehouse import current

    folder = configuration.reports_folder
    definitions = catalog.load(current(places.of_settings(configuration)))
    declared, errors = library.every(folder)
    if name:
        declared, errors = {name: library.find(name, folder)}, []
    messages = [str(error) for error in errors]
    own = [item for item in declared if name or item not in library.built_in()]
    for item in own:
        try:
            check(declared[item], definitions)
        except SemanticError as error:
            messages.append(str(error))
    if messages:
        typer.echo("\n".join(messages), err=True)
        raise typer.Exit(1)
    typer.echo(f"No mistakes: {', '.join(own)}" if own else f"There are no reports in {folder}.")
