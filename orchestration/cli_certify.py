"""The command that compares a build of PostgreSQL with one of DuckDB."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def certify(
    target: Annotated[Literal["postgres"], typer.Option(help="The engine that is compared with DuckDB.")] = "postgres",
    seed: Annotated[int, typer.Option(help="Another seed asks other questions.")] = 0,
) -> None:
    """Build what has been pulled on DuckDB and on PostgreSQL, and compare every cell of every mart, and 500 questions.

    Nothing is published, and what readers see stays. The database is the one of `[warehouse]` in takings.toml.
    """
    from orchestration import pipeline, settings, terminal
    from orchestration.home import Home
    from orchestration.postgres import certify, warehouse

    configuration = settings.load()
    home, target_warehouse = Home(configuration.home), warehouse.of_settings(configuration)
    with terminal.progress() as progress, pipeline.disk_guard(home), home.writing():
        certificate = certify.certify(configuration, target_warehouse, progress, seed=seed)
    terminal.certificate(certificate)
    if not certificate.is_equal:
        raise typer.Exit(1)
