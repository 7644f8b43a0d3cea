"""The command `takings`. Imports are inside the commands, so that it starts quickly.

An error that a person can act on is one message (what failed, why, what to do next) and exit code 1.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from orchestration import (
    cli_alerts,
    cli_audit,
    cli_certify,
    cli_chat,
    cli_deliveries,
    cli_event_log,
    cli_mcp,
    cli_numbers,
    cli_pictures,
    cli_readers,
    cli_reports,
    cli_share,
    cli_tenants,
    cli_tokens,
)

if TYPE_CHECKING:
    from orchestration.pipeline import Run

app = typer.Typer(
    name="takings",
    help="Self-hosted analytics for people who sell online: from the shop's API to a dashboard, right to the cent.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(cli_tenants.app, name="tenants")
app.add_typer(cli_share.app, name="share")
app.add_typer(cli_chat.app, name="chat")
app.add_typer(cli_tokens.app, name="token")
app.add_typer(cli_readers.app, name="readers")
app.add_typer(cli_audit.app, name="audit")
app.add_typer(cli_event_log.app, name="event-log")
cli_numbers.register(app)
app.command()(cli_reports.report)
app.command()(cli_mcp.mcp)
app.command()(cli_alerts.alerts)
app.command()(cli_pictures.pictures)
app.command()(cli_deliveries.deliveries)
app.command()(cli_certify.certify)

Full = Annotated[
    bool,
    typer.Option("--full", help="Then build every tenant, and say how many cells differ from those just published."),
]
Target = Annotated[
    Literal["duckdb", "postgres"] | None,
    typer.Option(help="Where marts are built and published; by default the `engine` of `[warehouse]`."),
]
UsageError: Any = typer.BadParameter.__mro__[2]  # Typer's own ClickException: it has no public name


@app.command()
def check() -> None:
    """Check the configuration; report every mistake and every missing secret at once, and data without a tenant.

    Databases are asked, too: whether they accept the login and have the tables and columns that are mapped.
    """
    from common.errors import ConfigurationError
    from orchestration import chat, pulls, settings
    from orchestration.postgres import warehouse
    from orchestration.settings import Settings

    configuration = settings.load()
    accounts, problems = configuration.without_secrets(), list[str]()
    searches = (Settings.accounts, pulls.check_sources, chat.check_secrets, warehouse.check_secret)
    for search in (*searches, cli_deliveries.check_messages):
        try:
            search(configuration)
        except ConfigurationError as error:
            problems.append(str(error))
    if problems:
        raise ConfigurationError("\n".join(problems))
    typer.echo(
        f"{configuration.config_path} is complete: {len(configuration.tenants)} tenants, {len(accounts)} accounts."
    )
    cli_deliveries.say_local_links(configuration)
    cli_tenants.say_left_behind(configuration)
    cli_tenants.say_other_time_zones(configuration)


@app.command()
def run(
    source: Annotated[str | None, typer.Option(help="Pull only this source: shopify, stripe, …")] = None,
    tenant: Annotated[str | None, typer.Option(help="Pull only this tenant's sources.")] = None,
    full: Full = False,
    target: Target = None,
) -> None:
    """Pull every source, build and test the marts, publish them. A second run without new data changes no number.

    A tenant of which nothing changed is not built.

    An account that fails, and a tenant whose data are in doubt, stop no other tenant; the exit code is 1 then.
    """
    from common.errors import TakingsError
    from orchestration import pipeline, settings, superset, terminal
    from orchestration.selection import only

    configuration = settings.load().on(target)
    chosen = only(configuration, source, tenant) if source or tenant else None
    cli_tenants.say_left_behind(configuration)
    try:
        with terminal.progress() as progress:
            result = pipeline.run(configuration, progress, chosen, full=full)
    except TakingsError:
        cli_deliveries.after_run(configuration)  # what waits is named, and what was written before is sent
        raise
    terminal.summary(result)
    if superset.server(configuration).running():
        superset.refresh(configuration)
    cli_deliveries.after_run(configuration)
    _exit(result)


@app.command()
def pull(
    source: Annotated[str | None, typer.Option(help="Only this source: shopify, stripe, …")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's sources.")] = None,
) -> None:
    """Sync every source, or one source or tenant, into staging. Builds nothing."""
    from orchestration import pipeline, settings, terminal
    from orchestration.selection import only

    chosen = only(settings.load(), source, tenant)
    with terminal.progress() as progress:
        result = pipeline.pull_all(chosen, progress)
    terminal.summary(result)
    _exit(result)


@app.command()
def build(full: Full = False, target: Target = None) -> None:
    """Build, test and publish the marts from the staging tables, without network."""
    from orchestration import pipeline, settings, terminal

    configuration = settings.load().on(target)
    cli_tenants.say_left_behind(configuration)
    with terminal.progress() as progress:
        result = pipeline.rebuild(configuration, progress, full=full)
    terminal.summary(result)
    _exit(result)


@app.command()
def replay(
    yes: cli_tenants.Yes = False,
) -> None:
    """Rebuild the staging tables from the landing zone, without network."""
    from orchestration import pipeline, settings, terminal

    with terminal.progress() as progress:
        windows = pipeline.replay(settings.load(), really=yes, progress=progress)
    typer.echo(f"{windows} landed windows {'were loaded' if yes else 'would be loaded. Add --yes to load them'}.")


@app.command()
@app.command("agreement", hidden=True)  # its name before 0.2
def reconciliation() -> None:
    """Compare every day's totals with the source's own totals."""
    from orchestration import places, terminal
    from orchestration import reconciliation as reconciliations
    from semantic.warehouse import open_build

    with open_build(places.of_home(), every=True) as build:
        rows = reconciliations.of_build(build)
    terminal.reconciliation(rows)
    if any(row["differing"] for row in rows):
        raise typer.Exit(1)


@app.command()
def simulate(
    world: Annotated[Path | None, typer.Option(help="A folder of real orders instead of the seeded shops.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes other shops.")] = 7,
    orders: Annotated[int, typer.Option(min=1, help="Number of orders, approximately.")] = 20_000,
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The shops' first day.")] = None,
    port: Annotated[int, typer.Option(help="0 takes a free port.")] = 8765,
    files: Annotated[
        Path | None, typer.Option(help="Also write the tenants' files to this folder, and serve chats by PostgreSQL.")
    ] = None,
    mailbox: Annotated[
        Path | None, typer.Option(help="Also receive mails and webhooks, kept in this folder and shown on a page.")
    ] = None,
) -> None:
    """Serve simulated shops, with payments and ads, on 127.0.0.1 until interrupted."""
    from orchestration import simulator

    simulator.simulate(world, seed, orders, start.date() if start else None, port, files, mailbox)


@app.command()
def demo(
    world: Annotated[Path | None, typer.Option(help="A folder of real orders instead of the seeded shops.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Check that every chart has rows, then end.")] = False,
    superset_port: Annotated[int, typer.Option(help="Superset's port; 0 takes a free port.")] = 8088,
    dagster_port: Annotated[int, typer.Option(help="Dagster's port; 0 takes a free port.")] = 3000,
    web_port: Annotated[int, typer.Option(help="The port of report pages; a free one where it is taken.")] = 8090,
) -> None:
    """Show simulated shops on dashboards: sync, build and publish them, and start the servers. Needs no account."""
    from orchestration.demo import run_demo

    run_demo(world, once, superset_port, dagster_port, web_port)


@app.command()
def dashboards(
    apply: Annotated[bool, typer.Option("--apply", help="Write the changes; without, only show them.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Also remove what is no longer in the files.")] = False,
    export: Annotated[bool, typer.Option("--export", help="The other way: what was edited in Superset.")] = False,
    only: Annotated[str | None, typer.Option(help="With --export: one dashboard, e.g. store-performance.")] = None,
    write: Annotated[bool, typer.Option("--write", help="With --export: change the files.")] = False,
    url: Annotated[str | None, typer.Option(help="A Superset other than the configured one.")] = None,
) -> None:
    """Compare Superset with the dashboards' files: --apply writes to Superset, --export --write to the files."""
    from orchestration import settings, superset

    if export and (apply or prune):
        raise typer.BadParameter("--export changes the files; --apply and --prune change Superset. Use one of them.")
    if not export and (only or write):
        raise typer.BadParameter("--only and --write belong to --export.")
    if export:
        superset.export_dashboards(settings.load(), only=only, write=write, url=url)
    else:
        superset.dashboards(settings.load(), apply=apply, prune=prune, url=url)


@app.command()
def serve() -> None:
    """Serve dashboards, report pages and Dagster for this configuration until interrupted."""
    from orchestration import servers, settings

    servers.serve(settings.load())


def _exit(result: Run) -> None:
    """End with code 1 where an account failed, a tenant is blocked, or a full build differs."""
    if result.failed or result.blocked or (result.compared and result.compared.differences):
        raise typer.Exit(1)


def main() -> None:
    """Run the command; print an error that a person can act on as one message."""
    from common.errors import TakingsError

    try:
        code = app(standalone_mode=False)
    except TakingsError as error:
        _fail(str(error))
    except (typer.Abort, KeyboardInterrupt):
        _fail("Interrupted. What was complete is kept; run the same command again to continue.", 130)
    except UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int = 1) -> None:
    print(f"takings: {message}", file=sys.stderr)  # noqa: T201 - the command line speaks here
    sys.exit(code)


if __name__ == "__main__":
    main()
