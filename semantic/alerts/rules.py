"""Reads the alert rules and checks that the metrics they name exist."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from semantic.catalog import Catalog
from semantic.errors import CatalogError, UnknownNameError

FILE = Path(__file__).with_name("rules.yml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Strict):
    """A metric over the newest whole period (or `over` of them), beyond a limit.

    `currency` is the limit's own; without one, a limit of money is in the tenant's reporting currency.
    """

    metric: str
    period: Literal["day", "week", "month"]
    over: int = Field(default=1, ge=1)
    change: bool = False
    above: Decimal | None = None
    below: Decimal | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")

    @model_validator(mode="after")
    def _one_limit(self) -> Condition:
        if self.currency and self.change:
            raise ValueError("`currency` belongs to an amount, not to a change")
        if (self.above is None) == (self.below is None):
            raise ValueError("needs `above` or `below`, not both")
        return self

    @property
    def limit(self) -> Decimal:
        """The limit, whichever side it is on."""
        return self.above if self.above is not None else self.below or Decimal(0)

    def limited(self, limit: Decimal) -> Condition:
        """The same condition with another limit, in the reporting currency where it is money."""
        return self.model_copy(update={"above" if self.above is not None else "below": limit, "currency": None})

    def holds(self, value: Decimal) -> bool:
        """Whether a value is beyond the limit."""
        return value > self.limit if self.above is not None else value < self.limit


class Rule(_Strict):
    """A rule fires where all of `conditions` hold. `why` and `advice` are for people; `report` shows them more.

    `only_with`: it is evaluated for tenants that have a number of one of these metrics; empty: for all.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    why: str
    advice: str
    report: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    running: bool = False
    only_with: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = Field(min_length=1)

    def limited(self, limit: Decimal | None) -> Rule:
        """The same rule with another limit for its first condition."""
        if limit is None:
            return self
        return self.model_copy(update={"conditions": (self.conditions[0].limited(limit), *self.conditions[1:])})


@cache
def load(path: Path = FILE) -> tuple[Rule, ...]:
    """The rules of a file, read once. Raises CatalogError that names every mistake."""
    try:
        rules = TypeAdapter(tuple[Rule, ...]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise CatalogError(f"Cannot read the alert rules {path}", str(error), "Correct the file") from error
    except ValidationError as error:
        mistakes = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise CatalogError(f"The alert rules {path} are wrong", mistakes, "Correct the file") from error
    names = [rule.name for rule in rules]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise CatalogError(
            f"The alert rules {path} are wrong", f"they name {', '.join(repeated)} more than once", "Correct the file"
        )
    return rules


def check(rules: tuple[Rule, ...], catalog: Catalog, limits: Mapping[str, object] | None = None) -> None:
    """Raise UnknownNameError for a metric that the build does not have, or a limit of a rule that does not exist.

    Raise CatalogError where the limit has a currency and the metric is not an amount of money.
    """
    for rule in rules:
        for name in rule.only_with:
            catalog.metric(name)
        for condition in rule.conditions:
            metric = catalog.metric(condition.metric)
            if condition.currency and metric.unit != "money":
                why = f"its limit has the currency {condition.currency}, and {metric.name} is not an amount of money"
                raise CatalogError(f"The alert rule {rule.name} is wrong", why, "Remove the currency")
    for name in limits or {}:
        if name not in {rule.name for rule in rules}:
            raise UnknownNameError("alert rule", name, [rule.name for rule in rules])
