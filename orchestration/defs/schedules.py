"""The hourly job. A step that writes holds a file lock, so a second run at the same time fails with a clear message."""

import dagster as dg

refresh = dg.define_asset_job(
    "refresh", selection=dg.AssetSelection.all(), description="Pull, build, test, publish, refresh dashboards."
)
hourly = dg.ScheduleDefinition(
    name="hourly", job=refresh, cron_schedule="0 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)
