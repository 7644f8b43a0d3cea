"""The Business API's HTTP endpoint, ``/tiktok/open_api/v1.3/<endpoint>/``: tokens, the envelope, faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec

from simulator.apis.ads import AdApi
from simulator.apis.base import Request, Response
from simulator.apis.tiktok import reports
from simulator.apis.tiktok.errors import TikTokError
from simulator.apis.tiktok.paging import page
from simulator.apis.tiktok.parameters import json_parameter
from simulator.apis.tiktok.serializer import OBJECTS, advertiser, objects
from simulator.scenarios.ads.books import AdAccount

VERSION = "v1.3"
REQUEST_ID = "202611201912340102030405060708090A"
OTHER_STORE = "7495999999999999999"  # of the advertiser, and never available for GMV Max


@dataclass
class TikTokApi(AdApi):
    """The advertisers of a world.

    most_rows    a report with more rows is too large
    unavailable  the stores that GMV Max may no longer advertise
    silent       the reports of unavailable stores are empty
    """

    platform: ClassVar[str] = "tiktok"
    most_rows: int = 100_000
    unavailable: set[str] = field(default_factory=set)
    silent: bool = False

    def respond(self, request: Request) -> Response:
        version, _, rest = request.path.removeprefix("/tiktok/open_api/").partition("/")
        endpoint, slash = rest.rstrip("/"), rest.endswith("/")
        params = dict(parse_qsl(request.query))
        account = self._account(params)
        shop, resources = account.history.shop.account if account else "", (f"tiktok:{endpoint}",)
        self.record(shop, resources, dict(params), 200 if slash else 404)
        if request.method != "GET" or not slash:
            return Response(404, b"404 page not found", "text/plain")
        if fault := self.faults.take("error", shop, resources):
            return Response(fault.status, b"<html>Service unavailable</html>", "text/html")
        try:
            self._check(version, shop, resources)
            body = _envelope(self._data(endpoint, params, account, request.headers.get("access-token", "")))
        except TikTokError as error:
            body = _envelope({}, error.code, str(error))
        return self.damage(Response(200, msgspec.json.encode(body)), shop, resources)

    def _account(self, params: Mapping[str, str]) -> AdAccount | None:
        try:
            (key,) = [params["advertiser_id"]] if "advertiser_id" in params else json.loads(params["advertiser_ids"])
        except (KeyError, ValueError):
            return None
        return self.account(str(key))

    def _check(self, version: str, shop: str, resources: tuple[str, ...]) -> None:
        """Errors that do not depend on what is requested."""
        self.delay(shop, resources)
        if version != VERSION:
            raise TikTokError(40051, f"The API version {version} is no longer supported")
        if self.faults.take("throttled", shop, resources):
            raise TikTokError(40100, "Too many requests. Please retry in some time.")
        if fault := self.faults.take("api_error", shop, resources):
            raise TikTokError(fault.code, fault.message or "An error")
        if "reporting" in self.faults.denied(shop) and "report" in resources[0]:
            raise TikTokError(40001, "Permission denied: the app lacks the scope Reporting")

    def _data(self, endpoint: str, params: Mapping[str, str], account: AdAccount | None, token: str) -> dict[str, Any]:
        if not token:
            raise TikTokError(40104, "Access token is empty")
        accounts = self.accounts_of(token)
        if not accounts:
            raise TikTokError(40105, "Access token is incorrect or has been revoked.")
        if endpoint == "oauth2/advertiser/get":
            return {"list": [{"advertiser_id": row.id, "advertiser_name": row.name} for row in accounts]}
        if account is None:
            raise TikTokError(40300, "The advertiser does not exist")
        if account not in accounts:
            raise TikTokError(40001, "No permission to operate advertiser " + account.id)
        if endpoint == "advertiser/info":
            return {"list": [advertiser(account, json_parameter(params, "fields", []))]}
        if endpoint == "gmv_max/store/list":
            return {"store_list": self._stores(account)}
        shifted = self.faults.take("moved", account.history.shop.account, [f"tiktok:{endpoint}"]) is not None
        if endpoint in OBJECTS:
            return page(objects(endpoint, account, params, self.now()), params, shifted)
        if endpoint in ("report/integrated/get", "gmv_max/report/get"):
            return page(self._report(endpoint, account, params), params, shifted)
        raise TikTokError(40400, "Route not found")

    def _stores(self, account: AdAccount) -> list[dict[str, Any]]:
        available = {*account.stores} - self.unavailable
        return [
            {"store_id": key, "store_name": account.name, "is_gmv_max_available": key in available}
            for key in (*account.stores, OTHER_STORE)
        ]

    def _report(self, endpoint: str, account: AdAccount, params: Mapping[str, str]) -> list[dict[str, Any]]:
        report = reports.integrated if endpoint.startswith("report") else reports.gmv_max
        rows = report(account, params, self.now())
        if self.silent and self.unavailable & set(json_parameter(params, "store_ids", [])):
            return []
        if len(rows) > self.most_rows:
            raise TikTokError(40067, "Your query is too large, please reduce the query size by adjusting the dates")
        return rows


def _envelope(data: dict[str, Any], code: int = 0, message: str = "OK") -> dict[str, Any]:
    return {"code": code, "message": message, "request_id": REQUEST_ID, "data": data}
