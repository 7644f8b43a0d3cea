"""The products, channels, countries and campaigns whose numbers differ most from the earlier period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from common.presets import Days
from semantic.compiler import compile_ranges
from semantic.digest import sells, words
from semantic.digest.kpis import exact
from semantic.digest.periods import Case
from semantic.digest.sells import Sells
from semantic.warehouse import Build


@dataclass(frozen=True)
class Kind:
    """What may move: its metric, the column that tells one from another, how many of them, and the columns of its name.

    Two of the same name are shown with the second of these columns (a product's SKU), or with the key.
    """

    label: str
    metric: str
    key: str
    most: int
    names: tuple[str, ...] = ()


KINDS = (
    Kind("Product", "product_net_sales", "product_key", 5, ("product_title", "skus")),
    Kind("Channel", "net_sales", "channel", 3),
    Kind("Country", "detail_net_sales", "country", 3),
    Kind("Campaign", "campaign_spend", "campaign_id", 3, ("campaign_name",)),
)
OF_VAULTS = (
    Kind("Product", "vault_revenue", "product_name", 5),
    Kind("Niche", "vault_revenue", "niche", 3),
    Kind("Vault", "vault_revenue", "vault_id", 3),
    Kind("Country", "vault_revenue", "country", 3),
)
"""What may move at a creator, who has no shop."""
Name = tuple[str, ...]
Values = dict[Any, tuple[Name, Decimal]]
"""(names, value) by key"""


def rows(build: Build, cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
    """The rows of the mart `movers` for the build's tenant; today is left out, it is not over."""
    currency = build.currency()
    whole = [case for case in cases if case.until is None]
    for kind in OF_VAULTS if sells.of(build) is Sells.VAULTS else KINDS:
        answers = _values(build, kind, {days for case in whole for days in (case.days.now, case.days.before)})
        for case in whole:
            now, before = answers.get(case.days.now, {}), answers.get(case.days.before, {})
            yield from _largest(build, kind, case, now, before, currency.code if currency else None)


def _largest(
    build: Build, kind: Kind, case: Case, now: Values, before: Values, currency: str | None
) -> Iterator[dict[str, Any]]:
    none, metric = ((), Decimal(0)), build.catalog.metric(kind.metric)
    differences = {key: now.get(key, none)[1] - before.get(key, none)[1] for key in {**now, **before}}
    moved = [key for key, difference in differences.items() if difference]
    moved.sort(key=lambda key: (-abs(differences[key]), str(key)))
    names = _distinct({key: (now.get(key) or before[key])[0] for key in moved[: kind.most]})
    for position, (key, name) in enumerate(names.items(), start=1):
        value, previous = (side.get(key, none)[1] for side in (now, before))
        difference = differences[key]
        yield {
            "tenant_id": build.tenant,
            "period": case.period,
            "period_position": case.position,
            "comparison": case.kind,
            "kind": kind.label,
            "name": name,
            "position": position,
            "metric": kind.metric,
            "value": value,
            "previous": previous,
            "difference": difference,
            "value_text": words.amount(value, metric, currency),
            "previous_text": words.amount(previous, metric, currency),
            "difference_text": ("+" if difference > 0 else "") + words.amount(difference, metric, currency),
        }


def _distinct(names: dict[Any, Name]) -> dict[Any, str]:
    """A name of each key that no other one has."""
    first = {key: (parts[0] if parts else key) or "(no name)" for key, parts in names.items()}
    often = Counter(first.values())
    more = {key: (parts[1].split(",")[0] if parts[1:] and parts[1] else key) for key, parts in names.items()}
    return {key: name if often[name] == 1 else f"{name} · {more[key]}" for key, name in first.items()}


def _values(build: Build, kind: Kind, ranges: set[Days]) -> dict[Days, Values]:
    """The metric of each key, over each of several ranges of days, in one query."""
    ordered = sorted(ranges)
    if not ordered:
        return {}
    query = compile_ranges(build.catalog, [kind.metric], ordered, by=[kind.key], labels=kind.names, tenant=build.tenant)
    answers: dict[Days, Values] = {}
    for number, key, *names, value in build.rows(query):
        if value is not None:
            answers.setdefault(ordered[number], {})[key] = (tuple(names), exact(value) or Decimal(0))
    return answers
