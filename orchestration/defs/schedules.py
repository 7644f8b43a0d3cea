"""One job, every hour. Two runs at once are impossible: the writer's lock is the operating system's."""

import dagster as dg

refresh = dg.define_asset_job(
    "refresh", selection=dg.AssetSelection.all(), description="Pull, build, test, publish, show."
)
hourly = dg.ScheduleDefinition(
    name="hourly", job=refresh, cron_schedule="0 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)
