"""The Graph API's nodes and edges over the ad accounts of a world: ``{server.url}/meta/v26.0/act_<id>/…``."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from simulator.apis.base import LoggedRequest, Response
from simulator.apis.meta import insights
from simulator.apis.meta.errors import REDUCE, GraphError, bad_token, missing, no_field
from simulator.books import Instant
from simulator.faults import Fault, Faults
from simulator.scenarios.ads.books import AdAccount
from simulator.scenarios.ads.plan import ACTIVE, AD, CAMPAIGN, GROUP, PAUSED, Node
from simulator.world import World

VERSION, VERSIONS, UPGRADED = "v26.0", ("v24.0", "v25.0", "v26.0"), ("v22.0", "v23.0")
EDGES = {"campaigns": (CAMPAIGN, "Campaign"), "adsets": (GROUP, "AdSet"), "ads": (AD, "Ad")}
STATUSES = {
    "campaigns": ("ACTIVE", "PAUSED", "DELETED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES"),
    "adsets": ("ACTIVE", "PAUSED", "DELETED", "CAMPAIGN_PAUSED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES"),
    "ads": ("ACTIVE", "PAUSED", "DELETED", "PENDING_REVIEW", "DISAPPROVED", "PREAPPROVED", "PENDING_BILLING_INFO",
            "CAMPAIGN_PAUSED", "ARCHIVED", "ADSET_PAUSED", "IN_PROCESS", "WITH_ISSUES"),
}  # fmt: skip
ACCOUNT_STATUS = {"ACTIVE": 1, "DISABLED": 2, "UNSETTLED": 3, "CLOSED": 101}


@dataclass
class _Run:
    account: AdAccount
    report: insights.Report
    rows: list[dict[str, Any]]
    polls: int
    failed: bool
    began: Instant


@dataclass
class MetaApi:
    """``job_polls``: how often a run is still going when asked. ``most_rows``: more in one report is too much.
    ``most_objects``: so is a larger page of campaigns, ad sets or ads.

    ``usage`` is the percentage of the hourly limit that the headers tell.
    """

    world: World
    faults: Faults
    log: list[LoggedRequest]
    now: Callable[[], Instant]
    job_polls: int = 0
    most_rows: int = 100_000
    most_objects: int = 500
    usage: int = 1
    _runs: dict[str, _Run] = field(default_factory=dict)

    def __call__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        parts = urlsplit(target)
        _, _, version, *path = parts.path.rstrip("/").split("/")
        lower = {name.lower(): value for name, value in headers.items()}
        params: dict[str, Any] = dict(parse_qsl(parts.query))
        if body:  # a form, or JSON
            params |= json.loads(body) if "json" in lower.get("content-type", "") else dict(parse_qsl(body.decode()))
        params.setdefault("access_token", lower.get("authorization", "").removeprefix("Bearer "))
        resource = "meta:" + self._resource(path)
        account = self._account_of(path)
        name = account.history.shop.account if account else ""
        extra = {"facebook-api-version": version if version in VERSIONS else VERSION}
        if version in UPGRADED:
            extra["x-ad-api-version-warning"] = (
                f"The call has been auto-upgraded to {VERSIONS[0]} as {version} has been deprecated."
            )
        try:
            if fault := self.faults.take("error", name, [resource]):
                return self._said(Response(fault.status, b"<html>Sorry, something went wrong</html>", "text/html"),
                                  name, resource, params)  # fmt: skip
            self._refuse(version, name, resource)
            answer, status = self._answer(method, path, params, f"/meta/{version}", lower.get("host", "")), 200
            extra |= self._usage(account, 0)
        except GraphError as error:
            answer, status = error.body(), error.status
            extra |= self._usage(account, error.minutes)
        text = msgspec.json.encode(answer)
        if self.faults.take("truncated", name, [resource]):
            text = text[: len(text) // 2]
        cut = self.faults.take("cut", name, [resource]) is not None
        return self._said(Response(status, text, "application/json; charset=UTF-8", extra, cut), name, resource, params)

    def _said(self, answer: Response, account: str, resource: str, params: dict[str, Any]) -> Response:
        kept = {key: value for key, value in params.items() if key != "access_token"}
        self.log.append(LoggedRequest(account, (resource,), kept, answer.status))
        return answer

    def _resource(self, path: list[str]) -> str:
        if path[0].startswith("act_"):
            return path[1] if len(path) > 1 else "account"
        return "run_insights" if path[1:] == ["insights"] else "run" if path[0].isdigit() else path[0]

    def _account_of(self, path: list[str]) -> AdAccount | None:
        if path[0] in self._runs:
            return self._runs[path[0]].account
        return next((each for each in self.world.ads if each.platform == "meta" and f"act_{each.id}" == path[0]), None)

    def _refuse(self, version: str, name: str, resource: str) -> None:
        """The errors that come whatever is asked."""
        if fault := self.faults.take("slow", name, [resource]):
            time.sleep(fault.seconds)
        if version not in (*VERSIONS, *UPGRADED):
            raise GraphError("(#2635) You are calling a deprecated version of the Ads API. Please update to the latest "
                             f"version: {VERSION}.", 2635)  # fmt: skip
        if fault := self.faults.take("throttled", name, [resource]):
            raise GraphError("(#80000) There have been too many calls from this ad-account. Wait a bit and try again.",
                             80000, subcode=2446079, minutes=math.ceil(fault.seconds / 60))  # fmt: skip
        if fault := self.faults.take("api_error", name, [resource]):
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

    def _answer(self, method: str, path: list[str], params: dict[str, Any], root: str, host: str) -> dict[str, Any]:
        token = params["access_token"]
        mine = [each for each in self.world.ads if each.platform == "meta" and each.token == token]
        if not mine:
            raise bad_token()
        if path == ["me", "adaccounts"]:
            return {"data": [{"account_id": each.id, "id": f"act_{each.id}"} for each in mine]}
        account = self._account_of(path)
        if account is None or account not in mine:
            raise missing(method, path[0])
        if "ads_read" in self.faults.denied(account.history.shop.account):
            raise GraphError(
                "(#200) Ad account owner has NOT grant ads_management or ads_read permission", 200, status=403
            )
        next_page = f"http://{host}{root}/{'/'.join(path)}"
        if path[0] in self._runs:
            return self._run(path, params, next_page)
        if len(path) == 1:
            return self._account(account, insights.listed(params.get("fields")))
        if path[1] == "insights":
            return self._insights(method, account, params, next_page)
        if path[1] not in EDGES:
            raise GraphError(f"Unknown path components: /{'/'.join(path[1:])}", 2500)
        if int(params.get("limit", 25)) > self.most_objects:
            raise GraphError(REDUCE, 1, status=500)
        return self._page(self._edge(account, path[1], params), params, next_page)

    def _account(self, account: AdAccount, fields: list[str]) -> dict[str, Any]:
        known = {
            "account_id": account.id, "name": account.name, "currency": account.currency,
            "timezone_name": account.time_zone, "account_status": ACCOUNT_STATUS[account.status],
        }  # fmt: skip
        if unknown := [name for name in fields if name not in {*known, "id"}]:
            raise no_field(unknown[0], "AdAccount")
        asked = {name: known[name] for name in fields if name != "id"} or {"account_id": account.id}
        return asked | {"id": f"act_{account.id}"}

    def _edge(self, account: AdAccount, edge: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        level, kind = EDGES[edge]
        wanted = insights.listed(params.get("effective_status"))
        if strange := [name for name in wanted if name not in STATUSES[edge]]:
            raise GraphError(f"(#100) effective_status[0] must be one of the following values: "
                             f"{', '.join(STATUSES[edge])}, not {strange[0]}")  # fmt: skip
        shown = wanted or [name for name in STATUSES[edge] if name not in ("DELETED", "ARCHIVED")]
        at = self.now()
        found = [_fields(account, node, at) for node in reversed(account.nodes(level, at))]
        fields = insights.listed(params.get("fields"))
        if found and (unknown := [name for name in fields if name not in found[0]]):
            raise no_field(unknown[0], kind)
        return [
            {name: node[name] for name in fields if node[name] is not None} | {"id": node["id"]}
            for node in found
            if node["effective_status"] in shown
        ]

    def _insights(self, method: str, account: AdAccount, params: dict[str, Any], next_page: str) -> dict[str, Any]:
        at = self.now()
        report = insights.parse(params, account.plan.day(at))
        if method == "GET":
            rows = insights.rows(account, report, at)
            if len(rows) > self.most_rows:
                raise GraphError(REDUCE, 1, status=500)
            return self._page(rows, params, next_page)
        shop = account.history.shop.account
        failed: Fault | None = self.faults.take("job_failed", shop, ["meta:insights"])
        rows = insights.rows(account, report, at)
        key = str(1_559_796_368_576_179 + len(self._runs))
        self._runs[key] = _Run(account, report, rows, self.job_polls, bool(failed) or len(rows) > self.most_rows, at)
        return {"report_run_id": key}

    def _run(self, path: list[str], params: dict[str, Any], next_page: str) -> dict[str, Any]:
        run = self._runs[path[0]]
        if path[1:] == ["insights"]:
            return self._page(run.rows, params, next_page, always=True)
        known: dict[str, Any] = {
            "id": path[0], "account_id": run.account.id, "time_ref": run.began,
            "date_start": str(run.report.first), "date_stop": str(run.report.last),
        }  # fmt: skip
        if run.polls > 0:
            run.polls -= 1
            return known | {"async_status": "Job Running", "async_percent_completion": 50}
        if run.failed:
            why = {"error_code": 2, "error_message": "An unexpected error"}
            if len(run.rows) > self.most_rows:
                why = {"error_code": 100, "error_subcode": 1487534, "error_message": "too much data"}
            return known | {"async_status": "Job Failed", "async_percent_completion": 0} | why
        done = {"async_status": "Job Completed", "async_percent_completion": 100, "time_completed": run.began + 2}
        return known | done

    def _page(
        self, rows: list[dict[str, Any]], params: dict[str, Any], url: str, always: bool = False
    ) -> dict[str, Any]:
        """``cursors.after`` stands on the last page too; only ``next`` says that there is more."""
        limit = max(1, min(int(params.get("limit", 25)), 500))
        try:
            first = int(base64.b64decode(params["after"])) + 1 if params.get("after") else 0
        except ValueError:
            raise GraphError("(#100) Invalid cursors values") from None
        shown = rows[first : first + limit]
        if not shown:
            return (
                {"data": [], "paging": {"cursors": {"before": "MAZDZD", "after": "LTEZD"}}} if always else {"data": []}
            )
        last = first + len(shown) - 1
        if self.faults.take("same_cursor", "", [f"meta:{url.rsplit('/', 1)[1]}"]):
            last = first - 1 if first else 0
            more = True
        else:
            more = last + 1 < len(rows)
        cursors = {"before": _cursor(first), "after": _cursor(last)}
        query = urlencode(params | {"after": cursors["after"]})
        return {"data": shown, "paging": {"cursors": cursors} | ({"next": f"{url}?{query}"} if more else {})}


def _cursor(place: int) -> str:
    return base64.b64encode(str(place).encode()).decode()


def _fields(account: AdAccount, node: Node, at: Instant) -> dict[str, Any]:
    line = {each.level: each.id for each in node.path}
    shared = {
        "id": node.id, "account_id": account.id, "name": node.name(at), "status": node.own_status(at),
        "effective_status": _effective(node, at), "configured_status": node.own_status(at),
        "created_time": _time(account, node.created_at), "updated_time": _time(account, node.updated_at(at)),
    }  # fmt: skip
    own: dict[str, dict[str, Any]] = {
        CAMPAIGN: {"objective": "OUTCOME_SALES", "buying_type": "AUCTION", "daily_budget": "5000"},
        GROUP: {"campaign_id": line[CAMPAIGN], "billing_event": "IMPRESSIONS", "daily_budget": None,
                "optimization_goal": "OFFSITE_CONVERSIONS"},
        AD: {"campaign_id": line[CAMPAIGN], "adset_id": line.get(GROUP)},
    }  # fmt: skip
    return shared | own[node.level]


def _effective(node: Node, at: Instant) -> str:
    """Its own status unless that is ACTIVE; a parent that is paused is named."""
    status = node.status(at)
    if status != PAUSED or node.own_status(at) != ACTIVE:
        return status
    paused = next(each for each in node.path if each.own_status(at) == PAUSED)
    return {CAMPAIGN: "CAMPAIGN_PAUSED", GROUP: "ADSET_PAUSED"}[paused.level]


def _time(account: AdAccount, at: Instant) -> str:
    return datetime.fromtimestamp(at, account.zone).strftime("%Y-%m-%dT%H:%M:%S%z")
