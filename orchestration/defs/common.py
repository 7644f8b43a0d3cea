"""What the assets share: the configuration, a run's name, progress that a log can bear."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg

from connectors.base import Progress
from orchestration import settings
from orchestration.settings import Settings

_watchers: list[Progress] = []
EVERY = 10.0  # seconds between progress lines; a bar on stdout freezes the pages


def configuration() -> Settings:
    """The configuration, read when a step runs and not before."""
    return settings.load()


def run_name(context: dg.AssetExecutionContext) -> str:
    """The name of this Dagster run as staging rows and builds carry it: its creation time, sortable."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    created = record.create_timestamp if record else datetime.now(UTC)
    return created.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


@contextmanager
def shown(progress: Progress) -> Iterator[None]:
    """Within: steps that run in this process also show their progress to the person who waits."""
    _watchers.append(progress)
    try:
        yield
    finally:
        _watchers.remove(progress)


def logged(context: dg.AssetExecutionContext) -> Progress:
    """Progress as log lines, one a step every ten seconds."""
    said: dict[str, float] = {}

    def show(step: str, done: int, total: int | None, detail: str) -> None:
        for watch in _watchers:
            watch(step, done, total, detail)
        if time.monotonic() - said.get(step, 0.0) > EVERY:
            said[step] = time.monotonic()
            context.log.info(f"{step}: {done:,}{f' of {total:,}' if total else ''} {detail}")

    return show
