"""The commands `takings chat …`: reports by a command in Discord or Slack."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Commands of Discord and Slack that answer with reports.", no_args_is_help=True)


@app.callback()
def chat() -> None:
    """Commands of Discord and Slack that answer with reports."""


@app.command()
def register(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove other commands of the application on these servers.")
    ] = False,
) -> None:
    """Register /report on the Discord server of every tenant that has one. Repeated, it changes nothing.

    Slack's slash command is registered on Slack's own pages: docs/guides/chat.md.
    """
    from orchestration import chat, settings

    for change in chat.register(settings.load(), really=not dry_run, prune=prune):
        if change.is_empty:
            typer.echo(f"{change.guild}: up to date.")
            continue
        parts = {"add": change.added, "change": change.changed, "remove": change.removed}
        words = ", ".join(f"{verb} /{' /'.join(names)}" for verb, names in parts.items() if names)
        typer.echo(f"{change.guild}: {words}{'' if change.written else ' (nothing was written)'}")
