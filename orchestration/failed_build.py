"""A build that failed and published nothing, so that no published build says who is blocked, and why.

Readers of the published build go on with it; what is sent to people by itself waits (orchestration/deliveries.py). The
next publish removes the note.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestration.dbt_build import BuildFailedError
from orchestration.home import Home


@dataclass(frozen=True)
class FailedBuild:
    """Since when (UTC) no build could be published, and why, by tenant."""

    since: datetime
    reasons: dict[str, str]


def write(home: Home, tenants: Collection[str], error: BuildFailedError) -> None:
    """Note that the build of these tenants failed; the time of the first of several failures stays."""
    before = read(home)
    since = before.since if before else datetime.now(UTC)
    reasons = {tenant: error.doubts.get(tenant) or str(error) for tenant in tenants}
    text = json.dumps({"since": since.isoformat(timespec="seconds"), "reasons": reasons}, indent=2)
    part = home.failed_build.with_suffix(".part")
    with suppress(OSError):  # the error itself is shown; a disk without space cannot hold a note of it
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(home.failed_build)


def read(home: Home) -> FailedBuild | None:
    """The failure since the last publish; None where there is none."""
    try:
        note = json.loads(home.failed_build.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return FailedBuild(datetime.fromisoformat(note["since"]), dict(note["reasons"]))


def remove(home: Home) -> None:
    """Forget the failure: a build was published."""
    home.failed_build.unlink(missing_ok=True)
