"""The commands of an event log: the sample with its pictures, and the pictures of a published tenant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestration.cli_numbers import From, Period, Tenant, To, day_range, say_blocked

app = typer.Typer(help="The event log of vaults of digital products, and its seven pictures.", no_args_is_help=True)
Theme = Annotated[Literal["light", "dark"], typer.Option(help="light or dark.")]


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="Folder of the log and the pictures.")] = Path(),
    time_zone: Annotated[str, typer.Option(help="Zone of times in the log that name none.")] = "UTC",
    theme: Theme = "light",
    replace: Annotated[bool, typer.Option(help="Replace files of the same names, but never the log.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be read and written, and write nothing.")] = False,
) -> None:
    """Write event_log.json, event_log.csv and seven pictures: a sample to look at.

    A folder that holds event_log.json, .jsonl or .csv already gets the pictures of that log, which is only read. A row
    that cannot be read is named with its file and line, and nothing is written. Needs no configuration.
    """
    from orchestration import event_log, terminal

    todo = event_log.plan(folder)
    if dry_run:
        for line in todo.lines():
            typer.echo(line)
        return
    with terminal.progress() as progress:
        written = event_log.carry_out(todo, time_zone, theme, replace=replace, progress=progress)
    if todo.log:
        typer.echo(f"read {todo.log}")
    for path in todo.others:
        typer.echo(f"not read {path}: one log is read. Keep only yours in the folder")
    for path in written:
        typer.echo(str(path))


@app.command()
def pictures(
    start: From = None,
    end: To = None,
    period: Period = None,
    tenant: Tenant = None,
    folder: Annotated[Path, typer.Option(help="Folder in which the files are written.")] = Path(),
    theme: Theme = "light",
) -> None:
    """Draw the seven pictures of a published tenant's event log as PNG files.

    By default of the last 30 days. Files of the same names are replaced.
    """
    from orchestration import event_log, settings
    from semantic.reports import files

    configuration = settings.load()
    if not (start or end or period):
        period = "30d"
    first, last = day_range(start, end or (start and "today"), period, tenant)
    if first is None or last is None:
        raise typer.BadParameter("pictures need --from, or --period")
    for name, picture in event_log.pictures(configuration, first, last, tenant, theme).items():
        typer.echo(str(files.write(folder / f"{name}.png", picture)))
    say_blocked(tenant)
