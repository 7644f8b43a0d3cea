"""The commands `takings audit …`: who read, exported, shared and changed what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(help="Who read, exported, shared and changed what.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Who read, exported, shared and changed what."""


@app.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(help="The file to write. Without it, only say what there is; nothing is written.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="First day (UTC), included; by default all.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last day (UTC), included; by default today.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only what concerns this tenant; by default all.")] = None,
    format: Annotated[
        Literal["jsonl", "csv"] | None,
        typer.Option(help="JSON lines or CSV; by default what the file's name ends in, else jsonl."),
    ] = None,
) -> None:
    """Write who read, exported, shared and changed what, as one row per event, the oldest first.

    What does not exist is named, and so is what cannot be read to its end; the exit code is 1 then.
    """
    from datetime import UTC, datetime

    from orchestration import audit, settings
    from semantic import periods

    configuration, now = settings.load(), datetime.now(UTC)
    first, last = (periods.day(text, now.date) if text else None for text in (start, end))
    if first and last:
        periods.check(first, last)
    readings = audit.read_all(configuration, audit.Choice(first, last, tenant and configuration.tenant(tenant).id))
    for item in readings:
        typer.echo(item.line(), err=file is not None)
    if file is None:
        typer.echo("Nothing was written; name a file to do it.")
    else:
        chosen = format or ("csv" if file.suffix.lower() == ".csv" else "jsonl")
        rows = audit.export(readings, file, chosen, now)
        typer.echo(f"{file} has {rows:,} rows.", err=True)
    if any(item.problem and not item.problem.startswith("absent") for item in readings):
        raise typer.Exit(1)
