"""Reports: the integrated one, which knows nothing of GMV Max, and that of GMV Max. All values are strings."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from simulator.apis.meta.insights import decimal
from simulator.apis.tiktok.envelope import TikTokError, decoded
from simulator.books import Instant
from simulator.scenarios.ads.books import AdAccount, AdStats
from simulator.scenarios.ads.plan import AD, CAMPAIGN, DELETED, GROUP, Node

SERVICES = {"AUCTION": ("auction", "smart_plus"), "RESERVATION": ("reservation",)}
LEVELS = {"AD": AD, "ADGROUP": GROUP, "CAMPAIGN": CAMPAIGN, "ADVERTISER": None}
DIMENSIONS = {"AD": "ad_id", "ADGROUP": "adgroup_id", "CAMPAIGN": "campaign_id", "ADVERTISER": "advertiser_id"}
NAMES = {AD: ("ad_id", "ad_name"), GROUP: ("adgroup_id", "adgroup_name"), CAMPAIGN: ("campaign_id", "campaign_name")}
ADVERTISER_METRICS = ("cash_spend", "voucher_spend")
GMV_DIMENSIONS = ("campaign_id", "advertiser_id")
GMV_METRICS = ("cost", "net_cost", "orders", "cost_per_order", "gross_revenue", "roi")
PROMOTIONS = ("PRODUCT", "LIVE")
LONGEST_DAYS = 30


def integrated(account: AdAccount, params: Mapping[str, str], at: Instant) -> list[dict[str, Any]]:
    """The rows of ``report/integrated/get/``."""
    if params.get("report_type") != "BASIC":
        raise TikTokError(40002, "report_type: the simulator knows BASIC only")
    service, _, level = params.get("data_level", "").partition("_")
    if service not in SERVICES or level not in LEVELS:
        raise TikTokError(40002, f"data_level: {params.get('data_level')} is not a valid choice")
    metrics = decoded(params, "metrics", [])
    days = _days(account, params, at)
    _check_dimensions(params, DIMENSIONS[level])
    deleted_too = _all_statuses(params, level)
    found = []
    for day in days:
        for node, told in _rows(account, LEVELS[level], day, at, SERVICES[service], deleted_too):
            known = _metrics(account, node, told, at)
            if node is None:
                voucher = account.voucher(day, at, SERVICES[service])
                known |= {"voucher_spend": decimal(voucher), "cash_spend": decimal(told.spend - voucher)}
            if unknown := [name for name in metrics if name not in known]:
                raise TikTokError(40002, f"metrics: {unknown[0]} is not supported at data level {level}")
            dimensions = {DIMENSIONS[level]: node.id if node else account.id, "stat_time_day": f"{day} 00:00:00"}
            found.append({"dimensions": dimensions, "metrics": {name: known[name] for name in metrics}})
    return found


def gmv_max(account: AdAccount, params: Mapping[str, str], at: Instant) -> list[dict[str, Any]]:
    """The rows of ``gmv_max/report/get/`` for one store. Its advertiser's row keeps what a campaign no longer shows."""
    stores = decoded(params, "store_ids", [])
    if len(stores) != 1 or stores[0] not in account.stores:
        raise TikTokError(40002, "store_ids: exactly one store of this advertiser")
    filtering = decoded(params, "filtering", {})
    kinds = filtering.get("gmv_max_promotion_types", PROMOTIONS)
    metrics = decoded(params, "metrics", [])
    if unknown := [name for name in metrics if name not in GMV_METRICS]:
        raise TikTokError(40002, f"metrics: {unknown[0]} is not supported")
    given = decoded(params, "dimensions", [])
    dimension = next((name for name in GMV_DIMENSIONS if name in given), "")
    _check_dimensions(params, dimension)
    found = []
    for day in _days(account, params, at):
        shown = account.rows(CAMPAIGN, day, at, ["gmv_max"])
        rows: dict[str, AdStats] = {}
        hidden = account.rows(CAMPAIGN, day, at, ["gmv_max"], visible=False) if dimension == "advertiser_id" else {}
        for node, told in {**shown, **hidden}.items():
            if promotion(node) in kinds:
                rows.setdefault(node.id if dimension == "campaign_id" else account.id, AdStats()).add(told)
        for key, told in rows.items():
            known = _gmv_metrics(told)
            dimensions = {dimension: key, "stat_time_day": f"{day} 00:00:00"}
            found.append({"dimensions": dimensions, "metrics": {name: known[name] for name in metrics}})
    return found


def promotion(campaign: Node) -> str:
    """Which kind of GMV Max a campaign is."""
    return PROMOTIONS[int(campaign.id) // 2000 % 2]


def _days(account: AdAccount, params: Mapping[str, str], at: Instant) -> list[date]:
    try:
        first, last = date.fromisoformat(params["start_date"]), date.fromisoformat(params["end_date"])
    except (KeyError, ValueError):
        raise TikTokError(40002, "start_date: Missing data for required field.") from None
    count = (last - first).days + 1
    if count < 1 or count > LONGEST_DAYS:
        raise TikTokError(40002, f"The time span must be within {LONGEST_DAYS} days when stat_time_day is a dimension")
    days = [first + timedelta(days=each) for each in range(count)]
    return [day for day in days if account.plan.start <= day <= account.plan.day(at)]


def _check_dimensions(params: Mapping[str, str], expected: str) -> None:
    if sorted(decoded(params, "dimensions", [])) != sorted([expected, "stat_time_day"]):
        raise TikTokError(40002, f"dimensions: expected {expected} and stat_time_day at this level")


def _all_statuses(params: Mapping[str, str], level: str) -> bool:
    """Whether the filter asks for deleted objects too; without it they are left out."""
    name = {"AD": "ad_status", "ADGROUP": "adgroup_status", "CAMPAIGN": "campaign_status"}.get(level)
    return name is None or any(
        each["field_name"] == name and each["filter_type"] == "IN" and "STATUS_ALL" in json.loads(each["filter_value"])
        for each in decoded(params, "filtering", [])
    )


def _rows(
    account: AdAccount, level: str | None, day: date, at: Instant, kinds: Collection[str], deleted_too: bool
) -> Iterator[tuple[Node | None, AdStats]]:
    if level is None:
        total = account.total(day, at, kinds)
        if total is not None and total.impressions:
            yield None, total
        return
    for node, told in account.rows(level, day, at, kinds).items():
        if told.impressions and (deleted_too or node.status(at) != DELETED):
            yield node, told


def _metrics(account: AdAccount, node: Node | None, told: AdStats, at: Instant) -> dict[str, str]:
    count, value = told.purchases.get("default", (0, 0))
    known = {
        "spend": decimal(told.spend), "impressions": str(told.impressions), "clicks": str(told.clicks),
        "reach": str(told.reach), "currency": account.currency, "conversion": str(count),
        "complete_payment": str(count), "total_complete_payment_rate": decimal(value),
        "value_per_complete_payment": decimal(value // count) if count else "-",
    }  # fmt: skip
    for each in node.path if node else ():
        key, name = NAMES[each.level]
        known |= {key: each.id, name: each.name(at)}
    return known


def _gmv_metrics(told: AdStats) -> dict[str, str]:
    count, value = told.purchases.get("default", (0, 0))
    return {
        "cost": decimal(told.spend), "net_cost": decimal(told.spend), "orders": str(count),
        "cost_per_order": decimal(told.spend // count) if count else "-", "gross_revenue": decimal(value),
        "roi": f"{value / told.spend:.2f}" if told.spend else "-",
    }  # fmt: skip
