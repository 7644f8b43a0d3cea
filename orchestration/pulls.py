"""Every source's pull, all accounts at once: each in a thread of its own, over one staging file.

Threads wait for the network together; what they bring is loaded one transaction at a time. When one fails the others
stop at their next step: what is complete stays, what is begun goes on with the next pull.
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
AT_ONCE = 4  # accounts; their threads mostly wait for an answer


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
            with staging.beside() as beside:
                context = PullContext(
                    account, Landing(home.landing), beside, run_id, _transport(account, stop),
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
    """What tells an account from all others."""
    return account.tenant_id, account.source, account.account


def shown_names(accounts: Sequence[Account]) -> dict[Key, str]:
    """How people see an account: tenant and source, and its own name where the tenant has several there."""
    several = Counter((account.tenant_id, account.source) for account in accounts)
    return {
        key(account): f"{account.tenant_id} · {account.source}"
        + (f" {account.account}" if several[account.tenant_id, account.source] > 1 else "")
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
    """One line or bar per account: how many of its streams are done, and how far the one is that runs."""
    name, total, reached = names[key(account)], len(BY_KIND[account.source].streams), 0

    def show(stream: str, done: int, of: int | None, detail: str) -> None:
        nonlocal reached
        if stop.is_set():
            raise _StoppedError
        if not stream:  # a stream is done
            reached = done
            progress(name, done, total, detail)
        else:
            progress(name, reached, total, f"{stream}: {done:,}{f' of {of:,}' if of else ''} {detail}")

    return show
