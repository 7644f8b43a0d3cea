"""Every source's pull, all accounts at once: each in a thread of its own, over one staging file.

Threads wait for the network together; what they bring is loaded one transaction at a time. When one fails the others
stop at their next step: what is complete stays, what is begun goes on with the next pull.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date
from typing import Any

from connectors.base import Account, Progress, Pulled, Stream, no_progress
from connectors.files.pull import pull as pull_files
from connectors.files.streams import STREAMS as FILES_STREAMS
from connectors.http import Transport
from connectors.meta_ads.pull import pull as pull_meta_ads
from connectors.meta_ads.streams import INSIGHTS as META_ADS_REPORTS
from connectors.meta_ads.streams import STREAMS as META_ADS_STREAMS
from connectors.shopify.pull import pull as pull_shopify
from connectors.shopify.streams import STREAMS as SHOPIFY_STREAMS
from connectors.stripe.pull import pull as pull_stripe
from connectors.stripe.streams import STREAMS as STRIPE_STREAMS
from connectors.sync.landing import Landing
from connectors.sync.staging import Staging
from connectors.tiktok_ads.pull import pull as pull_tiktok_ads
from connectors.tiktok_ads.streams import REPORTS as TIKTOK_ADS_REPORTS
from connectors.tiktok_ads.streams import STREAMS as TIKTOK_ADS_STREAMS
from orchestration.home import Home
from orchestration.settings import Settings

Pull = Callable[..., Iterator[Pulled]]
Key = tuple[str, str, str]
"""(tenant, source, account)"""
Days = tuple[date, date]

PULLS: Mapping[str, Pull] = {
    "shopify": pull_shopify,
    "stripe": pull_stripe,
    "meta_ads": pull_meta_ads,
    "tiktok_ads": pull_tiktok_ads,
    "files": pull_files,
}
STREAMS: Mapping[str, tuple[Stream, ...]] = {
    "shopify": SHOPIFY_STREAMS,
    "stripe": STRIPE_STREAMS,
    "meta_ads": META_ADS_STREAMS,
    "tiktok_ads": TIKTOK_ADS_STREAMS,
    "files": FILES_STREAMS,
}
BY_DAY: Mapping[str, frozenset[str]] = {
    "meta_ads": frozenset(META_ADS_REPORTS),
    "tiktok_ads": frozenset(TIKTOK_ADS_REPORTS),
}
"""Streams of which single days can be read again."""
AT_ONCE = 4  # accounts; their threads mostly wait for an answer


class _StoppedError(Exception):
    """Another account's pull failed."""


def pull_accounts(
    settings: Settings,
    accounts: Sequence[Account],
    run_id: str,
    progress: Progress = no_progress,
    days: Days | None = None,
) -> dict[Key, list[Pulled]]:
    """Pull accounts into staging; returns what each stream did. The caller holds the writer's lock.

    With `days` only these days of what is partitioned by day are read anew. Raises the error of the first account that
    fails; the others stop, and what they had completed is kept.
    """
    home, stop, names = Home(settings.home), threading.Event(), shown_names(accounts)
    done: dict[Key, list[Pulled]] = {}
    with Staging(home.staging) as staging, ThreadPoolExecutor(max_workers=AT_ONCE) as threads:

        def one(account: Account) -> list[Pulled]:
            with staging.beside() as beside:
                steps = _steps(settings, account, beside, run_id, days, stop, _shown(account, names, progress, stop))
                return list(steps)

        begun = {threads.submit(one, account): account for account in accounts}
        try:
            for finished in as_completed(begun):
                done[key(begun[finished])] = finished.result()
        except BaseException:
            stop.set()
            for waiting in begun:
                waiting.cancel()
            raise
    return {key(account): done[key(account)] for account in accounts}


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


def _steps(
    settings: Settings,
    account: Account,
    staging: Staging,
    run_id: str,
    days: Days | None,
    stop: threading.Event,
    progress: Progress,
) -> Iterator[Pulled]:
    """One account's pull, stream by stream."""

    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise _StoppedError

    options: dict[str, Any] = settings.options(account) | ({"days": days} if days else {})
    if account.secret:
        options["transport"] = Transport((account.secret,), sleep=pause)
    landing = Landing(Home(settings.home).landing)
    total = len(STREAMS[account.source])
    for number, pulled in enumerate(PULLS[account.source](account, landing, staging, run_id, progress, **options), 1):
        yield pulled
        progress("", total if days else number, total, f"{pulled.stream}: {pulled.changed:,} changed")


def _shown(account: Account, names: Mapping[Key, str], progress: Progress, stop: threading.Event) -> Progress:
    """One line or bar an account: how many of its streams are done, and how far the one is that runs."""
    name, total, reached = names[key(account)], len(STREAMS[account.source]), 0

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
