"""Pull one Stripe account: check the key, read the events, then stream by stream land, load, move the cursor.

An interrupted pull goes on where it stopped; one that is repeated changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from connectors.base import Account, Pulled
from connectors.errors import ConfigurationError
from connectors.stripe import questions
from connectors.stripe.client import Client, MissingPermissionError
from connectors.stripe.deletions import land_deletions
from connectors.stripe.listing import LATE, land_feed
from connectors.stripe.pages import land_pages
from connectors.stripe.settings import StripeSettings
from connectors.stripe.streams import DELETIONS, EVENTS, FEEDS, STREAMS
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext, pull_stream

SETTLED = timedelta(seconds=60)  # events and lists agree a little later


def pull(context: PullContext, settings: StripeSettings) -> Iterator[Pulled]:
    """Bring everything that is new in one account, stream by stream; yields what each stream did.

    A key of test mode is refused unless the settings have `test_mode`.

    Raises the errors of connectors.errors; what earlier streams brought is kept.
    """
    account = context.account
    _refuse_other_mode(account, test_mode=settings.test_mode)
    client = Client(account, context.transport)
    context.staging.prepare(account.source, STREAMS)
    _check(client)
    _refuse_another_account(context, client)
    until = client.now() - SETTLED
    steps: dict[str, Land] = {feed.stream.name: partial(land_feed, context, client, feed, until) for feed in FEEDS}
    steps[EVENTS.name] = partial(_land_events, context, client)
    steps[DELETIONS.name] = partial(land_deletions, context, client)
    for stream in STREAMS:
        yield pull_stream(context, stream, until, steps[stream.name])


def _check(client: Client) -> None:
    """Ask for one object of each kind. Raises ConfigurationError naming every permission that is missing."""
    missing = []
    for resource in (EVENTS.name, *(feed.stream.name for feed in FEEDS)):
        try:
            client.page(resource, [("limit", "1")])
        except MissingPermissionError as error:
            missing.append(error.permission)
    if missing:
        raise ConfigurationError(
            f"Stripe account {client.account.account} of tenant {client.account.tenant_id}: the key lacks "
            f"{', '.join(sorted(missing))}. Without them numbers would be too small without an error. Give it these "
            "permissions in Stripe's dashboard under Developers, API keys, then run again."
        )


def _refuse_other_mode(account: Account, *, test_mode: bool) -> None:
    """Test payments are no money, and live ones no test. The key's own name tells its mode."""
    mode = account.secret.split("_")[1:2]
    if mode == ["test"] and not test_mode:
        raise ConfigurationError(
            f"Stripe account {account.account} of tenant {account.tenant_id}: the key is of test mode, whose payments "
            "are no money. Nothing was pulled. Put a live restricted key (rk_live_…) where the source's `secret` "
            "points to, or set `test_mode = true` for this source to look at test payments."
        )
    if mode == ["live"] and test_mode:
        raise ConfigurationError(
            f"Stripe account {account.account} of tenant {account.tenant_id}: `test_mode` is set, but the key is a "
            "live one. Nothing was pulled. Take `test_mode` out, or put a test key where `secret` points to."
        )


def _refuse_another_account(context: PullContext, client: Client) -> None:
    """An account keeps the key's account that it was first pulled from: two accounts' payments would be added up.

    A restricted key is not told whose it is. But balance transactions last for ever, so one that staging holds and
    the key does not find is another account's, or of the other mode.
    """
    account = context.account
    known = context.reader.first(questions.FIRST_BALANCE_TRANSACTION)
    if known and client.one("balance_transactions", known[0]) is None:
        raise ConfigurationError(
            f"Stripe account {account.account} of tenant {account.tenant_id}: the key is of another account than the "
            f"one pulled until now, or of the other mode: it does not find {known[0]}. Nothing was pulled. Put a key "
            "of the same account where the source's `secret` points to, or give the other one an account name of its "
            "own in takings.toml."
        )


def _land_events(context: PullContext, client: Client, landed: LandedWindow) -> None:
    """What happened: all that Stripe still keeps at first, then what is new and a little before it."""
    since = landed.window.start - LATE if landed.window.start else None
    land_pages(client, "events", [], since, landed, lambda raw: [bytes(raw)], context.progress)
    landed.seal()
