"""The way of a stream, the same for every source: window, landing, staging, cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from connectors.base import Account, Pulled, Stream, Window
from connectors.errors import IncompleteError
from connectors.landing import LandedWindow, Landing
from connectors.staging import Staging

ATTEMPTS = 3


def pull_stream(
    account: Account,
    landing: Landing,
    staging: Staging,
    stream: Stream,
    until: datetime,
    run_id: str,
    land: Callable[[LandedWindow], None],
) -> Pulled:
    """Bring one stream up to `until`: land what is new (`land` fills and seals a window), load it, move the cursor.

    Goes on with an interrupted window first. A window that arrived incomplete is fetched anew a few times, then
    IncompleteError is raised; whatever `land` raises passes through, and what had arrived is kept.
    """
    landed = landing.newest(account, stream.name)
    resumed = landed is not None and not (
        landed.manifest.sealed and landed.folder.name <= (staging.loaded(account, stream.name) or "")
    )
    if landed is None or not resumed:
        loaded_until = staging.cursor(account, stream.name)
        if loaded_until is not None and loaded_until >= until:
            return Pulled(stream.name, 0, 0, 0)
        landed = landing.begin(account, stream.name, Window(loaded_until if stream.cursor else None, until))
    for attempt in range(ATTEMPTS):
        if not landed.manifest.sealed:
            land(landed)
        try:
            done = Pulled(stream.name, *staging.load(account, stream, landed, run_id))
        except IncompleteError:
            if attempt + 1 == ATTEMPTS:
                raise
            landed.restart()
        else:
            if not done.changed and not done.rejected:
                landed.forget()  # a replay without it gives the same
            if resumed and landed.manifest.end < until:  # an earlier pull's window is done; now ours
                more = pull_stream(account, landing, staging, stream, until, run_id, land)
                return replace(done, landed=done.landed + more.landed, changed=done.changed + more.changed)
            return done
    raise AssertionError("unreachable")
