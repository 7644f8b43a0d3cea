"""The loop that every stream of every source goes through: window, landing zone, staging, cursor."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.base import Account, Days, Progress, Pulled, Stream, Window, iso, no_progress
from connectors.errors import ConfigurationError, ContractError, IncompleteError
from connectors.http import CLOCKS_DIFFER, Transport, utc_now
from connectors.surrogates import warning
from connectors.sync.cursors import Cursor
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.reader import Reader
from connectors.sync.staging import Staging

ATTEMPTS = 3

Land = Callable[[LandedWindow], None]
"""Fills a window and seals it."""


@dataclass(frozen=True)
class PullContext:
    """One account's pull: where it reads and writes, the run it belongs to, and who is shown its progress.

    With `days` only these days of the source's restated streams are read again. `clock` is this machine's: the time for
    sources that have none of their own, and what others' clocks are compared with. `time_zone` is the tenant's, for
    times that a source writes without one.
    """

    account: Account
    landing: Landing
    staging: Staging
    run_id: str
    transport: Transport
    progress: Progress = no_progress
    days: Days | None = None
    clock: Callable[[], datetime] = utc_now
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        self.transport.clock = self.clock

    @property
    def reader(self) -> Reader:
        """What the account's own staging rows say."""
        return self.staging.reader(self.account)


def pull_stream(
    context: PullContext, stream: Stream, until: datetime, land: Land, *, every_pull: bool = False
) -> Pulled:
    """Bring one stream up to `until`: land what is new, load it, move the cursor.

    What an earlier pull landed and staging does not hold comes first: the window that was interrupted, or all of them
    when the staging file was lost. A cursor in the future says nothing about what has been read, so the stream is read
    as at first, and the cursor is `until` again. With `every_pull` the source is read also where the cursor has not
    moved. Errors of `land` pass through; what had arrived is kept.
    """
    before = _Meter.of(context.transport)
    _drop_future_window(context, stream, until)
    result, cursor = _catch_up(context, stream, land)
    loaded_until = cursor.loaded_until if cursor else None
    if loaded_until is not None and loaded_until > until + CLOCKS_DIFFER:
        result = add(result, _new_window(context, stream, Window(None, until), land))
        result = replace(result, warnings=(*result.warnings, _cursor_ahead(context, stream, loaded_until, until)))
    elif loaded_until is None or loaded_until < until or every_pull:
        window = Window(loaded_until if stream.cursor else None, until)
        result = add(result, _new_window(context, stream, window, land))
    return _metered(result, context, before)


def _drop_future_window(context: PullContext, stream: Stream, until: datetime) -> None:
    """Delete an interrupted window that ends in the future: nothing of it was loaded, and the next one brings it."""
    newest = context.landing.newest(context.account, stream.name)
    if newest and not newest.manifest.sealed and newest.manifest.end > until + CLOCKS_DIFFER:
        shutil.rmtree(newest.folder)


def _cursor_ahead(context: PullContext, stream: Stream, loaded_until: datetime, until: datetime) -> str:
    """The warning for a cursor in the future."""
    account = context.account
    return (
        f"The cursor of {stream.name} of the {account.source} account {account.account} of tenant {account.tenant_id} "
        f"was at {iso(loaded_until)}, and the time is {iso(until)}: a clock was ahead during an earlier pull, or is "
        "behind now. All of the stream was read again, and the cursor is right again. If this machine's clock is "
        "behind, correct it."
    )


def read_again(context: PullContext, stream: Stream, until: datetime, land: Land, days: Days) -> Pulled:
    """Read some days again, as the source reports them at `until`, and replace them; the cursor does not move."""
    before = _Meter.of(context.transport)
    result, _ = _catch_up(context, stream, land)
    result = add(result, _new_window(context, stream, Window(None, until, days), land))
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


def _catch_up(context: PullContext, stream: Stream, land: Land) -> tuple[Pulled, Cursor | None]:
    """Load the windows that the landing zone holds and staging does not. Also returns the cursor after that."""
    result, cursors = Pulled(stream.name, 0, 0, 0), context.staging.cursors(context.account)
    cursor = cursors.of(stream.name)
    if cursor and cursor.reading != stream.reading:  # an earlier version of Takings read its rows in another way
        _require_all_parts(context, stream)
        context.progress(stream.name, 0, None, "read again from the landing zone, as this version of Takings reads it")
        context.staging.forget_stream(context.account, stream)
        cursor = None
    windows = context.landing.after(context.account, stream.name, cursor.window_id if cursor else None)
    for landed in windows:
        result = add(result, _land_and_load(context, stream, landed, land))
    return result, cursors.of(stream.name) if windows else cursor


def _require_all_parts(context: PullContext, stream: Stream) -> None:
    """Raise ConfigurationError when the landing zone does not hold all parts that the stream's rows came from."""
    account = context.account
    lost = [part for part in context.staging.parts(account, stream) if not (context.landing.root / part).exists()]
    if lost:
        name = f"{account.tenant_id}/{account.source}/{account.account}"
        raise ConfigurationError(
            f"Stream {stream.name} of {name} was not pulled",
            "this version of Takings reads its records in another way than the one that loaded them, and the landing "
            f"zone no longer has {context.landing.root / lost[0]}"
            + (f" and {len(lost) - 1} other files" if len(lost) > 1 else ""),
            "Restore these files from a backup. Without one, take the account out of takings.toml, run "
            f"`takings tenants remove {name} --yes`, put it back and run again: it is then pulled as at first",
        )


def _land_and_load(context: PullContext, stream: Stream, landed: LandedWindow, land: Land) -> Pulled:
    """One window. One that arrived incomplete is fetched again a few times, then IncompleteError is raised; one that an
    earlier run landed and that cannot be loaded is fetched again once."""
    warnings, of_earlier_run = list[str](), landed.manifest.sealed
    for attempt in range(ATTEMPTS):
        if not landed.manifest.sealed:
            land(landed)
        run_id = landed.manifest.run_id or context.run_id
        try:
            result = Pulled(stream.name, *context.staging.load(context.account, stream, landed, run_id))
        except ContractError as error:
            if not of_earlier_run:
                raise
            of_earlier_run = False
            warnings.append(f"A window of {stream.name} that could not be loaded was requested again. It was: {error}")
            landed.restart()
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
            return replace(result, warnings=tuple(warnings))
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
        warnings=one.warnings + other.warnings,
    )
