"""The commands `takings readers …`: logins of the PostgreSQL database that read the published tables."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli_tenants import Yes

app = typer.Typer(help="Make, list and remove logins that read marts in PostgreSQL.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The login's name. Every login of the server can see it.")]


@app.command()
def add(
    name: Name,
    tenant: Annotated[str | None, typer.Option(help="The tenant whose rows it sees.")] = None,
    all_tenants: Annotated[bool, typer.Option("--all-tenants", help="It sees the rows of every tenant.")] = False,
    password: Annotated[
        str | None, typer.Option(help="Where its password is, env:NAME or file:PATH; without, a new one is printed.")
    ] = None,
) -> None:
    """Make a login that can read the published tables, and of them the rows of one tenant, or all rows."""
    from orchestration import settings
    from orchestration.postgres import readers, warehouse

    if (tenant is None) != all_tenants:
        raise typer.BadParameter("Name either --tenant or --all-tenants.")
    configuration = settings.load()
    reader = readers.Reader(name, tenant)
    own = readers.given_password(configuration, password)
    secret = readers.add(configuration, warehouse.of_settings(configuration), reader, own)
    if secret is None:
        typer.echo(f"The login {name} is there already and sees {reader.sees}. Nothing was changed.")
        return
    if own is None:
        typer.echo(secret)
    shown = "" if own else " Its password is not shown again."
    typer.echo(f"The login {name} sees {reader.sees} in the schema marts.{shown}", err=True)


@app.command("list")
def list_readers() -> None:
    """List the logins and whose rows each sees."""
    from orchestration import settings
    from orchestration.postgres import readers, warehouse

    configuration = settings.load()
    logins = readers.listed(warehouse.of_settings(configuration))
    known = {tenant.id for tenant in configuration.tenants}
    for reader in logins:
        notes = [] if reader.exists else ["the server no longer has it"]
        notes += [] if reader.tenant is None or reader.tenant in known else ["no such tenant in takings.toml"]
        typer.echo("; ".join([f"{reader.name}: {reader.sees}", *notes]))
    if not logins:
        typer.echo("There is no login.", err=True)


@app.command()
def remove(name: Name, yes: Yes = False) -> None:
    """Remove a login that `takings readers add` made."""
    from orchestration import settings
    from orchestration.postgres import readers, warehouse

    reader = readers.remove(warehouse.of_settings(settings.load()), name, really=yes)
    typer.echo(f"The login {name}, which sees {reader.sees}, {'was' if yes else 'would be'} removed.")
    if not yes:
        typer.echo("Add --yes to do it.")
