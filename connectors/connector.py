"""A source as the other rooms see it: one object with everything that they need to know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from connectors.base import Account, Pulled, Stream
from connectors.settings import SourceSettings
from connectors.sync.loop import PullContext

Pull = Callable[[PullContext, Any], Iterator[Pulled]]
"""pull(context, settings): brings what is new in one account, stream by stream; yields what each stream did."""
Identify = Callable[[PullContext, Any], str | None]
"""identify(context, settings): what the source itself calls the account, None where it gives no answer."""
Check = Callable[[Account, Any], None]
"""check(account, settings): raises a TakingsError where the source would refuse a pull."""


@dataclass(frozen=True)
class Connector:
    """A source: `kind` is its name in takings.toml and in the asset graph, its folder and its schema in staging.

    `title` is its name for people. `settings` is the model of its `[[tenants.sources]]` table; `pull` gets an
    object of it. Single days of the `restated` streams can be read again. `counted` is what would count twice if
    an account were configured twice; `key_is_account` says that a key opens one account only, so that the same key
    twice is the same account. Where one account can have several names and keys, `identify` finds out at the
    source which one it is. `check` asks the source
    whether a pull can succeed. `choices` are settings that dbt reads as columns of takings.accounts, which are null
    for other sources.
    """

    kind: str
    title: str
    settings: type[SourceSettings]
    streams: tuple[Stream, ...]
    pull: Pull
    counted: str
    restated: frozenset[str] = frozenset()
    key_is_account: bool = False
    identify: Identify | None = None
    check: Check | None = None
    choices: tuple[str, ...] = ()
