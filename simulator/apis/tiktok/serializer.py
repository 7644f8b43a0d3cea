"""Advertisers, campaigns, ad groups and ads in TikTok's fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simulator.apis.tiktok.errors import invalid
from simulator.apis.tiktok.parameters import json_parameter
from simulator.apis.tiktok.reports import NAMES, promotion
from simulator.books import Instant
from simulator.scenarios.ads.books import AdAccount
from simulator.scenarios.ads.plan import ACTIVE, AD, ARCHIVED, CAMPAIGN, DELETED, GROUP, LEVELS, PAUSED, PURGED, Node

OBJECTS = {  # endpoint: level and kinds of its objects
    "campaign/get": (CAMPAIGN, ("auction", "reservation")),
    "adgroup/get": (GROUP, ("auction", "reservation")),
    "ad/get": (AD, ("auction", "reservation")),
    "smart_plus/campaign/get": (CAMPAIGN, ("smart_plus",)),
    "smart_plus/adgroup/get": (GROUP, ("smart_plus",)),
    "smart_plus/ad/get": (AD, ("smart_plus",)),
    "gmv_max/campaign/get": (CAMPAIGN, ("gmv_max",)),
}
BUYING_TYPES = {"AUCTION": "auction", "RESERVATION_RF": "reservation", "RESERVATION_TOP_VIEW": "top_view"}
STATUS = {"ACTIVE": "STATUS_ENABLE", "DISABLED": "STATUS_DISABLE"}
_PREFIXES = {CAMPAIGN: "CAMPAIGN", GROUP: "ADGROUP", AD: "AD"}
_SUFFIXES = {ACTIVE: "DELIVERY_OK", PAUSED: "DISABLE", ARCHIVED: "DISABLE", DELETED: "DELETE"}


def advertiser(account: AdAccount, fields: list[str]) -> dict[str, Any]:
    """The requested fields, all of them when there are none. Raises TikTokError for an unknown field."""
    values = {
        "advertiser_id": account.id, "name": account.name, "currency": account.currency,
        "timezone": account.time_zone, "display_timezone": account.time_zone, "status": STATUS[account.status],
    }  # fmt: skip
    if unknown := [name for name in fields if name not in values]:
        raise invalid("fields", f"{unknown[0]} is not a valid choice")
    return {name: values[name] for name in fields} or values


def objects(endpoint: str, account: AdAccount, params: Mapping[str, str], at: Instant) -> list[dict[str, Any]]:
    """The objects of an endpoint, newest first. Deleted ones need a status filter of ``…_STATUS_ALL``."""
    level, kinds = OBJECTS[endpoint]
    filtering = json_parameter(params, "filtering", {})
    if endpoint == "campaign/get":
        kinds = tuple(BUYING_TYPES[name] for name in filtering.get("buying_types", ["AUCTION"]))
    all_statuses = str(filtering.get("secondary_status", "")).endswith("_STATUS_ALL")
    promotions = filtering.get("gmv_max_promotion_types")
    if endpoint.startswith("gmv_max") and not promotions:
        raise invalid("filtering.gmv_max_promotion_types", "Missing data for required field.")
    return [
        _object(account, node, at)
        for node in reversed(account.nodes(level, at))
        if node.kind in kinds
        and node.status(at) != PURGED
        and (all_statuses or promotions or node.status(at) != DELETED)
        and (not promotions or f"{promotion(node)}_GMV_MAX" in promotions)
    ]


def _object(account: AdAccount, node: Node, at: Instant) -> dict[str, Any]:
    smart_plus = node.kind == "smart_plus"
    fields: dict[str, Any] = {
        "advertiser_id": account.id,
        "operation_status": "ENABLE" if node.own_status(at) == ACTIVE else "DISABLE",
        "secondary_status": f"{_PREFIXES[node.level]}_STATUS_{_SUFFIXES[node.status(at)]}",
        "create_time": _time(node.created_at),
        "modify_time": None if smart_plus else _time(node.updated_at(at)),
    }
    if node.level == CAMPAIGN:
        fields["objective_type"] = "PRODUCT_SALES"
    for ancestor in node.path[: LEVELS.index(node.level) + 1]:
        key, name = NAMES[ancestor.level]
        fields["smart_plus_ad_id" if smart_plus and ancestor.level == AD else key] = ancestor.id
        fields[name] = ancestor.name(at)
    return fields


def _time(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
