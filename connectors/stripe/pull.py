"""Pull one Stripe account: check the key, read the events, then land and load each stream and move its cursor.

An interrupted pull continues where it stopped; a repeated one changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import msgspec

from connectors.base import Pulled
from connectors.errors import ConfigurationError
from connectors.stripe import questions
from connectors.stripe.client import Client, Head, MissingPermissionError
from connectors.stripe.deletions import land_deletions
from connectors.stripe.listing import LATE, land_feed
from connectors.stripe.pages import land_pages
from connectors.stripe.settings import StripeSettings
from connectors.stripe.streams import DELETIONS, EVENTS, FEEDS, STREAMS
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext, pull_stream

SETTLED = timedelta(seconds=60)  # events and lists agree only after a short time


def pull(context: PullContext, settings: StripeSettings) -> Iterator[Pulled]:
    """Pull everything that is new in one account; yields the result of each stream.

    A test-mode key is refused unless the settings have `test_mode`.

    Raises the errors of connectors.errors; streams that were loaded before stay loaded.
    """
    account = context.account
    client = Client(account, context.transport)
    _check_mode(client, test_mode=settings.test_mode)
    context.staging.prepare(account.source, STREAMS)
    _check_permissions(client)
    _check_same_account(context, client)
    until = client.now() - SETTLED
    steps: dict[str, Land] = {feed.stream.name: partial(land_feed, context, client, feed, until) for feed in FEEDS}
    steps[EVENTS.name] = partial(_land_events, context, client)
    steps[DELETIONS.name] = partial(land_deletions, context, client)
    for stream in STREAMS:
        result = pull_stream(context, stream, until, steps[stream.name])
        yield replace(result, warnings=(*result.warnings, *client.warnings))
        client.warnings.clear()


def identify(context: PullContext, settings: StripeSettings) -> str | None:
    """The id of the account's newest balance transaction, since a restricted key cannot read its own account.

    A payment between two questions gives one account two answers: then the next run finds out.
    """
    del settings
    newest = Client(context.account, context.transport).page("balance_transactions", [("limit", "1")]).data
    return msgspec.json.decode(newest[0], type=Head).id if newest else None


def _check_permissions(client: Client) -> None:
    """Request one object of each kind. Raises ConfigurationError naming every permission that is missing."""
    missing = []
    for resource in (EVENTS.name, *(feed.stream.name for feed in FEEDS)):
        try:
            client.page(resource, [("limit", "1")])
        except MissingPermissionError as error:
            missing.append(error.permission)
    if missing:
        raise ConfigurationError(
            f"{client.label} was not pulled",
            f"the key lacks {', '.join(sorted(missing))}, without which numbers would be too small without an error",
            "Give the key these permissions in Stripe's dashboard under Developers, API keys, then run again",
        )


def _check_mode(client: Client, *, test_mode: bool) -> None:
    """Raise ConfigurationError when the key's mode, which its name says, is not the one that is configured."""
    mode = client.account.secret.split("_")[1:2]
    if mode == ["test"] and not test_mode:
        raise ConfigurationError(
            f"{client.label} was not pulled",
            "the key is a test-mode key, whose payments are not real money",
            "Store a live restricted key (rk_live_…) where the source's `secret` points, or set `test_mode = true` for "
            "this source to read test payments",
        )
    if mode == ["live"] and test_mode:
        raise ConfigurationError(
            f"{client.label} was not pulled",
            "`test_mode` is set, but the key is a live key",
            "Remove `test_mode`, or store a test-mode key where the source's `secret` points",
        )


def _check_same_account(context: PullContext, client: Client) -> None:
    """Raise ConfigurationError when the key belongs to another account than earlier pulls of this one.

    The payments of two accounts would be added up. A restricted key cannot read its own account, but balance
    transactions last for ever: one that is in staging and that the key does not find belongs to another account, or to
    the other mode.
    """
    known = context.reader.first(questions.FIRST_BALANCE_TRANSACTION)
    if known and client.retrieve("balance_transactions", known[0]) is None:
        raise ConfigurationError(
            f"{client.label} was not pulled",
            "the key belongs to another account than the one pulled until now, or to the other mode: it does not find "
            f"{known[0]}",
            "Store a key of the same account where the source's `secret` points, or give the other account its own "
            "name in takings.toml",
        )


def _land_events(context: PullContext, client: Client, landed: LandedWindow) -> None:
    """Land all events that Stripe keeps at first, later those since shortly before the window's start."""
    since = landed.window.start - LATE if landed.window.start else None
    land_pages(client, "events", [], since, landed, lambda raw, _: [bytes(raw)], context.progress)
    landed.seal()
