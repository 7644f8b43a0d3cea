"""The published build, its reconciliation check, and the dashboards that show it."""

import json
from collections.abc import Iterator

import dagster as dg

from common.errors import StopError
from orchestration import builds, full_build, pipeline, places, publication, reconciliation, superset
from orchestration.dbt_build import Built
from orchestration.defs import transform
from orchestration.defs.common import FULL, configuration, logged, run_name
from orchestration.home import Home
from orchestration.postgres import publish as postgres_publish
from semantic.warehouse import open_build

BUILD = dg.AssetKey(["published", "build"])


def build() -> dg.AssetsDefinition:
    """The asset downstream of every mart."""

    @dg.asset(key=BUILD, deps=transform.mart_keys(), group_name="published", kinds={"duckdb"})
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """The marts as readers see them: one immutable file per tenant, made current by one rename."""
        settings = configuration()
        home, name = Home(settings.home), run_name(context)
        built = Built(home.builds / f"build_{name}.duckdb")
        if not built.path.exists():
            raise StopError(
                "Nothing was published",
                f"there is no finished build of run {name}",
                "Materialize the marts in the same run",
            )
        tenants = publication.of_settings(settings)
        with pipeline.disk_guard(home), home.writing():
            before = builds.current(home)
            database = postgres_publish.of_engine(settings)
            folder = publication.publish(home, built, name, tenants, logged(context), database)
        compared = full_build.compare(before, folder) if before and FULL in context.run.tags else None
        if compared and compared.differences:
            raise StopError(
                "A full build differs from what was published before",
                "; ".join(map(str, compared.differences)),
                "The full build is published. Please report this message: a run left out what had changed",
            )
        about = json.loads((folder / "build.json").read_text())
        cells = {"cells that equal those published before": compared.cells} if compared else {}
        return dg.MaterializeResult(
            metadata={"run": name, "folder": str(folder), "definitions": about["definitions"], **cells}
        )

    return published


@dg.asset_check(asset=BUILD)
def every_tenant_is_published() -> dg.AssetCheckResult:
    """No tenant is blocked: every one of the configuration has the numbers of this build."""
    folder = builds.newest(Home(configuration().home))
    blocked: dict[str, str] = json.loads((folder / "build.json").read_text()).get("blocked", {})
    return dg.AssetCheckResult(
        passed=not blocked,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"blocked tenants": len(blocked), **blocked},
    )


@dg.asset_check(asset=BUILD)
def reconciles_with_the_source() -> dg.AssetCheckResult:
    """Compare every day's totals with the source's own totals, to the cent."""
    with open_build(places.of_settings(configuration()), every=True) as build:
        rows = reconciliation.of_build(build)
    differing = sum(row["differing"] for row in rows)
    return dg.AssetCheckResult(
        passed=differing == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "totals that differ": differing,
            "totals compared": sum(row["days"] * row["metrics"] for row in rows),
            "worst": "; ".join(f"{row['tenant_id']} {row['worst']}" for row in rows if row["differing"]) or "none",
        },
    )


def dashboards() -> dg.AssetsDefinition:
    """One asset per dashboard, downstream of the build. Materializing one of them refreshes all dashboards."""
    titles = superset.dashboard_titles()
    specs = [
        dg.AssetSpec(_dashboard(slug), deps=[BUILD], group_name="dashboards", kinds={"superset"}, description=title)
        for slug, title in titles.items()
    ]

    @dg.multi_asset(name="show", specs=specs, can_subset=True)
    def show(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        settings = configuration()
        outcome = superset.refresh(settings)
        for slug in titles:
            if _dashboard(slug) in context.selected_asset_keys:
                address = dg.MetadataValue.url(f"{superset.address(settings)}/superset/dashboard/{slug}/")
                yield dg.MaterializeResult(
                    asset_key=_dashboard(slug), metadata={"address": address, "refreshed": outcome}
                )

    return show


def _dashboard(slug: str) -> dg.AssetKey:
    return dg.AssetKey(["superset", slug])
