"""The loop that every stream of every source goes through: window, landing zone, staging, cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connectors.base import Account, Days, Progress, Pulled, Stream, Window, no_progress
from connectors.errors import IncompleteError
from connectors.http import Transport
from connectors.surrogates import warning
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.reader import Reader
from connectors.sync.staging import Staging

ATTEMPTS = 3

Land = Callable[[LandedWindow], None]
"""Fills a window and seals it."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class PullContext:
    """One account's pull: where it reads and writes, the run it belongs to, and who is shown its progress.

    With `days` only these days of the source's restated streams are read again. `clock` is for sources that have none
    of their own.
    """

    account: Account
    landing: Landing
    staging: Staging
    run_id: str
    transport: Transport
    progress: Progress = no_progress
    days: Days | None = None
    clock: Callable[[], datetime] = _utc_now

    @property
    def reader(self) -> Reader:
        """What the account's own staging rows say."""
        return self.staging.reader(self.account)


def pull_stream(context: PullContext, stream: Stream, until: datetime, land: Land) -> Pulled:
    """Bring one stream up to `until`: land what is new, load it, move the cursor.

    What an earlier pull landed and staging does not hold comes first: the window that was interrupted, or all of them
    when the staging file was lost. Errors of `land` pass through; what had arrived is kept.
    """
    before = _Meter.of(context.transport)
    result = _catch_up(context, stream, land)
    loaded_until = context.staging.cursors(context.account).loaded_until(stream.name)
    if loaded_until is None or loaded_until < until:
        window = Window(loaded_until if stream.cursor else None, until)
        result = add(result, _new_window(context, stream, window, land))
    return _metered(result, context, before)


def read_again(context: PullContext, stream: Stream, until: datetime, land: Land, days: Days) -> Pulled:
    """Read some days again, as the source reports them at `until`, and replace them; the cursor does not move."""
    before = _Meter.of(context.transport)
    result = add(_catch_up(context, stream, land), _new_window(context, stream, Window(None, until, days), land))
    return _metered(result, context, before)


@dataclass(frozen=True)
class _Meter:
    """What a transport has counted so far."""

    calls: int
    waited: float
    replaced: int

    @classmethod
    def of(cls, transport: Transport) -> _Meter:
        return cls(transport.calls, transport.waited, transport.replaced)


def _metered(result: Pulled, context: PullContext, before: _Meter) -> Pulled:
    now, account = _Meter.of(context.transport), context.account
    halves = now.replaced - before.replaced
    where = f"the {account.source} account {account.account} of tenant {account.tenant_id}"
    return replace(
        result,
        calls=now.calls - before.calls,
        waited=now.waited - before.waited,
        warnings=(*result.warnings, *([warning(result.stream, where, halves)] if halves else [])),
    )


def _new_window(context: PullContext, stream: Stream, window: Window, land: Land) -> Pulled:
    landed = context.landing.begin(context.account, stream.name, window, context.run_id)
    return _land_and_load(context, stream, landed, land)


def _catch_up(context: PullContext, stream: Stream, land: Land) -> Pulled:
    """Load the windows that the landing zone holds and staging does not."""
    result = Pulled(stream.name, 0, 0, 0)
    loaded = context.staging.cursors(context.account).loaded_window(stream.name)
    for landed in context.landing.after(context.account, stream.name, loaded):
        result = add(result, _land_and_load(context, stream, landed, land))
    return result


def _land_and_load(context: PullContext, stream: Stream, landed: LandedWindow, land: Land) -> Pulled:
    """One window; one that arrived incomplete is fetched again a few times, then IncompleteError is raised."""
    for attempt in range(ATTEMPTS):
        if not landed.manifest.sealed:
            land(landed)
        run_id = landed.manifest.run_id or context.run_id
        try:
            result = Pulled(stream.name, *context.staging.load(context.account, stream, landed, run_id))
        except IncompleteError:
            if attempt + 1 == ATTEMPTS:
                raise
            if halves := landed.replace_halves():
                context.transport.replaced += halves
            else:
                landed.restart()
        else:
            if not result.changed and not result.rejected:
                landed.forget()  # a replay without it gives the same
            return result
    raise AssertionError("unreachable")


def add(one: Pulled, other: Pulled) -> Pulled:
    """What two windows of a stream did together."""
    return replace(
        one,
        landed=one.landed + other.landed,
        changed=one.changed + other.changed,
        rejected=one.rejected + other.rejected,
        calls=one.calls + other.calls,
        waited=one.waited + other.waited,
    )
