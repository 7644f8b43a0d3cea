"""Dagster's one root: `dagster dev -m orchestration.definitions`. Nothing is read or built at import."""

import dagster as dg


@dg.definitions
def definitions() -> dg.Definitions:
    """Sources -> dbt models and tests -> published build -> dashboards; one job, every hour."""
    from orchestration.defs import alerts, publish, schedules, sources, transform

    return dg.Definitions(
        assets=[sources.assets(), transform.marts(), publish.build(), publish.dashboards()],
        asset_checks=[publish.agrees_with_the_source, alerts.checks()],
        jobs=[schedules.refresh],
        schedules=[schedules.hourly],
        executor=dg.in_process_executor,  # a step in a process of its own costs 3.5 CPU seconds
    )
