"""Runs the scheduled job in this process, recorded in Dagster's history, with progress in the terminal."""

from __future__ import annotations

from pathlib import Path

from connectors.base import Progress
from orchestration.home import Home
from orchestration.settings import Settings

SETTINGS = """\
nux:
  enabled: false
telemetry:
  enabled: false
run_monitoring:
  enabled: true
run_queue:
  max_concurrent_runs: 1
"""


def dagster_home(home: Home) -> Path:
    """Dagster's folder, with dagster.yaml in it."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    (home.dagster / "dagster.yaml").write_text(SETTINGS)
    return home.dagster


def recorded_run(settings: Settings, progress: Progress) -> None:
    """Execute the job `refresh`: pull, build, publish, dashboards. Raises the error of the step that failed."""
    import dagster as dg

    from orchestration.definitions import definitions
    from orchestration.defs import common

    job = definitions().resolve_job_def("refresh")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.from_config(str(dagster_home(Home(settings.home)))) as instance, common.shown(progress):
        job.execute_in_process(instance=instance, run_config=quiet)
