"""The way of a stream, the same for every source: window, landing, staging, cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from connectors.base import Account, Days, Pulled, Stream, Window
from connectors.errors import IncompleteError
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.staging import Staging

ATTEMPTS = 3


Land = Callable[[LandedWindow], None]
"""Fills a window and seals it."""


def pull_stream(
    account: Account,
    landing: Landing,
    staging: Staging,
    stream: Stream,
    until: datetime,
    run_id: str,
    land: Land,
) -> Pulled:
    """Bring one stream up to `until`: land what is new, load it, move the cursor.

    What an earlier pull landed and staging does not hold comes first: the window that was interrupted, or all of them
    when the staging file was lost. Whatever `land` raises passes through, and what had arrived is kept.
    """
    done = _catch_up(account, landing, staging, stream, run_id, land)
    loaded_until = staging.cursor(account, stream.name)
    if loaded_until is None or loaded_until < until:
        window = Window(loaded_until if stream.cursor else None, until)
        landed = landing.begin(account, stream.name, window, run_id)
        done = add(done, _land_and_load(account, staging, stream, landed, run_id, land))
    return done


def read_again(
    account: Account,
    landing: Landing,
    staging: Staging,
    stream: Stream,
    until: datetime,
    run_id: str,
    land: Land,
    days: Days,
) -> Pulled:
    """Read some days anew, as they are told at `until`, and replace them; the cursor stays where it is."""
    done = _catch_up(account, landing, staging, stream, run_id, land)
    landed = landing.begin(account, stream.name, Window(None, until, days), run_id)
    return add(done, _land_and_load(account, staging, stream, landed, run_id, land))


def _catch_up(account: Account, landing: Landing, staging: Staging, stream: Stream, run_id: str, land: Land) -> Pulled:
    done = Pulled(stream.name, 0, 0, 0)
    for landed in landing.after(account, stream.name, staging.loaded(account, stream.name)):
        done = add(done, _land_and_load(account, staging, stream, landed, run_id, land))
    return done


def _land_and_load(
    account: Account, staging: Staging, stream: Stream, landed: LandedWindow, run_id: str, land: Land
) -> Pulled:
    """One window; one that arrived incomplete is fetched anew a few times, then IncompleteError is raised."""
    for attempt in range(ATTEMPTS):
        if not landed.manifest.sealed:
            land(landed)
        try:
            done = Pulled(stream.name, *staging.load(account, stream, landed, landed.manifest.run_id or run_id))
        except IncompleteError:
            if attempt + 1 == ATTEMPTS:
                raise
            landed.restart()
        else:
            if not done.changed and not done.rejected:
                landed.forget()  # a replay without it gives the same
            return done
    raise AssertionError("unreachable")


def add(one: Pulled, other: Pulled) -> Pulled:
    """What two windows of a stream did together."""
    return replace(
        one,
        landed=one.landed + other.landed,
        changed=one.changed + other.changed,
        rejected=one.rejected + other.rejected,
    )
