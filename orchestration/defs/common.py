"""Shared by the assets: the configuration, the run's name, and progress for logs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg

from connectors.base import Progress
from orchestration import settings
from orchestration.settings import Settings

TENANTS, FULL = "takings/tenants", "takings/full"
"""Tags of a run: the tenants that it pulls, with a comma between; and that it builds every tenant."""
BUSY = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED)  # fmt: skip
_watchers: list[Progress] = []
SECONDS_BETWEEN_LINES = 10.0  # a progress bar on stdout freezes Dagster's pages


def configuration() -> Settings:
    """The configuration, read only when a step runs."""
    return settings.load()


def run_name(context: dg.AssetExecutionContext) -> str:
    """The run's name in staging rows and builds: its creation time, so that names sort by time."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    created = record.create_timestamp if record else datetime.now(UTC)
    return created.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


@contextmanager
def shown(progress: Progress) -> Iterator[None]:
    """Also send the progress of steps in this process to `progress`, for the terminal."""
    _watchers.append(progress)
    try:
        yield
    finally:
        _watchers.remove(progress)


def logged(context: dg.AssetExecutionContext) -> Progress:
    """Progress as log lines: at most one per step every ten seconds."""
    logged_at: dict[str, float] = {}

    def show(step: str, count: int, total: int | None, detail: str) -> None:
        for watch in _watchers:
            watch(step, count, total, detail)
        if time.monotonic() - logged_at.get(step, 0.0) > SECONDS_BETWEEN_LINES:
            logged_at[step] = time.monotonic()
            context.log.info(f"{step}: {count:,}{f' of {total:,}' if total else ''} {detail}")

    return show
