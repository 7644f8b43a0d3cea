"""The commands `takings token …`: tokens for programs that read a tenant's numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli_numbers import Tenant

app = typer.Typer(help="Make, list and revoke tokens for programs (API, assistants).", no_args_is_help=True)


@app.command()
def create(
    tenant: Tenant = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it may do, repeated or separated by commas: metrics, reports, alerts (without the option these "
            "three), settings (changes the settings of the store's assistant)."
        ),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="90d or 48h; by default the tenant's `default_days`, at most its `most_days`.")
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for, such as the program that has it.")] = "",
) -> None:
    """Print a new token. It is shown this once: only its hash is stored."""
    from orchestration import settings, tokens
    from serving.tokens import READING

    scopes = [part.strip() for text in scope or READING for part in text.split(",") if part.strip()]
    if not scopes:
        raise typer.BadParameter("--scope names nothing that the token may do")
    text, entry = tokens.create(settings.load(), tenant, scopes, expires, name)
    typer.echo(text)
    about = f"Token {entry.id} of {entry.tenant} for {', '.join(sorted(entry.scopes))}"
    typer.echo(f"{about}, until {entry.expires:%Y-%m-%d %H:%M} UTC. It is not shown again.", err=True)


@app.command("list")
def list_tokens(
    tenant: Tenant = None,
    ended: Annotated[bool, typer.Option("--all", help="Also those that have expired or were revoked.")] = False,
) -> None:
    """List the tokens that work now: id, state, tenant, scopes, end, last use, name, who made it and when."""
    from orchestration import settings, tokens

    rows = [
        (
            entry.id, state, entry.tenant, ",".join(sorted(entry.scopes)), f"until {entry.expires:%Y-%m-%d %H:%M} UTC",
            f"used {entry.used_at:%Y-%m-%d %H:%M} UTC" if entry.used_at else "never used", entry.name or "-",
            f"by {entry.made_by}", f"{entry.made_at:%Y-%m-%d}",
        )
        for entry, state in tokens.entries(settings.load(), tenant, ended=ended)
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if not rows:
        typer.echo("No token works.", err=True)


@app.command()
def revoke(
    number: Annotated[str, typer.Argument(metavar="ID", help="The id that `takings token list` shows.")],
) -> None:
    """End a token at once."""
    from orchestration import settings, tokens

    entry = tokens.revoke(settings.load(), number)
    typer.echo(f"The token {number} of {entry.tenant} no longer works.")
