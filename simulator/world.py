"""A world: its shops with their ad accounts, visits and assistants, its creators, and the instant at which it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from simulator.books import Instant, Shop
from simulator.history import Books, ShopHistory
from simulator.scenarios.ads.books import AdAccount
from simulator.scenarios.assistant.books import Assistant
from simulator.scenarios.creator.books import Creator
from simulator.scenarios.visits.books import Visits


def seconds(at: datetime) -> Instant:
    """A datetime as an instant. A datetime without a zone counts as UTC."""
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


class World:
    """Shops by account. ``end`` is the default instant of every question; a server may set another one."""

    def __init__(
        self,
        histories: Sequence[ShopHistory],
        end: datetime,
        ads: Sequence[AdAccount] = (),
        visits: Mapping[str, Visits] | None = None,
        creators: Sequence[Creator] = (),
        assistants: Sequence[Assistant] = (),
    ) -> None:
        self.end = end if end.tzinfo else end.replace(tzinfo=UTC)
        self.ads = list(ads)
        self._histories = {history.shop.account: history for history in histories}
        self.visits_by_account = dict(visits or {})
        self.creators = list(creators)
        self.assistants = list(assistants)

    @property
    def shops(self) -> list[Shop]:
        return [history.shop for history in self._histories.values()]

    def shop(self, account: str) -> Shop:
        return self.history(account).shop

    def history(self, account: str) -> ShopHistory:
        if account not in self._histories:
            raise KeyError(f"No shop {account!r} in this world; it has {', '.join(self._histories)}.")
        return self._histories[account]

    def books(self, account: str, at: datetime | None = None) -> Books:
        """The books of a shop as of an instant (default: the world's end)."""
        return self.history(account).books(seconds(self.end if at is None else at))

    def ad_account(self, account: str, platform: str) -> AdAccount:
        """The ad account of a shop at ``meta`` or ``tiktok``."""
        for ads in self.ads:
            if (ads.history.shop.account, ads.platform) == (account, platform):
                return ads
        raise KeyError(f"Shop {account!r} has no ad account at {platform} in this world.")

    def visits(self, account: str) -> Visits:
        """The visits, expenses and bank balances of a shop."""
        if account not in self.visits_by_account:
            raise KeyError(f"Shop {account!r} has no visits in this world.")
        return self.visits_by_account[account]

    def creator(self, account: str) -> Creator:
        """The creator with this account."""
        for creator in self.creators:
            if creator.account == account:
                return creator
        raise KeyError(f"No creator {account!r} in this world.")

    def assistant(self, account: str) -> Assistant:
        """The chat assistant of a shop."""
        for assistant in self.assistants:
            if assistant.account == account:
                return assistant
        raise KeyError(f"Shop {account!r} has no assistant in this world.")
