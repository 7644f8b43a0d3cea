"""The root of Dagster's definitions: `dagster dev -m orchestration.definitions`. An import reads and builds nothing."""

import dagster as dg


@dg.definitions
def definitions() -> dg.Definitions:
    """Streams → dbt models and tests → published build → dashboards and messages, in one job."""
    from orchestration.defs import alerts, messages, publish, schedules, sources, transform

    return dg.Definitions(
        assets=[sources.assets(), transform.marts(), publish.build(), publish.dashboards(), messages.assets()],
        asset_checks=[publish.every_tenant_is_published, publish.reconciles_with_the_source, alerts.checks()],
        jobs=[schedules.refresh, schedules.full, messages.send_messages],
        sensors=[schedules.tenants_are_due, messages.messages_are_due],
        executor=dg.in_process_executor,  # a separate process per step costs 3.5 CPU seconds
    )
