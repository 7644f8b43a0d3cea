"""Asynchronous report runs: started, polled, started once more, within one deadline for the whole report.

A run can fail, be skipped or never end, and so can each of its halves: without a common limit a report of a month would
be tried for days.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import msgspec

from connectors.errors import RetryError
from connectors.http import decoded
from connectors.meta_ads.client import Client
from connectors.meta_ads.errors import GraphError, refusal
from connectors.sync.daily_reports import TooLargeError

STARTS, POLL_SECONDS, LONGEST_POLL, RUN_SECONDS = 2, 2.0, 30.0, 1800.0
MOST_FAILURES, REPORT_SECONDS = 12, 10_800.0  # of one report, its halves included


class _StartedRun(msgspec.Struct):
    report_run_id: str


class _Run(msgspec.Struct):
    async_status: str
    async_percent_completion: int | None = None
    error_message: str | None = None
    error_code: int | None = None
    error_subcode: int | None = None


@dataclass
class Runs:
    """The runs of one report; `report` names it in messages. `failures` counts those that failed or did not end."""

    client: Client
    report: str
    failures: int = 0
    last: str = "nothing yet"
    _began: float = field(default_factory=time.monotonic)
    _waited: float = field(init=False)

    def __post_init__(self) -> None:
        self._waited = self.client.transport.waited

    def check(self) -> None:
        """Raise RetryError when the report has had its time or its number of failures."""
        transport = self.client.transport
        seconds = max(time.monotonic() - self._began, transport.waited - self._waited)
        if seconds < REPORT_SECONDS and self.failures < MOST_FAILURES:
            return
        raise RetryError(
            f"{self.report} of {self.client.label} cannot be read",
            f"Meta did not complete it in {seconds / 60:.0f} minutes; {self.failures} report runs failed or did not "
            f"end, the last with: {self.last}",
            "What has arrived is kept; run again later. If it persists, look at Meta's status page",
        )

    def completed(self, params: dict[str, str]) -> str:
        """The id of a run that has completed.

        A run that fails without a reason or does not end is started once more. Then TooLargeError is raised, as for one
        that is too large. Raises RetryError as `check` does, and what `refusal` makes of a permanent error.
        """
        client = self.client
        for _ in range(STARTS):
            self.check()
            path = f"act_{client.id}/insights"
            run_id = decoded(client.post(path, params), _StartedRun, client.label, path).report_run_id
            run = self._polled(run_id)
            if run is None:
                return run_id
            self.last = f"run {run_id}, {client.transport.redact(run.error_message or run.async_status)}"[:200]
            error = GraphError(run.error_message or run.async_status, run.error_code, run.error_subcode)
            if error.too_large:
                break
            self.failures += 1
            if error.code and not error.throttling and not error.retryable and not error.passing:
                error.message = client.transport.redact(error.text)
                raise refusal(error, client.label, client.version)
        self.check()
        raise TooLargeError(f"A part of {self.report} of {client.label} failed", f"it ended with {self.last}")

    def _polled(self, run_id: str) -> _Run | None:
        """None when the run has completed, else its last state: failed, skipped, or still running after RUN_SECONDS."""
        pause, waited = POLL_SECONDS, 0.0
        while True:
            run = decoded(self.client.get(run_id), _Run, self.client.label, "a report run")
            if run.async_status == "Job Completed" and run.async_percent_completion == 100:
                return None
            if run.async_status in ("Job Failed", "Job Skipped"):
                return run
            if waited >= RUN_SECONDS:
                run.error_message = f"{run.async_status} for {RUN_SECONDS / 60:.0f} minutes"
                return run
            self.check()
            self.client.transport.wait(pause)
            waited, pause = waited + pause, min(LONGEST_POLL, pause * 1.5)
