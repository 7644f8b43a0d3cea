"""What the marts of an event log must hold, from the rows of the log: a second implementation, one row after another.

``sales``, ``funnel``, ``generations`` and ``profit`` give the rows of `vault_sales`, `vault_funnel`, `ai_generations`
and `vault_profit`, as often as they occur, in the creator's currency at ``rate`` (a day's rate from US dollars). Local
times are those of ``zone``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from simulator.scenarios.creator import Cost, LogRow

REGIONS = {
    "US": "Northern America", "CA": "Northern America", "GB": "Northern Europe", "IE": "Northern Europe",
    "IN": "Southern Asia", "AU": "Australia and New Zealand", "NG": "Western Africa", "XK": "Southern Europe",
    "PT": "Southern Europe", "ES": "Southern Europe", "BR": "South America", "AR": "South America",
    "AO": "Middle Africa", "MX": "Central America", "DE": "Western Europe", "AT": "Western Europe",
    "CH": "Western Europe", "FR": "Western Europe", "BE": "Western Europe", "JP": "Eastern Asia",
}  # fmt: skip
"""Regions of the United Nations' M49 list, by hand; Kosovo has its neighbours'."""
STEPS = ("Visit", "Cart", "Purchase", "Refund")
AGES = ((0, "0 days"), (7, "1 to 7 days"), (30, "8 to 30 days"), (90, "31 to 90 days"))
GROUPS = ("vault_id", "niche", "product_name", "ai_style", "ai_prompt_version", "ai_version", "language")
Rate = Callable[[date], Decimal]
Rows = Counter[tuple[object, ...]]


@dataclass(frozen=True)
class Logged:
    """A row of the log with its instant: of a local time that comes twice, the second one."""

    row: LogRow
    at: datetime
    visit: str

    @property
    def key(self) -> tuple[str, str, str]:
        """The visit, vault and product, which are refunded once."""
        return self.visit, self.row.vault_id, self.row.product_name

    @property
    def day(self) -> date:
        return datetime.fromisoformat(self.row.sale_datetime).date()


def logged(rows: Iterable[LogRow], zone: ZoneInfo) -> list[Logged]:
    """The rows with their instants; a row without a visit is a visit of its own."""
    result = []
    for number, row in enumerate(rows):
        local = datetime.fromisoformat(row.sale_datetime)
        at = max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        result.append(Logged(row, at, row.visit_id or f"row {number}"))
    return result


def _groups_of(rows: Iterable[Logged]) -> tuple[Mapping[object, list[Logged]], Mapping[object, list[Logged]]]:
    """Purchases and refund rows by visit, vault and product."""
    bought: dict[object, list[Logged]] = defaultdict(list)
    returned: dict[object, list[Logged]] = defaultdict(list)
    for item in rows:
        if item.row.funnel_stage == "purchase":
            bought[item.key].append(item)
        if item.row.funnel_stage == "refund":
            returned[item.key].append(item)
    return bought, returned


def _paid_back(purchases: Sequence[Logged], refunds: Sequence[Logged]) -> list[Logged]:
    """The purchases that a refund pays back: the flagged ones, else the newest before it, else the first."""
    flagged = [item for item in purchases if item.row.refund]
    if flagged or not refunds or not purchases:
        return flagged
    first = min(item.at for item in refunds)
    before = [item for item in purchases if item.at <= first]
    return [max(before, key=lambda item: item.at) if before else min(purchases, key=lambda item: item.at)]


def sales(rows: Sequence[Logged], rate: Rate) -> Rows:
    """(entry, day, hour, groups…, country code, region, customer type, computed type, reason, age, days since the sale,
    revenue, refunded, refunded orders, delivered, contradicted) → how many rows."""
    bought, returned = _groups_of(rows)
    result: Rows = Counter()
    first_of_visit: dict[str, datetime] = {}
    for items in bought.values():
        for item in items:
            first_of_visit[item.visit] = min(item.at, first_of_visit.get(item.visit, item.at))
    for key in bought.keys() | returned.keys():
        purchases, refunds = bought.get(key, []), sorted(returned.get(key, []), key=lambda item: item.at)
        paid = _paid_back(purchases, refunds)
        ids = {id(item) for item in paid}
        for item in purchases:
            computed = "repeat" if item.at > first_of_visit[item.visit] else "first_time"
            computed = computed if item.row.visit_id else "(unknown)"
            contradicted = item.row.customer_type == "first_time" and computed == "repeat"
            amount = _converted(item.row.sale_amount, rate(item.day))
            result[
                ("purchase", *_about(item, item), computed, None, None, None, amount, 0, int(id(item) in ids),
                 int(item.row.delivery_success), int(contradicted))
            ] += 1  # fmt: skip
        if paid or refunds:
            result[("refund", *_refund(purchases, refunds, paid, rate), 0, 0, 0)] += 1
    return result


def _refund(
    purchases: Sequence[Logged], refunds: Sequence[Logged], paid: Sequence[Logged], rate: Rate
) -> tuple[object, ...]:
    """The cells of a refund after `entry`, up to the amount refunded."""
    row = refunds[0] if refunds else None
    newest = max(paid, key=lambda item: item.at) if paid else None
    about, dated = newest or row, row or newest
    assert about is not None and dated is not None
    price = sum(item.row.sale_amount for item in paid)
    several = sum(item.row.refund for item in purchases) > 1
    amount = row.row.sale_amount if row and row.row.sale_amount and not several else price
    reason = (row and row.row.refund_reason) or (newest and newest.row.refund_reason) or "(none given)"
    if newest is None:
        age, since = "(sale not in the log)", None
    elif row is None:
        age, since = "(day not in the log)", None
    else:
        since = (row.day - newest.day).days
        age = "(before the sale)" if since < 0 else next((word for most, word in AGES if since <= most), "over 90 days")
    money = _converted(amount, rate(dated.day))
    return (*_about(about, dated), None, reason, age, since, 0, money)


def _about(item: Logged, dated: Logged) -> tuple[object, ...]:
    """Day, hour and groups of a row that is dated by another one."""
    row = item.row
    hour = f"{datetime.fromisoformat(dated.row.sale_datetime).hour:02}:00"
    groups = [getattr(row, name) or "(unknown)" for name in GROUPS]
    return (dated.day, hour, *groups, row.country or None, REGIONS.get(row.country, "(unknown)"),
            row.customer_type or "(unknown)")  # fmt: skip


def _converted(cents: int, rate: Decimal) -> int:
    return int((cents * rate).quantize(Decimal(1), ROUND_HALF_UP))


def funnel(rows: Sequence[Logged]) -> Rows:
    """(vault, niche, day, step, count, count of the step before) → 1, for each vault and day with visits."""
    bought, returned = _groups_of(rows)
    refunded = {(item.visit, item.row.vault_id) for key, purchases in bought.items()
                for item in _paid_back(purchases, returned.get(key, []))}  # fmt: skip
    visits: dict[tuple[str, str], list[Logged]] = defaultdict(list)
    for item in rows:
        if item.row.funnel_stage != "refund":
            visits[item.visit, item.row.vault_id].append(item)
    reached: dict[tuple[str, str, date], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for key, items in visits.items():
        stages = {item.row.funnel_stage for item in items}
        steps = (True, bool(stages & {"cart", "purchase"}), "purchase" in stages, key in refunded)
        place = reached[key[1], min(item.row.niche for item in items), min(item.day for item in items)]
        for number, is_reached in enumerate(steps):
            place[number] += is_reached
    return Counter(
        (*place, step, counts[number], counts[number - 1] if number else None)
        for place, counts in reached.items()
        for number, step in enumerate(STEPS)
    )


def generations(rows: Sequence[Logged]) -> Rows:
    """(visit, groups…, day, success, latency in hundredths of a second) → 1, for each generation."""
    first: dict[tuple[object, ...], date] = {}
    for item in rows:
        if item.row.funnel_stage != "refund":
            groups = tuple(getattr(item.row, name) or "(unknown)" for name in GROUPS)
            key = (item.visit, *groups, item.row.ai_generation_success, item.row.ai_latency)
            first[key] = min(item.day, first.get(key, item.day))
    return Counter((*key[:-2], day, *key[-2:]) for key, day in first.items())


PROFIT = ("date_day", "vault_id", "niche", "product_name", "category")
NICHES = {"vault_2": "Wellness"}
"""Of a vault that a cost names without its niche, by hand."""


def profit(sold: Rows, costs: Iterable[Cost], rate: Rate) -> Mapping[tuple[object, ...], tuple[int, ...]]:
    """PROFIT → revenue, refunded, costs, profit; ``sold`` are the rows of ``sales``."""
    sums: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for cells, count in sold.items():
        _, day, _, vault, niche, product, *_, revenue, refunded, _, _, _ = cells
        place = sums[day, vault, niche, product, "(sales)"]
        place[0] += int(revenue) * count  # type: ignore[call-overload]
        place[1] += int(refunded) * count  # type: ignore[call-overload]
    for cost in costs:
        niche = cost.niche or NICHES.get(cost.vault_id, "")
        named = (text or "(unknown)" for text in (cost.vault_id, niche, cost.product_name))
        sums[cost.day, *named, cost.category or "(none given)"][2] += _converted(cost.amount, rate(cost.day))
    return {key: (*amounts, amounts[0] - amounts[1] - amounts[2]) for key, amounts in sums.items()}


def percentile(values: Iterable[int], share: Fraction) -> Fraction:
    """The value below which a share of the values lies, between the two nearest in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    lower = place.numerator // place.denominator
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] + (ordered[upper] - ordered[lower]) * (place - lower)
