"""The first page of a tenant that has an event log and no shop: figures, trend and movers of its vaults."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from semantic.compiler import expression
from semantic.filters import literal
from semantic.warehouse import Build

FIGURES = (
    "vault_revenue",
    "vault_orders",
    "vault_aov",
    "net_after_refunds",
    "vault_refund_rate",
    "vault_delivery_rate",
)
"""The figures in their order, all of one mart."""
UNTIL = FIGURES[:4]
"""Those that can be compared with a part of an earlier day: whether an order is paid back is known much later."""


def is_alone(build: Build) -> bool:
    """Whether the build's tenant has sales of vaults, and no sale of a shop is known."""
    ((shop, vaults),) = build.connection.execute(
        "SELECT (SELECT COUNT(net_sales_minor) FROM marts.metrics_daily WHERE tenant_id = $1), "
        "(SELECT COUNT(*) FROM marts.vault_sales WHERE tenant_id = $1)",
        [build.tenant],
    ).fetchall()
    return not shop and bool(vaults)


def until(build: Build, day: date, instant: datetime) -> dict[str, Any]:
    """The figures of a day up to an instant (UTC)."""
    columns = ", ".join(expression(build.catalog, name) for name in UNTIL)
    (values,) = build.connection.execute(
        f"SELECT {columns} FROM marts.vault_sales WHERE tenant_id = {literal(build.tenant or '')} "
        f"AND date_day = DATE '{day}' AND happened_at <= TIMESTAMP '{instant:%Y-%m-%d %H:%M:%S}'"
    ).fetchall()
    return dict(zip(UNTIL, values, strict=True))


def net_by_day(build: Build) -> dict[date, int]:
    """What stays of the sales after refunds, by day in minor units."""
    rows = build.connection.execute(
        "SELECT date_day, SUM(revenue_minor - refunded_minor) FROM marts.vault_sales WHERE tenant_id = ? "
        "GROUP BY date_day",
        [build.tenant],
    ).fetchall()
    return {day: int(Decimal(minor)) for day, minor in rows if minor is not None}
