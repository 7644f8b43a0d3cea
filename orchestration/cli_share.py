"""The commands `takings share …`: links to reports for people without a login."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from orchestration.cli_numbers import From, Period, Tenant, day_range

LINK = "link"


class _LinkByDefault(TyperGroup):
    """`takings share REPORT …` is `takings share link REPORT …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the command before a report's name."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = [LINK, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_LinkByDefault,
    help="Make, list and revoke links to reports. `takings share REPORT …` makes one.",
    no_args_is_help=True,
)
key_commands = typer.Typer(help="The keys that sign links.", no_args_is_help=True)
app.add_typer(key_commands, name="keys")


@app.command(LINK)
def link(
    report: Annotated[str, typer.Argument(help="revenue-overview, sales-velocity, product-performance, …")],
    start: From = None,
    end: Annotated[str | None, typer.Option("--to", help="Last day, included; by default today.")] = None,
    period: Period = None,
    tenant: Tenant = None,
    expires: Annotated[
        str | None, typer.Option(help="7d or 48h; by default the tenant's `default_days`, at most its `most_days`.")
    ] = None,
    rolling: Annotated[
        bool, typer.Option("--rolling", help="The days of --period move on with the calendar; the page says so.")
    ] = False,
) -> None:
    """Print a link that shows a report to everybody who has it, until it expires. By default the report's usual days.

    A period has the days of it that are over, as on the dashboards. They are fixed when the link is made, unless
    --rolling.
    """
    from orchestration import settings, sharing

    if rolling and (start or end):
        raise typer.BadParameter("--rolling moves the days of --period: it cannot be combined with --from and --to")
    configuration = settings.load()
    name = None if start or end else period or sharing.usual_period(configuration, report)
    first, last = (
        sharing.whole_days(configuration, tenant, name) if name else day_range(start, end or "today", period, tenant)
    )
    if first is None or last is None:
        raise typer.BadParameter("a link needs --from, or --period")
    days, moving = (None, name) if rolling else ((first, last), None)
    shared = sharing.share(configuration, report, tenant, days, moving, expires)
    typer.echo(shared.url)
    typer.echo(f"{report}, {shared.shows}, until {shared.expires:%Y-%m-%d %H:%M} UTC.", err=True)
    if shared.names_customers:
        typer.echo("This report names customers: everybody who has the link sees them.", err=True)


@app.command("list")
def list_links(
    tenant: Tenant = None,
    ended: Annotated[bool, typer.Option("--all", help="Also those that have expired or were revoked.")] = False,
) -> None:
    """List the links that open now: id, state, tenant, report, days, end, who made it and when."""
    from orchestration import settings, sharing

    rows = [
        (
            entry.link.id, state, entry.link.tenant, entry.link.report, sharing.shown_period(entry.link),
            f"until {entry.link.expiry:%Y-%m-%d %H:%M} UTC", f"by {entry.made_by}", f"{entry.made_at:%Y-%m-%d}",
        )
        for entry, state in sharing.entries(settings.load(), tenant, ended=ended)
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if not rows:
        typer.echo("No link is open.", err=True)


@app.command()
def revoke(
    number: Annotated[str, typer.Argument(metavar="ID", help="The id that `takings share list` shows.")],
) -> None:
    """End a link at once."""
    from orchestration import settings, sharing

    entry = sharing.revoke(settings.load(), number)
    typer.echo(f"The link {number} to {entry.link.report} of {entry.link.tenant} no longer opens.")


@key_commands.command()
def rotate(
    revoke_all: Annotated[
        bool, typer.Option("--revoke", help="Also end every link that was made before: a key was seen by others.")
    ] = False,
) -> None:
    """Sign new links with a new key. Links that are open keep working until they expire."""
    from orchestration import settings, sharing

    name, removed = sharing.rotate_keys(settings.load(), revoke_all=revoke_all)
    typer.echo(f"New links are signed with {name}." + (f" Removed: {', '.join(removed)}." if removed else ""))
