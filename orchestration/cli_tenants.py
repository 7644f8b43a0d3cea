"""The commands `takings tenants …`: what is stored of each tenant, and what takings.toml no longer names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orchestration.settings import Settings
    from orchestration.stored import Change

app = typer.Typer(help="List, rename or remove what is stored of tenants and accounts.", no_args_is_help=True)
Stored = Annotated[str, typer.Argument(help="TENANT or TENANT/SOURCE/ACCOUNT.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without it, only say what would be done.")]


@app.command("list")
def list_tenants() -> None:
    """List every tenant and account that is configured or stored."""
    from orchestration import settings, stored

    for line in stored.listing(settings.load()):
        typer.echo(line)


@app.command()
def rename(old: Stored, new: Stored, yes: Yes = False) -> None:
    """Give stored data the name that takings.toml has now: a tenant's, or an account's as tenant/source/account."""
    from orchestration import served_state, settings, stored

    configuration = settings.load()
    change = stored.rename(configuration, old, new, really=yes)
    _say_change(change, f"renamed from {old} to {new}", yes=yes)
    if yes and "/" not in old:
        for line in served_state.rename(configuration, old, new):
            typer.echo(line)


@app.command()
def remove(name: Stored, yes: Yes = False) -> None:
    """Delete all that is stored of a tenant, or of an account (tenant/source/account), that is not configured."""
    from orchestration import served_state, settings, stored

    configuration = settings.load()
    change = stored.remove(configuration, name, really=yes)
    _say_change(change, "deleted", yes=yes)
    if yes and "/" not in name:
        for line in served_state.remove(configuration, name):
            typer.echo(line)


def say_left_behind(configuration: Settings) -> None:
    """Say on stderr what happens to data that the configuration no longer names."""
    from orchestration import stored

    for line in stored.left_behind(configuration):
        typer.echo(f"warning: {line}", err=True)


def say_other_time_zones(configuration: Settings) -> None:
    """Say on stderr which tenant's time zone Python and DuckDB know differently, in six years."""
    from datetime import UTC, datetime

    from orchestration import time_zones

    for line in time_zones.warnings(configuration.tenants, datetime.now(UTC).year):
        typer.echo(f"warning: {line}", err=True)


def _say_change(change: Change, what: str, *, yes: bool) -> None:
    names = ", ".join("/".join(name) for name in change.accounts)
    typer.echo(f"{change.rows:,} staging rows and the landing zone of {names} {'were' if yes else 'would be'} {what}.")
    typer.echo("The next `takings build` publishes it." if yes else "Add --yes to do it.")
