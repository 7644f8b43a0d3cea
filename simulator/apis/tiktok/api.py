"""TikTok's endpoints over the advertisers of a world: ``{server.url}/tiktok/open_api/v1.3/<endpoint>/``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from simulator.apis.base import LoggedRequest, Response
from simulator.apis.tiktok import reports
from simulator.apis.tiktok.envelope import TikTokError, decoded, paged, wrapped
from simulator.books import Instant
from simulator.faults import Faults
from simulator.scenarios.ads.books import AdAccount
from simulator.scenarios.ads.plan import ACTIVE, AD, ARCHIVED, CAMPAIGN, DELETED, GROUP, LEVELS, PAUSED, PURGED, Node
from simulator.world import World

VERSION = "v1.3"
OBJECTS = {
    "campaign/get": (CAMPAIGN, ("auction", "reservation")),
    "adgroup/get": (GROUP, ("auction", "reservation")),
    "ad/get": (AD, ("auction", "reservation")),
    "smart_plus/campaign/get": (CAMPAIGN, ("smart_plus",)),
    "smart_plus/adgroup/get": (GROUP, ("smart_plus",)),
    "smart_plus/ad/get": (AD, ("smart_plus",)),
    "gmv_max/campaign/get": (CAMPAIGN, ("gmv_max",)),
}
BUYING = {"AUCTION": "auction", "RESERVATION_RF": "reservation", "RESERVATION_TOP_VIEW": "top_view"}
WORDS = {ACTIVE: "DELIVERY_OK", PAUSED: "DISABLE", ARCHIVED: "DISABLE", DELETED: "DELETE"}
STATUS = {"ACTIVE": "STATUS_ENABLE", "DISABLED": "STATUS_DISABLE"}


@dataclass
class TikTokApi:
    """``most_rows``: a report of more is too large (40067).

    ``unavailable``: shops that GMV Max may no longer advertise; ``silent``: their reports hold no row.
    """

    world: World
    faults: Faults
    log: list[LoggedRequest]
    now: Callable[[], Instant]
    most_rows: int = 100_000
    unavailable: set[str] = field(default_factory=set)
    silent: bool = False

    def __call__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        parts = urlsplit(target)
        path = parts.path.removeprefix("/tiktok/open_api/")
        version, _, endpoint = path.partition("/")
        params = dict(parse_qsl(parts.query))
        endpoint, slash = endpoint.rstrip("/"), endpoint.endswith("/")
        account = self._account(params)
        name, resource = account.history.shop.account if account else "", f"tiktok:{endpoint}"
        token = {key.lower(): value for key, value in headers.items()}.get("access-token", "")
        self.log.append(LoggedRequest(name, (resource,), dict(params), 200 if slash else 404))
        if method != "GET" or not slash:
            return Response(404, b"404 page not found", "text/plain")
        if fault := self.faults.take("error", name, [resource]):
            return Response(fault.status, b"<html>Service unavailable</html>", "text/html")
        try:
            self._refuse(version, name, resource)
            answer = wrapped(self._data(endpoint, params, account, token))
        except TikTokError as error:
            answer = wrapped({}, error.code, str(error))
        text = msgspec.json.encode(answer)
        if self.faults.take("truncated", name, [resource]):
            text = text[: len(text) // 2]
        return Response(200, text, cut=self.faults.take("cut", name, [resource]) is not None)

    def _account(self, params: Mapping[str, str]) -> AdAccount | None:
        try:
            (key,) = [params["advertiser_id"]] if "advertiser_id" in params else json.loads(params["advertiser_ids"])
        except (KeyError, ValueError):
            return None
        return next((each for each in self.world.ads if each.platform == "tiktok" and each.id == str(key)), None)

    def _refuse(self, version: str, name: str, resource: str) -> None:
        """The errors that come whatever is asked."""
        if fault := self.faults.take("slow", name, [resource]):
            time.sleep(fault.seconds)
        if version != VERSION:
            raise TikTokError(40051, f"The API version {version} is no longer supported")
        if self.faults.take("throttled", name, [resource]):
            raise TikTokError(40100, "Too many requests. Please retry in some time.")
        if fault := self.faults.take("api_error", name, [resource]):
            raise TikTokError(fault.code, fault.message or "An error")
        if "reporting" in self.faults.denied(name) and "report" in resource:
            raise TikTokError(40001, "Permission denied: the app lacks the scope Reporting")

    def _data(self, endpoint: str, params: Mapping[str, str], account: AdAccount | None, token: str) -> dict[str, Any]:
        if not token:
            raise TikTokError(40104, "Access token is empty")
        mine = [each for each in self.world.ads if each.platform == "tiktok" and each.token == token]
        if not mine:
            raise TikTokError(40105, "Access token is incorrect or has been revoked.")
        if endpoint == "oauth2/advertiser/get":
            return {"list": [{"advertiser_id": each.id, "advertiser_name": each.name} for each in mine]}
        if account is None:
            raise TikTokError(40300, "The advertiser does not exist")
        if account not in mine:
            raise TikTokError(40001, "No permission to operate advertiser " + account.id)
        if endpoint == "advertiser/info":
            return {"list": [_advertiser(account, decoded(params, "fields", []))]}
        if endpoint == "gmv_max/store/list":
            stores, able = [*account.stores, "7495999999999999999"], {*account.stores} - self.unavailable
            return {"store_list": [
                {"store_id": key, "store_name": account.name, "is_gmv_max_available": key in able}
                for key in stores
            ]}  # fmt: skip
        moved = self.faults.take("moved", account.history.shop.account, [f"tiktok:{endpoint}"]) is not None
        if endpoint in OBJECTS:
            return paged(self._objects(endpoint, account, params), params, moved)
        if endpoint in ("report/integrated/get", "gmv_max/report/get"):
            report = reports.integrated if endpoint.startswith("report") else reports.gmv_max
            rows = report(account, params, self.now())
            if self.silent and self.unavailable & set(decoded(params, "store_ids", [])):
                rows = []
            if len(rows) > self.most_rows:
                raise TikTokError(40067, "Your query is too large, please reduce the query size by adjusting the dates")
            return paged(rows, params, moved)
        raise TikTokError(40400, "Route not found")

    def _objects(self, endpoint: str, account: AdAccount, params: Mapping[str, str]) -> list[dict[str, Any]]:
        level, kinds = OBJECTS[endpoint]
        filtering, at = decoded(params, "filtering", {}), self.now()
        if endpoint == "campaign/get":
            kinds = tuple(BUYING[name] for name in filtering.get("buying_types", ["AUCTION"]))
        everything = str(filtering.get("secondary_status", "")).endswith("_STATUS_ALL")
        promotions = filtering.get("gmv_max_promotion_types")
        if endpoint.startswith("gmv_max") and not promotions:
            raise TikTokError(40002, "filtering.gmv_max_promotion_types: Missing data for required field.")
        return [
            _object(account, node, at)
            for node in reversed(account.nodes(level, at))
            if node.kind in kinds
            and node.status(at) != PURGED
            and (everything or promotions or node.status(at) != DELETED)
            and (not promotions or f"{reports.promotion(node)}_GMV_MAX" in promotions)
        ]


def _advertiser(account: AdAccount, fields: list[str]) -> dict[str, Any]:
    known = {
        "advertiser_id": account.id, "name": account.name, "currency": account.currency,
        "timezone": account.time_zone, "display_timezone": account.time_zone, "status": STATUS[account.status],
    }  # fmt: skip
    if unknown := [name for name in fields if name not in known]:
        raise TikTokError(40002, f"fields: {unknown[0]} is not a valid choice")
    return {name: known[name] for name in fields} or known


def _object(account: AdAccount, node: Node, at: Instant) -> dict[str, Any]:
    prefix = {CAMPAIGN: "CAMPAIGN", GROUP: "ADGROUP", AD: "AD"}[node.level]
    found: dict[str, Any] = {
        "advertiser_id": account.id,
        "operation_status": "ENABLE" if node.own_status(at) == ACTIVE else "DISABLE",
        "secondary_status": f"{prefix}_STATUS_{WORDS[node.status(at)]}",
        "create_time": _time(node.created_at),
        "modify_time": None if node.kind == "smart_plus" else _time(node.updated_at(at)),
    }
    if node.level == CAMPAIGN:
        found["objective_type"] = "PRODUCT_SALES"
    for each in node.path[: LEVELS.index(node.level) + 1]:
        key, name = reports.NAMES[each.level]
        smart = node.kind == "smart_plus" and each.level == AD
        found["smart_plus_ad_id" if smart else key] = each.id
        found[name] = each.name(at)
    return found


def _time(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
