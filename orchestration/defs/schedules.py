"""One job, every hour. Steps that write hold the operating system's lock; who comes second is refused clearly."""

import dagster as dg

refresh = dg.define_asset_job(
    "refresh", selection=dg.AssetSelection.all(), description="Pull, build, test, publish, show."
)
hourly = dg.ScheduleDefinition(
    name="hourly", job=refresh, cron_schedule="0 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)
