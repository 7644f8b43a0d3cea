"""Pull all accounts at once, each in a thread of its own, over one staging file.

Threads wait for the network at the same time; loads are transactions, one at a time. When one account fails, the others
stop at their next step: complete windows stay, and the next pull continues the others.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from connectors.base import Account, Days, Progress, Pulled, no_progress
from connectors.http import Transport
from connectors.registry import BY_KIND
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from orchestration.home import Home
from orchestration.settings import Source

Key = tuple[str, str, str]
"""(tenant, source, account)"""
AT_ONCE = 4  # accounts; their threads mostly wait for responses


class _StoppedError(Exception):
    """Another account's pull failed."""


def pull_accounts(
    home: Home,
    sources: Sequence[Source],
    run_id: str,
    progress: Progress = no_progress,
    days: Days | None = None,
) -> dict[Key, list[Pulled]]:
    """Pull accounts into staging; returns what each stream did. The caller holds the writer's lock.

    With `days` only these days of the restated streams are read again. Raises the error of the first account that
    fails; the others stop, and what they had completed is kept.
    """
    stop, names = threading.Event(), shown_names([source.account for source in sources])
    results: dict[Key, list[Pulled]] = {}
    with Staging(home.staging) as staging, ThreadPoolExecutor(max_workers=AT_ONCE) as threads:

        def pull(source: Source) -> list[Pulled]:
            account = source.account
            with staging.for_thread() as own:
                context = PullContext(
                    account, Landing(home.landing), own, run_id, _transport(account, stop),
                    _shown(account, names, progress, stop), days,
                )  # fmt: skip
                return list(_steps(context, source))

        begun = {threads.submit(pull, source): source.account for source in sources}
        try:
            for finished in as_completed(begun):
                results[key(begun[finished])] = finished.result()
        except BaseException:
            stop.set()
            for waiting in begun:
                waiting.cancel()
            raise
    return {key(source.account): results[key(source.account)] for source in sources}


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
    """A session whose pauses end when another account's pull has failed."""

    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise _StoppedError

    return Transport((account.secret,), sleep=pause)


def _steps(context: PullContext, source: Source) -> Iterator[Pulled]:
    """One account's pull, stream by stream."""
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
