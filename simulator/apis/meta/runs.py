"""Report runs: reports that are created by POST, polled, and read page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.apis.meta.insights import Report
from simulator.books import Instant
from simulator.scenarios.ads.books import AdAccount

FIRST_ID = 1_559_796_368_576_179


@dataclass
class ReportRun:
    """``polls`` is how many more polls find the run unfinished. ``too_large`` runs fail, as ``failed`` ones do."""

    id: str
    account: AdAccount
    report: Report
    rows: list[dict[str, Any]]
    started_at: Instant
    polls: int
    failed: bool
    too_large: bool

    def poll(self) -> dict[str, Any]:
        """The run's status, as the API shows it."""
        run = {
            "id": self.id, "account_id": self.account.id, "time_ref": self.started_at,
            "date_start": str(self.report.first), "date_stop": str(self.report.last),
        }  # fmt: skip
        if self.polls > 0:
            self.polls -= 1
            return run | {"async_status": "Job Running", "async_percent_completion": 50}
        if self.too_large:
            error = {"error_code": 100, "error_subcode": 1487534, "error_message": "too much data"}
            return run | {"async_status": "Job Failed", "async_percent_completion": 0} | error
        if self.failed:
            error = {"error_code": 2, "error_message": "An unexpected error"}
            return run | {"async_status": "Job Failed", "async_percent_completion": 0} | error
        completed_at = self.started_at + 2
        return run | {"async_status": "Job Completed", "async_percent_completion": 100, "time_completed": completed_at}
