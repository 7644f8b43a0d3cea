"""The Graph API's HTTP endpoint, ``/meta/<version>/<node>/<edge>``: versions, tokens, usage headers, faults."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec

from simulator.apis.ads import AdApi
from simulator.apis.base import Request, Response
from simulator.apis.meta import errors, insights
from simulator.apis.meta.errors import GraphError
from simulator.apis.meta.paging import NO_ROWS, limit_of, page
from simulator.apis.meta.parameters import list_parameter
from simulator.apis.meta.runs import FIRST_ID, ReportRun
from simulator.apis.meta.serializer import EDGES, account_object, edge_objects
from simulator.scenarios.ads.books import AdAccount

VERSION = "v26.0"
VERSIONS = ("v24.0", "v25.0", VERSION)
UPGRADED_VERSIONS = ("v22.0", "v23.0")  # answered as VERSIONS[0], with a warning


@dataclass(frozen=True)
class Call:
    """A request as the Graph API reads it. ``url`` has no query."""

    method: str
    version: str
    path: tuple[str, ...]
    params: dict[str, Any]
    url: str

    @classmethod
    def of(cls, request: Request) -> Call:
        _, _, version, *path = request.path.rstrip("/").split("/")
        params: dict[str, Any] = dict(parse_qsl(request.query))
        if request.body:
            as_json = "json" in request.headers.get("content-type", "")
            params |= json.loads(request.body) if as_json else dict(parse_qsl(request.body.decode()))
        params.setdefault("access_token", request.headers.get("authorization", "").removeprefix("Bearer "))
        url = f"http://{request.headers.get('host', '')}/meta/{version}/{'/'.join(path)}"
        return cls(request.method, version, tuple(path), params, url)


@dataclass
class MetaApi(AdApi):
    """The ad accounts of a world.

    job_polls     how many polls find a report run unfinished
    most_rows     a report with more rows is too large
    most_objects  a larger page of campaigns, ad sets or ads is too large
    usage         the percentage of the hourly limit in the usage headers
    """

    platform: ClassVar[str] = "meta"
    job_polls: int = 0
    most_rows: int = 100_000
    most_objects: int = 500
    usage: int = 1
    _runs: dict[str, ReportRun] = field(default_factory=dict)

    def respond(self, request: Request) -> Response:
        call = Call.of(request)
        account = self._account(call.path[0])
        shop, resources = account.history.shop.account if account else "", (f"meta:{_resource(call.path)}",)
        if fault := self.faults.take("error", shop, resources):
            response = Response(fault.status, b"<html>Sorry, something went wrong</html>", "text/html")
        else:
            response = self.damage(self._graph(call, account, shop, resources), shop, resources)
        parameters = {name: value for name, value in call.params.items() if name != "access_token"}
        self.record(shop, resources, parameters, response.status)
        return response

    def _account(self, node: str) -> AdAccount | None:
        """The ad account of ``act_<id>`` or of a report run."""
        if node in self._runs:
            return self._runs[node].account
        return self.account(node.removeprefix("act_")) if node.startswith("act_") else None

    def _graph(self, call: Call, account: AdAccount | None, shop: str, resources: tuple[str, ...]) -> Response:
        headers = {"facebook-api-version": call.version if call.version in VERSIONS else VERSION}
        if call.version in UPGRADED_VERSIONS:
            headers["x-ad-api-version-warning"] = (
                f"The call has been auto-upgraded to {VERSIONS[0]} as {call.version} has been deprecated."
            )
        try:
            self._check(call, shop, resources)
            body, status, minutes = self._body(call), 200, 0
        except GraphError as error:
            body, status, minutes = error.body(), error.status, error.minutes
        headers |= self._usage(account, minutes)
        return Response(status, msgspec.json.encode(body), "application/json; charset=UTF-8", headers)

    def _check(self, call: Call, shop: str, resources: tuple[str, ...]) -> None:
        """Errors that do not depend on what is requested."""
        self.delay(shop, resources)
        if call.version not in (*VERSIONS, *UPGRADED_VERSIONS):
            raise errors.deprecated_version(VERSION)
        if fault := self.faults.take("throttled", shop, resources):
            raise errors.too_many_calls(fault.seconds)
        if fault := self.faults.take("api_error", shop, resources):
            raise GraphError(fault.message or "An error", fault.code, subcode=fault.subcode, status=fault.status)

    def _usage(self, account: AdAccount | None, minutes: int) -> dict[str, str]:
        if account is None:
            return {}
        use = {
            "type": "ads_insights", "call_count": self.usage, "total_cputime": 1, "total_time": 1,
            "estimated_time_to_regain_access": minutes, "ads_api_access_tier": "standard_access",
        }  # fmt: skip
        throttle = {"app_id_util_pct": 0.04, "acc_id_util_pct": 0, "ads_api_access_tier": "standard_access"}
        return {
            "x-business-use-case-usage": json.dumps({account.id: [use]}, separators=(",", ":")),
            "x-fb-ads-insights-throttle": json.dumps(throttle, separators=(",", ":")),
        }

    def _body(self, call: Call) -> dict[str, Any]:
        path, params = call.path, call.params
        accounts = self.accounts_of(params["access_token"])
        if not accounts:
            raise errors.invalid_token()
        if path == ("me", "adaccounts"):
            return {"data": [{"account_id": account.id, "id": f"act_{account.id}"} for account in accounts]}
        account = self._account(path[0])
        if account is None or account not in accounts:
            raise errors.missing(call.method, path[0])
        if "ads_read" in self.faults.denied(account.history.shop.account):
            raise errors.no_permission()
        if path[0] in self._runs:
            run = self._runs[path[0]]
            if path[1:] != ("insights",):
                return run.poll()
            body = self._page(run.rows, call)
            return body if body["data"] else body | {"paging": NO_ROWS}
        if len(path) == 1:
            return account_object(account, list_parameter(params.get("fields")))
        if path[1] == "insights":
            return self._insights(call, account)
        if path[1] not in EDGES:
            raise GraphError(f"Unknown path components: /{'/'.join(path[1:])}", 2500)
        if limit_of(params) > self.most_objects:
            raise errors.too_much_data()
        return self._page(edge_objects(account, path[1], params, self.now()), call)

    def _insights(self, call: Call, account: AdAccount) -> dict[str, Any]:
        at = self.now()
        report = insights.parse(call.params, account.plan.day(at))
        if call.method == "GET":
            rows = insights.rows(account, report, at)
            if len(rows) > self.most_rows:
                raise errors.too_much_data()
            return self._page(rows, call)
        failed = self.faults.take("job_failed", account.history.shop.account, ["meta:insights"]) is not None
        rows = insights.rows(account, report, at)
        key = str(FIRST_ID + len(self._runs))
        too_large = len(rows) > self.most_rows
        self._runs[key] = ReportRun(key, account, report, rows, at, self.job_polls, failed, too_large)
        return {"report_run_id": key}

    def _page(self, rows: list[dict[str, Any]], call: Call) -> dict[str, Any]:
        body = page(rows, call.params, call.url)
        if body["data"] and self.faults.take("same_cursor", "", [f"meta:{call.path[-1]}"]):
            return page(rows, call.params, call.url, same_cursor=True)
        return body


def _resource(path: tuple[str, ...]) -> str:
    """What a fault names: ``campaigns``, ``insights``, ``account``, ``run``, ``run_insights``, ``me``."""
    if path[0].startswith("act_"):
        return path[1] if len(path) > 1 else "account"
    if path[1:] == ("insights",):
        return "run_insights"
    return "run" if path[0].isdigit() else path[0]
