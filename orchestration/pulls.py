"""Pull all accounts at once, each in a thread of its own, over one staging file.

Threads wait for the network at the same time; loads are transactions, one at a time. An account that fails ends its own
streams and is named; the others go on. Complete windows stay, and the next pull continues where this one ended.
"""

from __future__ import annotations

import errno
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from common.errors import ConfigurationError, TakingsError
from connectors.base import Account, Days, Progress, Pulled, no_progress
from connectors.errors import ContractError
from connectors.http import Transport, utc_now
from connectors.registry import BY_KIND
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging, is_damage
from orchestration.home import Home
from orchestration.settings import Settings, Source

Key = tuple[str, str, str]
"""(tenant, source, account)"""
AT_ONCE = 4  # accounts; their threads mostly wait for responses


class _StoppedError(Exception):
    """The whole run ends: it was interrupted, or what all accounts share failed."""


@dataclass
class Pulls:
    """What the streams of each account did, and the accounts that failed."""

    pulled: dict[Key, list[Pulled]] = field(default_factory=dict)
    failed: dict[Key, TakingsError] = field(default_factory=dict)


def check_sources(configuration: Settings) -> None:
    """Ask each source that can say so whether a pull can succeed. Raises ConfigurationError with every answer."""
    problems = []
    for source in configuration.connected():
        check = BY_KIND[source.account.source].check
        if check and not source.problem:
            try:
                check(source.account, source.settings)
            except TakingsError as error:
                problems.append(str(error))
    if problems:
        raise ConfigurationError("\n".join(problems))


def pull_accounts(
    home: Home,
    sources: Sequence[Source],
    run_id: str,
    progress: Progress = no_progress,
    days: Days | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Pulls:
    """Pull accounts into staging. The caller holds the writer's lock.

    `clock` says when a source is read that has no clock of its own, such as a folder of files.
    With `days` only these days of the restated streams are read again. An account that fails is in `failed`, and in
    staging until a pull of it succeeds. Raises what ends the run for all accounts: a full disk, a damaged staging file,
    an interruption.
    """
    stop, names = threading.Event(), shown_names([source.account for source in sources])
    result = Pulls()
    with Staging(home.staging) as staging, ThreadPoolExecutor(max_workers=AT_ONCE) as threads:

        @contextmanager
        def context_of(source: Source) -> Iterator[PullContext]:
            account = source.account
            with staging.for_thread() as own:
                yield PullContext(
                    account, Landing(home.landing), own, run_id, _transport(account, stop),
                    _shown(account, names, progress, stop), days, clock, source.time_zone,
                )  # fmt: skip

        def identify(source: Source) -> str | None:
            with context_of(source) as context:
                return _identity(context, source)

        def pull(source: Source) -> None:
            account, streams = source.account, list[Pulled]()
            result.pulled[key(account)] = streams
            with context_of(source) as context:
                own = context.staging
                try:
                    streams.extend(_steps(context, source))
                except Exception as error:  # also a mistake in one source stops no other tenant
                    result.failed[key(account)] = failure = _of_account(error)
                    own.record_pull(account, str(failure))
                    progress(names[key(account)], 0, 1, "failed")
                else:
                    own.record_pull(account, None)

        pending = [
            threads.submit(pull, source) for source in _distinct(sources, lambda some: threads.map(identify, some))
        ]
        try:
            for finished in as_completed(pending):
                finished.result()
        except BaseException:
            stop.set()
            for waiting in pending:
                waiting.cancel()
            raise
    order = [key(source.account) for source in sources]
    return Pulls(
        {name: result.pulled[name] for name in order},
        {name: result.failed[name] for name in order if name in result.failed},
    )


def _distinct(
    sources: Sequence[Source], identities: Callable[[Sequence[Source]], Iterable[str | None]]
) -> list[Source]:
    """The sources; those that are one account at the source under several names have that as their problem."""
    counts = Counter(source.account.source for source in sources)
    several = [
        source for source in sources if counts[source.account.source] > 1 and BY_KIND[source.account.source].identify
    ]
    names: dict[tuple[str, str], list[Account]] = {}
    for source, identity in zip(several, identities(several), strict=True):
        if identity is not None:
            names.setdefault((source.account.source, identity), []).append(source.account)
    problems = {}
    for (kind, _), accounts in names.items():
        if len(accounts) > 1:
            error = ConfigurationError(
                "Nothing was pulled",
                f"the {kind} accounts {' and '.join(f'{one.account!r} (tenant {one.tenant_id})' for one in accounts)} "
                f"are one account, so its {BY_KIND[kind].counted} would count twice",
                "Remove all but one of them from takings.toml; `takings check` says what is stored of the others",
            )
            problems.update({key(account): error for account in accounts})
    return [replace(source, problem=source.problem or problems.get(key(source.account))) for source in sources]


def _identity(context: PullContext, source: Source) -> str | None:
    """What the source calls the account; None where it does not say so: the pull reports why."""
    identify = BY_KIND[source.account.source].identify
    if identify is None or source.problem:
        return None
    try:
        return identify(context, source.settings)
    except _StoppedError:
        raise
    except Exception:  # the pull meets it again and says whose it is
        return None


def _of_account(error: Exception) -> TakingsError:
    """An account's failure as one message; raises what concerns all accounts instead."""
    if isinstance(error, _StoppedError) or is_damage(error) or is_full_disk(error):
        raise error
    if isinstance(error, TakingsError):
        return error
    place = traceback.extract_tb(error.__traceback__)[-1]
    return ContractError(
        "The account could not be read, by a mistake of Takings",
        f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})",
        "Nothing of it was lost. Please report this message; a newer version may read the account",
    )


def is_full_disk(error: BaseException) -> bool:
    """Whether the disk, or a quota on it, is full."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)


def key(account: Account) -> Key:
    """The identity of an account."""
    return account.tenant_id, account.source, account.account


def shown_names(accounts: Sequence[Account]) -> dict[Key, str]:
    """An account's name for people: tenant and source, and the account where the tenant has several of that source."""
    counts = Counter((account.tenant_id, account.source) for account in accounts)
    return {
        key(account): f"{account.tenant_id} · {account.source}"
        + (f" {account.account}" if counts[account.tenant_id, account.source] > 1 else "")
        for account in accounts
    }


def _transport(account: Account, stop: threading.Event) -> Transport:
    """A session whose pauses end when the whole run ends."""

    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise _StoppedError

    return Transport((account.secret,), sleep=pause)


def _steps(context: PullContext, source: Source) -> Iterator[Pulled]:
    """One account's pull, stream by stream."""
    if source.problem:
        raise source.problem
    connector = BY_KIND[context.account.source]
    total = len(connector.streams)
    for number, pulled in enumerate(connector.pull(context, source.settings), 1):
        yield pulled
        context.progress("", total if context.days else number, total, f"{pulled.stream}: {pulled.changed:,} changed")


def _shown(account: Account, names: Mapping[Key, str], progress: Progress, stop: threading.Event) -> Progress:
    """One line or bar per account: how many of its streams are complete, and the progress of the current one."""
    name, total, reached = names[key(account)], len(BY_KIND[account.source].streams), 0

    def show(stream: str, count: int, of: int | None, detail: str) -> None:
        nonlocal reached
        if stop.is_set():
            raise _StoppedError
        if not stream:  # a stream is complete
            reached = count
            progress(name, count, total, detail)
        else:
            progress(name, reached, total, f"{stream}: {count:,}{f' of {of:,}' if of else ''} {detail}")

    return show
