"""Superset from the outside: its server, its assets, who may see them, and its caches after a publish."""

from __future__ import annotations

import typer
from supersetapiclient.client import SupersetClient

from common.errors import ConfigurationError
from connectors.base import Progress, no_progress
from orchestration import dbt_build, publication
from orchestration.home import Home
from orchestration.settings import CHECKOUT, Settings
from semantic import catalog
from superset_assets import access, bundle, client, process, sync, validate, verify, yaml_text

DASHBOARDS = CHECKOUT / "superset_assets" / "dashboards"

ADS = frozenset({"meta_ads", "tiktok_ads"})
SHOPIFY, STRIPE, FILES = (frozenset({kind}) for kind in ("shopify", "stripe", "files"))
NEEDS = {
    "store-performance": (SHOPIFY,),
    "executive-summary": (SHOPIFY, STRIPE, ADS),
    "revenue-deep-dive": (SHOPIFY, STRIPE),
    "marketing-performance": (SHOPIFY, ADS),
    "product-metrics": (SHOPIFY, FILES),
    "financial-health": (SHOPIFY, STRIPE, ADS, FILES),
}
"""One source of each of these sets fills a dashboard; a tenant with fewer sees some of its charts empty."""


def server(settings: Settings) -> process.Server:
    """The Superset of this home."""
    home = Home(settings.home)
    return process.Server(home.superset, home.published, settings.superset.port)


def address(settings: Settings) -> str:
    """Where people find it."""
    return server(settings).url


def dashboard_titles() -> dict[str, str]:
    """Every dashboard in the files: its slug and its title."""
    contents = (yaml_text.load(path.read_text()) for path in sorted(DASHBOARDS.glob("*.yaml")))
    return {str(content["slug"]): str(content["dashboard_title"]) for content in contents}


def asset_zip(settings: Settings) -> bytes:
    """All assets, checked from dashboard to mart. Raises InvalidAssetsError that names every problem."""
    folder = publication.current(Home(settings.home)) or dbt_build.parse(Home(settings.home))
    definitions = catalog.load(folder)
    validate.ensure(definitions)
    return bundle.to_zip(definitions, default_range=settings.dashboards.default_range)


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
    access.grant(session, [tenant.id for tenant in settings.tenants], server(settings).credentials)
    progress("dashboards", 2, 3, "fresh numbers")
    server(settings).flush_data_cache()
    progress("dashboards", 3, 3, "ready")


def refresh(settings: Settings) -> str:
    """After a publish: what the files say, on the new numbers. Says what was done; no server is no error."""
    there = server(settings)
    if not there.running():
        return "Superset is not running; it will show the new build when it is started"
    there.wait_ready()
    apply(settings)
    return "assets compared with their files, cached answers forgotten"


def check_charts(settings: Settings) -> dict[str, list[tuple[str, int]]]:
    """Each chart's number of rows, for every tenant and every dashboard that the tenant's sources can fill.

    Raises EmptyChart when one has none.
    """
    session = connect(settings)
    return {
        f"{tenant.id} · {title}": verify.check_charts(session, slug, tenant=tenant.id, force=True)
        for tenant in settings.tenants
        for slug, title in dashboard_titles().items()
        if filled_by(slug, {source.kind for source in tenant.sources})
    }


def filled_by(slug: str, kinds: set[str]) -> bool:
    """Whether sources of these kinds are enough for every chart of a dashboard."""
    return all(kinds & one_of for one_of in NEEDS.get(slug, ()))


def dashboards(settings: Settings, *, apply: bool, prune: bool, url: str | None) -> None:
    """Show what differs between Superset and the files; with `apply` write it, with `prune` also remove."""
    if url is None and not server(settings).running():
        raise ConfigurationError(
            "Superset is not running here. Start it with `takings serve`, or name another with --url."
        )
    session, assets = connect(settings, url), asset_zip(settings)
    plan = sync.apply(session, assets) if apply else sync.plan(session, assets)
    for line in plan.lines():
        typer.echo(line)
    if apply:
        for line in access.grant(session, [tenant.id for tenant in settings.tenants], server(settings).credentials):
            typer.echo(line)
    if prune:
        for asset in sync.prune(session, assets, dry_run=not apply):
            typer.echo(f"{'removed' if apply else 'would remove'} {asset.kind[:-1]} {asset.title}")
    if plan.empty and not prune:
        typer.echo("Superset shows exactly what the files say.")
    elif not apply:
        typer.echo("Nothing was written; add --apply to do it.")
