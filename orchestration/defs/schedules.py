"""The job that refreshes the tenants that are due, and the weekly full build. A step that writes holds a file lock."""

from datetime import UTC, datetime

import dagster as dg

from orchestration import pace
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
    description="Refreshes each tenant at the pace of its every_minutes, and builds every tenant once a week.",
)
def tenants_are_due(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """A run for the tenants that are due, and none while another run goes on: they stay due."""
    settings = configuration()
    now = pace.slots(settings, datetime.now(UTC))
    due = pace.due(context.cursor, now)
    if context.instance.get_runs_count(dg.RunsFilter(statuses=list(BUSY))):
        return dg.SkipReason("A run goes on.")
    tenants = [name for name in due if name != pace.FULL]
    if tenants:
        tags = {TENANTS: ",".join(tenants)} if len(tenants) < len(settings.tenants) else {}
        request, names = dg.RunRequest(job_name=refresh.name, tags=tags), tenants
    elif due:
        request, names = dg.RunRequest(job_name=full.name), due
    else:
        return dg.SensorResult(cursor=pace.moved(context.cursor, now, []), skip_reason="No tenant is due.")
    return dg.SensorResult(run_requests=[request], cursor=pace.moved(context.cursor, now, names))
