"""Reports: the integrated report, which has no GMV Max, and the report of GMV Max. All values are texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from simulator.apis.ads import delivered_rows, reported_days
from simulator.apis.decimals import micros_text
from simulator.apis.tiktok.errors import TikTokError, invalid
from simulator.apis.tiktok.parameters import json_parameter
from simulator.books import Instant
from simulator.scenarios.ads.attribution import DEFAULT_WINDOW
from simulator.scenarios.ads.books import ACCOUNT, AdAccount, AdStats
from simulator.scenarios.ads.plan import AD, CAMPAIGN, DELETED, GROUP, Node

SERVICES = {"AUCTION": ("auction", "smart_plus"), "RESERVATION": ("reservation",)}
LEVELS = {"AD": AD, "ADGROUP": GROUP, "CAMPAIGN": CAMPAIGN, "ADVERTISER": ACCOUNT}
DIMENSIONS = {"AD": "ad_id", "ADGROUP": "adgroup_id", "CAMPAIGN": "campaign_id", "ADVERTISER": "advertiser_id"}
STATUS_FILTERS = {"AD": "ad_status", "ADGROUP": "adgroup_status", "CAMPAIGN": "campaign_status"}
NAMES = {AD: ("ad_id", "ad_name"), GROUP: ("adgroup_id", "adgroup_name"), CAMPAIGN: ("campaign_id", "campaign_name")}
GMV_DIMENSIONS = ("campaign_id", "advertiser_id")
GMV_METRICS = ("cost", "net_cost", "orders", "cost_per_order", "gross_revenue", "roi")
PROMOTIONS = ("PRODUCT", "LIVE")
MAX_DAYS = 30
NO_VALUE = "-"


def integrated(account: AdAccount, params: Mapping[str, str], at: Instant) -> list[dict[str, Any]]:
    """The rows of ``report/integrated/get/``. Raises TikTokError."""
    if params.get("report_type") != "BASIC":
        raise invalid("report_type", "the simulator knows BASIC only")
    service, _, level = params.get("data_level", "").partition("_")
    if service not in SERVICES or level not in LEVELS:
        raise invalid("data_level", f"{params.get('data_level')} is not a valid choice")
    metrics = json_parameter(params, "metrics", [])
    days = _days(account, params, at)
    _check_dimensions(params, DIMENSIONS[level])
    with_deleted = _all_statuses(params, level)
    rows = []
    for day in days:
        for node, stats in delivered_rows(account, LEVELS[level], day, at, SERVICES[service]):
            if node is not None and node.status(at) == DELETED and not with_deleted:
                continue
            values = _metrics(account, node, stats, at)
            if node is None:
                voucher = account.voucher(day, at, SERVICES[service])
                values |= {"voucher_spend": micros_text(voucher), "cash_spend": micros_text(stats.spend - voucher)}
            if unknown := [name for name in metrics if name not in values]:
                raise invalid("metrics", f"{unknown[0]} is not supported at data level {level}")
            rows.append(_row(DIMENSIONS[level], node.id if node else account.id, day, values, metrics))
    return rows


def gmv_max(account: AdAccount, params: Mapping[str, str], at: Instant) -> list[dict[str, Any]]:
    """The rows of ``gmv_max/report/get/`` for one store. Only the advertiser's row counts deleted campaigns."""
    stores = json_parameter(params, "store_ids", [])
    if len(stores) != 1 or stores[0] not in account.stores:
        raise invalid("store_ids", "exactly one store of this advertiser")
    promotions = json_parameter(params, "filtering", {}).get("gmv_max_promotion_types", PROMOTIONS)
    metrics = json_parameter(params, "metrics", [])
    if unknown := [name for name in metrics if name not in GMV_METRICS]:
        raise invalid("metrics", f"{unknown[0]} is not supported")
    dimensions = json_parameter(params, "dimensions", [])
    dimension = next((name for name in GMV_DIMENSIONS if name in dimensions), "")
    _check_dimensions(params, dimension)
    rows = []
    for day in _days(account, params, at):
        campaigns = account.rows(CAMPAIGN, day, at, ["gmv_max"])
        if dimension == "advertiser_id":
            campaigns = campaigns | account.rows(CAMPAIGN, day, at, ["gmv_max"], visible=False)
        totals: dict[str, AdStats] = {}
        for campaign, stats in campaigns.items():
            if promotion(campaign) in promotions:
                key = campaign.id if dimension == "campaign_id" else account.id
                totals.setdefault(key, AdStats()).add(stats)
        rows += [_row(dimension, key, day, _gmv_metrics(stats), metrics) for key, stats in totals.items()]
    return rows


def promotion(campaign: Node) -> str:
    """The promotion type of a GMV Max campaign."""
    return PROMOTIONS[int(campaign.id) // 2000 % 2]


def _row(dimension: str, key: str, day: date, values: Mapping[str, str], metrics: list[str]) -> dict[str, Any]:
    dimensions = {dimension: key, "stat_time_day": f"{day} 00:00:00"}
    return {"dimensions": dimensions, "metrics": {name: values[name] for name in metrics}}


def _days(account: AdAccount, params: Mapping[str, str], at: Instant) -> list[date]:
    try:
        first, last = date.fromisoformat(params["start_date"]), date.fromisoformat(params["end_date"])
    except (KeyError, ValueError):
        raise invalid("start_date", "Missing data for required field.") from None
    if not 1 <= (last - first).days + 1 <= MAX_DAYS:
        raise TikTokError(40002, f"The time span must be within {MAX_DAYS} days when stat_time_day is a dimension")
    return reported_days(account, first, last, at)


def _check_dimensions(params: Mapping[str, str], expected: str) -> None:
    if sorted(json_parameter(params, "dimensions", [])) != sorted([expected, "stat_time_day"]):
        raise invalid("dimensions", f"expected {expected} and stat_time_day at this level")


def _all_statuses(params: Mapping[str, str], level: str) -> bool:
    """Whether the filter includes deleted objects, which the report leaves out without it."""
    field = STATUS_FILTERS.get(level)
    return field is None or any(
        condition["field_name"] == field
        and condition["filter_type"] == "IN"
        and "STATUS_ALL" in json.loads(condition["filter_value"])
        for condition in json_parameter(params, "filtering", [])
    )


def _metrics(account: AdAccount, node: Node | None, stats: AdStats, at: Instant) -> dict[str, str]:
    count, value = stats.purchases.get(DEFAULT_WINDOW, (0, 0))
    values = {
        "spend": micros_text(stats.spend), "impressions": str(stats.impressions), "clicks": str(stats.clicks),
        "reach": str(stats.reach), "currency": account.currency, "conversion": str(count),
        "complete_payment": str(count), "total_complete_payment_rate": micros_text(value),
        "value_per_complete_payment": micros_text(value // count) if count else NO_VALUE,
    }  # fmt: skip
    for ancestor in node.path if node else ():
        key, name = NAMES[ancestor.level]
        values |= {key: ancestor.id, name: ancestor.name(at)}
    return values


def _gmv_metrics(stats: AdStats) -> dict[str, str]:
    count, value = stats.purchases.get(DEFAULT_WINDOW, (0, 0))
    return {
        "cost": micros_text(stats.spend), "net_cost": micros_text(stats.spend), "orders": str(count),
        "cost_per_order": micros_text(stats.spend // count) if count else NO_VALUE,
        "gross_revenue": micros_text(value), "roi": f"{value / stats.spend:.2f}" if stats.spend else NO_VALUE,
    }  # fmt: skip
