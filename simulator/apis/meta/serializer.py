"""Ad accounts, campaigns, ad sets and ads in Meta's fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.apis.meta.errors import GraphError, unknown_field
from simulator.apis.meta.parameters import list_parameter
from simulator.books import Instant
from simulator.scenarios.ads.books import AdAccount
from simulator.scenarios.ads.plan import ACTIVE, AD, CAMPAIGN, GROUP, PAUSED, Node

ACCOUNT_STATUS = {"ACTIVE": 1, "DISABLED": 2, "UNSETTLED": 3, "CLOSED": 101}
EDGES = {"campaigns": (CAMPAIGN, "Campaign"), "adsets": (GROUP, "AdSet"), "ads": (AD, "Ad")}  # level, node type
STATUSES = {
    "campaigns": ("ACTIVE", "PAUSED", "DELETED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES"),
    "adsets": ("ACTIVE", "PAUSED", "DELETED", "CAMPAIGN_PAUSED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES"),
    "ads": ("ACTIVE", "PAUSED", "DELETED", "PENDING_REVIEW", "DISAPPROVED", "PREAPPROVED", "PENDING_BILLING_INFO",
            "CAMPAIGN_PAUSED", "ARCHIVED", "ADSET_PAUSED", "IN_PROCESS", "WITH_ISSUES"),
}  # fmt: skip
HIDDEN_STATUSES = ("DELETED", "ARCHIVED")  # shown only to a request that names them


def account_object(account: AdAccount, fields: list[str]) -> dict[str, Any]:
    """An ad account with the requested fields and its id. Raises GraphError for an unknown field."""
    values = {
        "account_id": account.id, "name": account.name, "currency": account.currency,
        "timezone_name": account.time_zone, "account_status": ACCOUNT_STATUS[account.status],
    }  # fmt: skip
    if unknown := [name for name in fields if name not in {*values, "id"}]:
        raise unknown_field(unknown[0], "AdAccount")
    shown = {name: values[name] for name in fields if name != "id"} or {"account_id": account.id}
    return shown | {"id": f"act_{account.id}"}


def edge_objects(account: AdAccount, edge: str, params: Mapping[str, Any], at: Instant) -> list[dict[str, Any]]:
    """The objects of an edge, newest first, with the requested statuses and fields."""
    level, node_type = EDGES[edge]
    statuses = list_parameter(params.get("effective_status"))
    if unknown := [name for name in statuses if name not in STATUSES[edge]]:
        raise GraphError(f"(#100) effective_status[0] must be one of the following values: "
                         f"{', '.join(STATUSES[edge])}, not {unknown[0]}")  # fmt: skip
    statuses = statuses or [name for name in STATUSES[edge] if name not in HIDDEN_STATUSES]
    objects = [_object(account, node, at) for node in reversed(account.nodes(level, at))]
    fields = list_parameter(params.get("fields"))
    if objects and (unknown := [name for name in fields if name not in objects[0]]):
        raise unknown_field(unknown[0], node_type)
    return [
        {name: values[name] for name in fields if values[name] is not None} | {"id": values["id"]}
        for values in objects
        if values["effective_status"] in statuses
    ]


def _object(account: AdAccount, node: Node, at: Instant) -> dict[str, Any]:
    ids = {ancestor.level: ancestor.id for ancestor in node.path}
    shared = {
        "id": node.id, "account_id": account.id, "name": node.name(at), "status": node.own_status(at),
        "effective_status": _effective_status(node, at), "configured_status": node.own_status(at),
        "created_time": _time(account, node.created_at), "updated_time": _time(account, node.updated_at(at)),
    }  # fmt: skip
    own: dict[str, dict[str, Any]] = {
        CAMPAIGN: {"objective": "OUTCOME_SALES", "buying_type": "AUCTION", "daily_budget": "5000"},
        GROUP: {"campaign_id": ids[CAMPAIGN], "billing_event": "IMPRESSIONS", "daily_budget": None,
                "optimization_goal": "OFFSITE_CONVERSIONS"},
        AD: {"campaign_id": ids[CAMPAIGN], "adset_id": ids.get(GROUP)},
    }  # fmt: skip
    return shared | own[node.level]


def _effective_status(node: Node, at: Instant) -> str:
    """An object's status; an active one below a paused parent names that parent."""
    status = node.status(at)
    if status != PAUSED or node.own_status(at) != ACTIVE:
        return status
    paused = next(ancestor for ancestor in node.path if ancestor.own_status(at) == PAUSED)
    return {CAMPAIGN: "CAMPAIGN_PAUSED", GROUP: "ADSET_PAUSED"}[paused.level]


def _time(account: AdAccount, at: Instant) -> str:
    return datetime.fromtimestamp(at, account.zone).strftime("%Y-%m-%dT%H:%M:%S%z")
