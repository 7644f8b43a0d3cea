"""What an account advertises: campaigns that begin one after another, each with ad sets and ads, and their lives.

Campaign ``k`` is drawn from the account's seed and ``k`` alone, so a later instant only adds campaigns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from hashlib import blake2b
from struct import Struct
from zoneinfo import ZoneInfo

from simulator.books import History, Instant, value_at

CAMPAIGN, GROUP, AD = "campaign", "group", "ad"
LEVELS = (CAMPAIGN, GROUP, AD)
ACTIVE, PAUSED, ARCHIVED, DELETED, PURGED = "ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "PURGED"
EVERY, LIFE = 12, 40  # days between two campaigns, and of a campaign
DAY, HOUR = 86_400, 3_600
THEMES = ("Prospecting", "Retargeting", "Lookalike 1 %", "Brand, broad", "Sale | “Big” 20 %", "Always on")
_EIGHT = Struct(">8H")


def draw(*parts: object) -> tuple[int, ...]:
    """Eight numbers from 0 to 65,535 that depend on the parts alone."""
    return _EIGHT.unpack(blake2b(":".join(map(str, parts)).encode(), digest_size=16).digest())


@dataclass(frozen=True, eq=False)
class Node:
    """A campaign, ad set or ad; ``statuses`` are its own, those of its parents come on top."""

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
        """Its campaign first, itself last."""
        return (*(self.parent.path if self.parent else ()), self)

    def at_level(self, level: str) -> Node:
        """Itself, or its parent of that level."""
        return self.path[LEVELS.index(level)]

    def name(self, at: Instant) -> str:
        return value_at(self.names, at)

    def own_status(self, at: Instant) -> str:
        return value_at(self.statuses, at)

    def status(self, at: Instant) -> str:
        """What is in force: the strongest of its own and its parents'."""
        order = (PURGED, DELETED, ARCHIVED, PAUSED, ACTIVE)
        return min((node.own_status(at) for node in self.path), key=order.index)

    def updated_at(self, at: Instant) -> Instant:
        told = [when for when, _ in (*self.names, *self.statuses) if when <= at]
        return max([self.created_at, *told])


@cache
def _midnight(day: date, zone: ZoneInfo) -> Instant:
    return int(datetime.combine(day, time(), zone).timestamp())


@dataclass(frozen=True)
class Plan:
    """``first_id`` is the number that ids count from, ``purges`` whether what was deleted disappears later."""

    seed: str
    start: date
    zone: ZoneInfo
    first_id: int
    kinds: tuple[str, ...] = ("auction",)
    purges: bool = False

    def midnight(self, day: date) -> Instant:
        return _midnight(day, self.zone)

    def day(self, at: Instant) -> date:
        """The account's calendar day of an instant."""
        return datetime.fromtimestamp(at, self.zone).date()

    def campaigns(self, until: date) -> int:
        """How many campaigns have begun by the end of a day."""
        return max(0, (until - self.start).days // EVERY + 1)

    def ads(self, number: int) -> list[Node]:
        """The ads of the campaign of that number, two ad sets of three."""
        begin = self.midnight(self.start + timedelta(days=EVERY * number))
        kind = self.kinds[number % len(self.kinds)]
        theme = THEMES[draw(self.seed, number)[0] % len(THEMES)]
        names = [(begin, f"{theme} {number:03d}")]
        if number % 4 == 0:
            names.append((begin + 9 * DAY + 5 * HOUR, f"{theme} {number:03d} (new)"))
        end = begin + LIFE * DAY
        fate: History[str] = [(begin, ACTIVE), (end, PAUSED)]
        if number % 2 == 0:
            fate.append((end + 5 * DAY, ARCHIVED))
        if number % 4 == 3:
            fate = self._deleted(begin, begin + 15 * DAY + 13 * HOUR)
        campaign = Node(self._id(number, 0), CAMPAIGN, None, kind, begin, names, fate)
        return [ad for place in range(2) for ad in self._group(campaign, number, place, begin)]

    def _group(self, campaign: Node, number: int, place: int, begin: Instant) -> list[Node]:
        lost = number % 4 == 2 and place == 1
        fate = self._deleted(begin, begin + 14 * DAY + 7 * HOUR) if lost else [(begin, ACTIVE)]
        audience = ("18-34, urban", "35+; parents")[place]
        names = [(begin, audience)]
        group = Node(self._id(number, 10 * (place + 1)), GROUP, campaign, campaign.kind, begin, names, fate)
        return [self._ad(group, number, place, each, begin) for each in range(3)]

    def _ad(self, group: Node, number: int, place: int, each: int, begin: Instant) -> Node:
        dice = draw(self.seed, number, place, each)
        born = begin + each * 2 * DAY
        names = [(born, f"Video {dice[0] % 90 + 10}{'abc'[each]}")]
        fate: History[str] = [(born, ACTIVE)]
        if each == 1 and place == 0:
            names.append((born + 6 * DAY, f"{names[0][1]} – copy"))
        if number % 4 == 1 and each == 0:
            fate = self._deleted(born, born + 10 * DAY + 11 * HOUR)
        elif number % 4 == 0 and each == 2:
            fate += [(born + 8 * DAY, PAUSED), (born + 12 * DAY, ACTIVE)]
        key = self._id(number, 10 * (place + 1) + each + 1)
        return Node(key, AD, group, group.kind, born, names, fate, weight=1 + dice[1] % 4)

    def _deleted(self, begin: Instant, at: Instant) -> History[str]:
        last = [(at + 5 * DAY, PURGED)] if self.purges else []
        return [(begin, ACTIVE), (at, DELETED), *last]

    def _id(self, number: int, place: int) -> str:
        return str(self.first_id + 1000 * number + place)
