"""What a build's tenant sells: which of the headline figures are about it."""

from __future__ import annotations

from enum import Enum

from semantic.warehouse import Build


class Sells(Enum):
    """Goods of a shop, with advertising or without, or digital products of an event log alone."""

    GOODS_WITH_ADS = 1
    GOODS = 2
    VAULTS = 3


def of(build: Build) -> Sells:
    """A shop with an event log is a shop. Where nothing was sold yet, too."""
    if not _count(build, "net_sales_minor", "metrics_daily") and _count(build, "*", "vault_sales"):
        return Sells.VAULTS
    return Sells.GOODS_WITH_ADS if _count(build, "ad_spend_minor", "metrics_daily") else Sells.GOODS


def _count(build: Build, column: str, mart: str) -> int:
    """How many rows of a mart have a value: ad spend is zero on days on which nothing was spent, sales too."""
    ((count,),) = build.rows(f"SELECT COUNT({column}) FROM marts.{mart} WHERE {build.own}")
    return int(count)
