"""Superset from the outside: its server, its assets, who may see them, and its caches after a publish."""

from __future__ import annotations

import typer
from supersetapiclient.client import SupersetClient

from common.errors import ConfigurationError
from connectors.base import Progress, no_progress
from orchestration import builds, dbt_parse
from orchestration.home import Home
from orchestration.settings import Settings
from semantic import catalog
from semantic.catalog import Catalog
from superset_assets import access, bundle, client, decisions, export, process, sync, validate, verify
from superset_assets.dashboard_form import slug


def server(settings: Settings) -> process.Server:
    """The Superset of this home."""
    home, web = Home(settings.home), settings.serving.address or f":{settings.serving.port}"
    return process.Server(home.superset, home.published, settings.superset.port, https=settings.superset.https, web=web)


def address(settings: Settings) -> str:
    """Where people find it."""
    return server(settings).url


def dashboard_titles() -> dict[str, str]:
    """The slug and the title of every dashboard in the files."""
    return {slug(name): dashboard.title for name, dashboard in decisions.read().dashboards.items()}


def definitions(settings: Settings) -> Catalog:
    """The metrics and marts of the published build; before the first build, those of the project."""
    home = Home(settings.home)
    return catalog.load(builds.current(home) or dbt_parse.parse(home))


def asset_zip(settings: Settings) -> bytes:
    """All assets, checked from dashboard to mart. Raises InvalidAssetsError that names every problem."""
    assets = validate.checked(definitions(settings))
    return bundle.pack(bundle.complete(assets, default_range=settings.dashboards.default_range))


def connect(settings: Settings, url: str | None = None) -> SupersetClient:
    """Logged in as the administrator."""
    there = server(settings)
    return client.connect(url or there.url, "admin", there.credentials.admin.password)


def apply(settings: Settings, progress: Progress = no_progress) -> None:
    """Bring Superset in line with the files: assets, roles, rules, logins; then show the newest build."""
    session = connect(settings)
    progress("dashboards", 0, 3, "importing")
    sync.apply(session, asset_zip(settings))
    progress("dashboards", 1, 3, "roles and logins")
    _grant(settings, session)
    progress("dashboards", 2, 3, "fresh numbers")
    server(settings).flush_data_cache()
    client.call(session, "post", "takings/warm")
    progress("dashboards", 3, 3, "ready")


def refresh(settings: Settings) -> str:
    """After a publish: what the files say, on the new numbers. Says what was done; no server is no error."""
    if builds.about(Home(settings.home)).get("engine") == builds.POSTGRES:
        return "Superset reads marts in files, and those of this build are in PostgreSQL"
    there = server(settings)
    if not there.running():
        return "Superset is not running; it will show the new build when it is started"
    there.wait_ready()
    apply(settings)
    return "assets compared with their files, cached answers forgotten"


def check_charts(settings: Settings) -> dict[str, list[tuple[str, int]]]:
    """Each chart's number of rows, for every tenant and every dashboard that the tenant's sources can fill.

    Raises EmptyChartError when one has none.
    """
    session, files = connect(settings), decisions.read().dashboards
    records = builds.kinds_of_records(Home(settings.home))
    return {
        f"{tenant.id} · {dashboard.title}": verify.check_charts(session, slug(name), tenant=tenant.id, force=True)
        for tenant in settings.tenants
        for name, dashboard in files.items()
        if dashboard.filled_by({*(source.kind for source in tenant.sources), *records.get(tenant.id, [])})
    }


def dashboards(settings: Settings, *, apply: bool, prune: bool, url: str | None) -> None:
    """Show what differs between Superset and the files; with `apply` write it, with `prune` also remove."""
    session, assets = _session(settings, url), asset_zip(settings)
    plan = sync.apply(session, assets) if apply else sync.plan(session, assets)
    for line in plan.lines():
        typer.echo(line)
    if apply:
        for line in _grant(settings, session):
            typer.echo(line)
    if prune:
        for asset in sync.prune(session, assets, dry_run=not apply):
            typer.echo(f"{'removed' if apply else 'would remove'} {asset.kind[:-1]} {asset.title}")
    if plan.empty and not prune:
        typer.echo("Superset shows exactly what the files say.")
    elif not apply:
        typer.echo("Nothing was written; add --apply to do it.")


def export_dashboards(settings: Settings, *, only: str | None, write: bool, url: str | None) -> None:
    """Show what was edited in Superset as a diff of the files; with `write` change the files. only: a slug or name."""
    files = decisions.read()
    name = only.replace("-", "_") if only else None
    if name is not None and name not in files.dashboards:
        known = ", ".join(map(slug, files.dashboards))
        raise ConfigurationError(f"No file has a dashboard called {only!r}", next_step=f"Name one of {known}")
    changes = export.compare(
        bundle.unpack(sync.exported(_session(settings, url))), files, definitions(settings),
        only=[name] if name else (), default_range=settings.dashboards.default_range,
    )  # fmt: skip
    for line in changes.lines():
        typer.echo(line)
    if not changes.texts():
        typer.echo("The files say what Superset shows." if not changes.warnings else "Nothing can be written.")
    elif write:
        for path in changes.write():
            typer.echo(f"wrote {path}")
    else:
        typer.echo("Nothing was written; add --write to change the files.")


def _grant(settings: Settings, session: SupersetClient) -> list[str]:
    """Set roles, rules and logins as the configuration has them; returns one line per change."""
    makers = {"owner": access.owner, "analyst": access.analyst}
    colleagues = [makers[login.role](tenant.id, login.name) for tenant in settings.tenants for login in tenant.logins]
    colleagues += map(access.operator, settings.superset.operators)
    return access.grant(session, [tenant.id for tenant in settings.tenants], server(settings).credentials, colleagues)


def _session(settings: Settings, url: str | None) -> SupersetClient:
    if url is None and not server(settings).running():
        raise ConfigurationError(
            "Superset is not running here", next_step="Start it with `takings serve`, or name another with --url"
        )
    return connect(settings, url)
