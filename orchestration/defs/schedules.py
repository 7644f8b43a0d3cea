"""The job that refreshes the tenants that are due, by pace or by changed files, and the weekly full build.

A step that writes holds a file lock.
"""

from datetime import UTC, datetime

import dagster as dg

from orchestration import arrivals, pace
from orchestration.defs import sources
from orchestration.defs.common import BUSY, FULL, TENANTS, configuration

refresh = dg.define_asset_job(
    "refresh", selection=dg.AssetSelection.all(), description="Pull, build, test, publish, refresh dashboards."
)


full = dg.define_asset_job(
    "full_build",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*sources.assets().keys),
    tags={FULL: "true"},
    description="Build every tenant, compare each cell with what was published, and publish. Pulls nothing.",
)


@dg.sensor(
    name="tenants_are_due",
    jobs=[refresh, full],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Refreshes each tenant at the pace of its every_minutes, and soon after files of its folders changed. "
    "Builds every tenant once a week.",
)
def tenants_are_due(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """A run for the tenants that are due or have changed files, and none while another run goes on: they stay due.

    The first line of the cursor is that of the paces, the second that of the files.
    """
    settings = configuration()
    paces, _, files = (context.cursor or "").partition("\n")
    now, seen = pace.slots(settings, datetime.now(UTC)), arrivals.look(settings)
    due, changed = pace.due(paces, now), arrivals.due(files, seen)
    if context.instance.get_runs_count(dg.RunsFilter(statuses=list(BUSY))):
        return dg.SkipReason("A run goes on.")

    def cursor(names: list[str]) -> str:
        return f"{pace.moved(paces, now, names)}\n{arrivals.moved(files, seen, names)}"

    tenants = [tenant.id for tenant in settings.tenants if tenant.id in (*due, *changed)]
    if tenants:
        tags = {TENANTS: ",".join(tenants)} if len(tenants) < len(settings.tenants) else {}
        return dg.SensorResult(run_requests=[dg.RunRequest(job_name=refresh.name, tags=tags)], cursor=cursor(tenants))
    if due:
        return dg.SensorResult(run_requests=[dg.RunRequest(job_name=full.name)], cursor=cursor(due))
    return dg.SensorResult(cursor=cursor([]), skip_reason="No tenant is due.")
