"""The command `takings`. Imports are inside the commands, so that it starts quickly.

An error that a person can act on is one message (what failed, why, what to do next) and exit code 1.
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from orchestration import cli_tenants

if TYPE_CHECKING:
    from orchestration.pipeline import Run
    from semantic.catalog import Catalog

app = typer.Typer(
    name="takings",
    help="Self-hosted analytics for people who sell online: from the shop's API to a dashboard, right to the cent.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(cli_tenants.app, name="tenants")

UsageError: Any = typer.BadParameter.__mro__[2]  # Typer's own ClickException: it has no public name
Tenant = Annotated[str | None, typer.Option(help="The tenant; not needed when there is only one.")]
From = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, included.")]
To = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")]
Period = Annotated[str | None, typer.Option(help="Instead of --from, --to: 7d, 30d, 90d, 365d, ytd, any Nd to 3650d.")]
Definitions = Annotated[
    Literal["build", "checkout"],
    typer.Option(help="build: as published; checkout: semantic/metrics as it is now, over the published tables."),
]


@app.command()
def check() -> None:
    """Check the configuration; report every mistake and every missing secret at once, and data without a tenant."""
    from orchestration import settings

    configuration = settings.load()
    accounts = configuration.accounts()
    typer.echo(
        f"{configuration.config_path} is complete: {len(configuration.tenants)} tenants, {len(accounts)} accounts."
    )
    cli_tenants.say_left_behind(configuration)


@app.command()
def run(
    source: Annotated[str | None, typer.Option(help="Pull only this source: shopify, stripe, …")] = None,
    tenant: Annotated[str | None, typer.Option(help="Pull only this tenant's sources.")] = None,
) -> None:
    """Pull every source, build and test the marts, publish them. A second run without new data changes no number.

    An account that fails, and a tenant whose data are in doubt, stop no other tenant; the exit code is 1 then.
    """
    from orchestration import pipeline, settings, superset, terminal
    from orchestration.selection import only

    configuration = settings.load()
    chosen = only(configuration, source, tenant) if source or tenant else None
    cli_tenants.say_left_behind(configuration)
    with terminal.progress() as progress:
        result = pipeline.run(configuration, progress, chosen)
    terminal.summary(result)
    if superset.server(configuration).running():
        superset.refresh(configuration)
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
def build() -> None:
    """Build, test and publish the marts from the staging tables, without network."""
    from orchestration import pipeline, settings, terminal

    configuration = settings.load()
    cli_tenants.say_left_behind(configuration)
    with terminal.progress() as progress:
        result = pipeline.rebuild(configuration, progress)
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
def query(
    metrics: Annotated[str, typer.Option(help="Metric names, separated by commas.")],
    by: Annotated[
        str, typer.Option(help="day, week, month, quarter or year, and dimensions, separated by commas.")
    ] = "",
    start: From = None,
    end: To = None,
    period: Period = None,
    tenant: Tenant = None,
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
    definitions: Definitions = "build",
) -> None:
    """Query metrics of the published build."""
    from orchestration import settings
    from semantic.query import ask, render

    first, last = _range(start, end, period, tenant)
    catalog = _checkout_definitions() if definitions == "checkout" else None
    table = ask(
        settings.home() / "published", _names(metrics), _names(by),
        start=first, end=last, tenant=tenant, definitions=catalog,
    )  # fmt: skip
    sys.stdout.write(render(table, format))
    _say_blocked(tenant)
    if catalog:
        run = table.schema.metadata[b"run_id"].decode()
        typer.echo(f"Definitions of the checkout ({catalog.version}) over the tables of run {run}.", err=True)


@app.command()
def metrics(
    names: Annotated[list[str] | None, typer.Argument(help="Metrics to show with inputs, dimensions and SQL.")] = None,
    definitions: Definitions = "build",
) -> None:
    """List all metrics, or describe some of them."""
    from orchestration import settings
    from semantic.catalog import load
    from semantic.describe import describe
    from semantic.warehouse import current

    published = settings.home() / "published"
    catalog = _checkout_definitions() if definitions == "checkout" else load(current(published))
    if names:
        typer.echo("\n".join(describe(catalog, name) for name in names), nl=False)
        return
    for metric in catalog.metrics.values():
        typer.echo(f"{metric.name:32} {metric.unit:6} {metric.description}")


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="revenue-overview, sales-velocity, product-performance, …")],
    start: From = None,
    end: To = None,
    period: Period = None,
    tenant: Tenant = None,
    format: Annotated[str, typer.Option(help="csv.")] = "csv",
    folder: Annotated[Path, typer.Option(help="Folder in which the file is written.")] = Path(),
) -> None:
    """Write a report to the file `<report>-<from>-<to>.csv` (UTF-8 with BOM, RFC 4180)."""
    from orchestration import settings
    from semantic.reports.report import write_report

    first, last = _range(start, end, period or (None if start or end else "30d"), tenant)
    if first is None or last is None:
        raise typer.BadParameter("a report needs --from and --to, or --period")
    path = write_report(settings.home() / "published", name, first, last, folder=folder, tenant=tenant, format=format)
    typer.echo(str(path))
    _say_blocked(tenant)


@app.command()
@app.command("agreement", hidden=True)  # its name before 0.2
def reconciliation() -> None:
    """Compare every day's totals with the source's own totals."""
    from orchestration import pipeline, settings, terminal
    from semantic.warehouse import open_build

    with open_build(settings.home() / "published", every=True) as build:
        rows = pipeline.reconciliation(build.folder)
    terminal.reconciliation(rows)
    if any(row["differing"] for row in rows):
        raise typer.Exit(1)


@app.command()
def alerts(
    tenant: Tenant = None,
    fail: Annotated[bool, typer.Option("--fail", help="Exit with code 1 when a rule fires, for scripts.")] = False,
) -> None:
    """Show which alert rules fire in the published build, with the numbers behind them."""
    from orchestration import settings, terminal
    from orchestration.alerts import evaluate_tenants

    results = evaluate_tenants(settings.load(), tenant)
    terminal.alerts(results)
    _say_blocked(tenant)
    if fail and any(alert.state == "firing" for alert in results):
        raise typer.Exit(1)


@app.command()
def simulate(
    world: Annotated[Path | None, typer.Option(help="A folder of real orders instead of the seeded shops.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes other shops.")] = 7,
    orders: Annotated[int, typer.Option(min=1, help="Number of orders, approximately.")] = 20_000,
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The shops' first day.")] = None,
    port: Annotated[int, typer.Option(help="0 takes a free port.")] = 8765,
    files: Annotated[Path | None, typer.Option(help="Write each shop's events and expenses to this folder.")] = None,
) -> None:
    """Serve simulated shops, with payments and ads, on 127.0.0.1 until interrupted."""
    from orchestration import simulator

    simulator.simulate(world, seed, orders, start.date() if start else None, port, files)


@app.command()
def demo(
    world: Annotated[Path | None, typer.Option(help="A folder of real orders instead of the seeded shops.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Check that every chart has rows, then end.")] = False,
    superset_port: Annotated[int, typer.Option(help="Superset's port; 0 takes a free port.")] = 8088,
    dagster_port: Annotated[int, typer.Option(help="Dagster's port; 0 takes a free port.")] = 3000,
) -> None:
    """Show simulated shops on dashboards: sync, build and publish them, and start the servers. Needs no account."""
    from orchestration.demo import run_demo

    run_demo(world, once, superset_port, dagster_port)


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
    """Serve Superset and Dagster for this configuration until interrupted."""
    from orchestration import servers, settings

    servers.serve(settings.load())


def _checkout_definitions() -> Catalog:
    """The metrics as this checkout defines them. dbt parses the project only where it has changed."""
    from orchestration import dbt_build, settings
    from orchestration.home import Home
    from semantic.catalog import load

    return load(dbt_build.parse(Home(settings.home())))


def _say_blocked(tenant: str | None) -> None:
    """Say on stderr of which tenants newer data are not published, and why."""
    from orchestration import settings
    from semantic.warehouse import open_build

    with open_build(settings.home() / "published", tenant, every=tenant is None) as build:
        for name, since, reason in build.blocked():
            typer.echo(f"{name} shows older numbers: blocked since {since:%Y-%m-%d %H:%M} UTC. {reason}", err=True)


def _exit(result: Run) -> None:
    """End with code 1 where an account failed or a tenant is blocked."""
    if result.failed or result.blocked:
        raise typer.Exit(1)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _range(
    start: datetime | None, end: datetime | None, period: str | None, tenant: str | None
) -> tuple[date | None, date | None]:
    """First and last day of the question; `period` is resolved in the tenant's time zone."""
    if period is None:
        return (start.date() if start else None), (end.date() if end else None)
    if start or end:
        raise typer.BadParameter("--period cannot be combined with --from and --to")
    from datetime import UTC

    from orchestration import settings
    from semantic import periods

    configuration = settings.load()
    zone = configuration.tenant(tenant).time_zone if tenant else configuration.tenants[0].time_zone
    return periods.resolve(period, zone, datetime.now(UTC))


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
