"""What an account advertises: campaigns that start one after another, each with ad sets and ads, over time.

Campaign ``k`` is drawn from the account's seed and ``k`` alone, so that a later instant only adds campaigns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from hashlib import blake2b
from struct import Struct
from zoneinfo import ZoneInfo

from simulator.books import DAY, HOUR, History, Instant, value_at

CAMPAIGN, GROUP, AD = "campaign", "group", "ad"
LEVELS = (CAMPAIGN, GROUP, AD)
ACTIVE, PAUSED, ARCHIVED, DELETED, PURGED = "ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "PURGED"
STRENGTH = (PURGED, DELETED, ARCHIVED, PAUSED, ACTIVE)
CAMPAIGN_EVERY, CAMPAIGN_DAYS = 12, 40
THEMES = ("Prospecting", "Retargeting", "Lookalike 1 %", "Brand, broad", "Sale | “Big” 20 %", "Always on")
_EIGHT = Struct(">8H")


def draw(*parts: object) -> tuple[int, ...]:
    """Eight numbers from 0 to 65,535 that depend only on the parts."""
    return _EIGHT.unpack(blake2b(":".join(map(str, parts)).encode(), digest_size=16).digest())


@dataclass(frozen=True, eq=False)
class Node:
    """A campaign, ad set or ad. ``statuses`` are its own; the statuses of its parents apply too."""

    id: str
    level: str
    parent: Node | None
    kind: str  # auction, reservation, smart_plus, gmv_max
    created_at: Instant
    names: History[str]
    statuses: History[str]
    weight: int = 1

    @cached_property
    def path(self) -> tuple[Node, ...]:
        """From its campaign to itself."""
        return (*(self.parent.path if self.parent else ()), self)

    def at_level(self, level: str) -> Node:
        """Itself, or its parent of that level."""
        return self.path[LEVELS.index(level)]

    def name(self, at: Instant) -> str:
        return value_at(self.names, at)

    def own_status(self, at: Instant) -> str:
        return value_at(self.statuses, at)

    def status(self, at: Instant) -> str:
        """The status in force: the strongest of its own and its parents'."""
        return min((node.own_status(at) for node in self.path), key=STRENGTH.index)

    def updated_at(self, at: Instant) -> Instant:
        return max([self.created_at, *(when for when, _ in (*self.names, *self.statuses) if when <= at)])


@cache
def _midnight(day: date, zone: ZoneInfo) -> Instant:
    return int(datetime.combine(day, time(), zone).timestamp())


@dataclass(frozen=True)
class Plan:
    """Ids count from ``first_id``. ``purges``: deleted objects disappear after five days."""

    seed: str
    start: date
    zone: ZoneInfo
    first_id: int
    kinds: tuple[str, ...] = ("auction",)
    purges: bool = False

    def midnight(self, day: date) -> Instant:
        return _midnight(day, self.zone)

    def day(self, at: Instant) -> date:
        """The day of an instant in the account's zone."""
        return datetime.fromtimestamp(at, self.zone).date()

    def campaigns(self, until: date) -> int:
        """The number of campaigns that start by the end of a day."""
        return max(0, (until - self.start).days // CAMPAIGN_EVERY + 1)

    def ads(self, number: int) -> list[Node]:
        """The ads of the campaign of that number: two ad sets of three ads."""
        begin = self.midnight(self.start + timedelta(days=CAMPAIGN_EVERY * number))
        kind = self.kinds[number % len(self.kinds)]
        theme = THEMES[draw(self.seed, number)[0] % len(THEMES)]
        names = [(begin, f"{theme} {number:03d}")]
        if number % 4 == 0:
            names.append((begin + 9 * DAY + 5 * HOUR, f"{theme} {number:03d} (new)"))
        end = begin + CAMPAIGN_DAYS * DAY
        statuses: History[str] = [(begin, ACTIVE), (end, PAUSED)]
        if number % 2 == 0:
            statuses.append((end + 5 * DAY, ARCHIVED))
        if number % 4 == 3:
            statuses = self._deleted(begin, begin + 15 * DAY + 13 * HOUR)
        campaign = Node(self._id(number, 0), CAMPAIGN, None, kind, begin, names, statuses)
        return [ad for place in range(2) for ad in self._group(campaign, number, place, begin)]

    def _group(self, campaign: Node, number: int, place: int, begin: Instant) -> list[Node]:
        deleted = number % 4 == 2 and place == 1
        statuses = self._deleted(begin, begin + 14 * DAY + 7 * HOUR) if deleted else [(begin, ACTIVE)]
        audience = ("18-34, urban", "35+; parents")[place]
        names = [(begin, audience)]
        group = Node(self._id(number, 10 * (place + 1)), GROUP, campaign, campaign.kind, begin, names, statuses)
        return [self._ad(group, number, place, turn, begin) for turn in range(3)]

    def _ad(self, group: Node, number: int, place: int, turn: int, begin: Instant) -> Node:
        dice = draw(self.seed, number, place, turn)
        created_at = begin + turn * 2 * DAY
        names = [(created_at, f"Video {dice[0] % 90 + 10}{'abc'[turn]}")]
        statuses: History[str] = [(created_at, ACTIVE)]
        if turn == 1 and place == 0:
            names.append((created_at + 6 * DAY, f"{names[0][1]} – copy"))
        if number % 4 == 1 and turn == 0:
            statuses = self._deleted(created_at, created_at + 10 * DAY + 11 * HOUR)
        elif number % 4 == 0 and turn == 2:
            statuses += [(created_at + 8 * DAY, PAUSED), (created_at + 12 * DAY, ACTIVE)]
        key = self._id(number, 10 * (place + 1) + turn + 1)
        return Node(key, AD, group, group.kind, created_at, names, statuses, weight=1 + dice[1] % 4)

    def _deleted(self, begin: Instant, at: Instant) -> History[str]:
        purged = [(at + 5 * DAY, PURGED)] if self.purges else []
        return [(begin, ACTIVE), (at, DELETED), *purged]

    def _id(self, number: int, place: int) -> str:
        return str(self.first_id + 1000 * number + place)
