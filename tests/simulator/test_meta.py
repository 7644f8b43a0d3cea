"""Meta's API: responses have the shape of recorded ones; pages, report runs, limits, errors."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator import Fault, SimulatorServer, World
from simulator.world import seconds
from tests.simulator.conftest import ADS_END

CASSETTES = Path(__file__).resolve().parents[3] / "shared/data/recorded/meta_keboola/cassettes"
SPAN = json.dumps({"since": "2026-02-01", "until": "2026-02-28"})


@pytest.fixture
def server(running_ads: SimulatorServer) -> SimulatorServer:
    running_ads.faults.clear()
    running_ads.meta.job_polls, running_ads.meta.most_rows = 0, 100_000
    return running_ads


def ask(
    server: SimulatorServer, path: str = "", method: str = "GET", version: str = "v26.0", **params: Any
) -> requests.Response:
    account = server.world.ad_account("aurora", "meta")
    token = params.pop("token", account.token)
    url = f"{server.url}/meta/{version}/" + (
        path[1:] if path.startswith("/") else f"act_{account.id}/{path}".strip("/")
    )
    headers = {"Authorization": f"Bearer {token}"}
    if method == "POST":
        return requests.post(url, json=params, headers=headers, timeout=10)
    return requests.get(url, params=params, headers=headers, timeout=10)


def shape(value: Any) -> Any:
    """A JSON value with types instead of values; a list has the shape of its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def recorded(name: str) -> list[dict[str, Any]]:
    path = CASSETTES / name
    if not path.exists():
        pytest.skip(f"Recorded traffic is not at {path}.")
    interactions: list[dict[str, Any]] = json.loads(path.read_text())["interactions"]
    return interactions


def recorded_bodies(name: str, method: str, ending: str, status: int = 200) -> list[dict[str, Any]]:
    """The decoded bodies of the recorded responses to a path with that ending."""
    bodies = []
    for interaction in recorded(name):
        request, response = interaction["request"], interaction["response"]
        path = request["uri"].split("?")[0]
        if request["method"] == method and path.endswith(ending) and response["status"]["code"] == status:
            bodies.append(json.loads(response["body"]["string"]))
    return bodies


V23 = "facebook_ads_v23_0_763_interactions.json"


@pytest.mark.parametrize("edge", ["campaigns", "adsets", "ads"])
def test_edge_response_has_the_recorded_shape(edge: str, server: SimulatorServer) -> None:
    bodies = recorded_bodies(V23, "GET", f"/{edge}")
    expected = next(body["data"][0] for body in bodies if body["data"])
    response = ask(server, edge, fields="id,name,account_id,effective_status,created_time", limit=2).json()
    actual = response["data"][0]
    same = actual.keys() & expected.keys()
    assert same
    assert shape({key: actual[key] for key in same}) == shape({key: expected[key] for key in same})
    paged = next((body for body in bodies if "next" in body.get("paging", {})), None)
    assert paged is None or shape(response["paging"]) == shape(paged["paging"])


def test_report_run_responses_have_the_recorded_shapes(server: SimulatorServer) -> None:
    created = ask(server, "insights", "POST", level="ad", fields="account_id,spend", time_range=SPAN, time_increment=1)
    assert shape(created.json()) == shape(recorded_bodies(V23, "POST", "/insights")[0])
    run = created.json()["report_run_id"]
    polled = next(one for one in recorded(V23) if one["request"]["uri"].split("?")[0].rsplit("/", 1)[1].isdigit())
    assert shape(ask(server, f"/{run}").json()) == shape(json.loads(polled["response"]["body"]["string"]))
    rows = ask(server, f"/{run}/insights", limit=5).json()
    pages = recorded_bodies(V23, "GET", "/insights")
    assert shape(rows["paging"]) == shape(next(body["paging"] for body in pages if "next" in body.get("paging", {})))
    assert rows["data"][0].keys() >= {"account_id", "date_start", "date_stop"}


def test_empty_report_has_cursors_as_recorded(server: SimulatorServer) -> None:
    span = json.dumps({"since": "2025-12-01", "until": "2025-12-02"})
    run = ask(server, "insights", "POST", level="ad", fields="spend", time_range=span).json()["report_run_id"]
    assert ask(server, f"/{run}/insights").json() in recorded_bodies(V23, "GET", "/insights")


@pytest.mark.parametrize(
    ("params", "ending", "code"),
    [
        ({"fields": "labels", "time_range": SPAN}, "/insights", 100),
        ({"fields": "spend", "time_range": '{"since":"2020-01-01","until":"2020-01-02"}'}, "/insights", 3018),
    ],
)
def test_error_body_has_the_recorded_shape(
    params: dict[str, str], ending: str, code: int, server: SimulatorServer
) -> None:
    expected = next(body for body in recorded_bodies(V23, "POST", ending, 400) if body["error"]["code"] == code)
    actual = ask(server, "insights", "POST", **params)
    assert actual.status_code == 400
    assert shape(actual.json()) == shape(expected)


def test_error_of_an_unknown_object_is_the_recorded_one_of_a_missing_permission(server: SimulatorServer) -> None:
    bodies = recorded_bodies(V23, "POST", "/insights", 400)
    expected = next(body for body in bodies if body["error"].get("error_subcode") == 33)
    actual = ask(server, "/act_177057932317550/insights", "POST", fields="spend").json()
    assert shape(actual) == shape(expected)
    message = expected["error"]["message"].replace("act_473032723088889", "act_177057932317550")
    assert actual["error"]["message"] == message


def test_usage_headers_have_the_recorded_shape(server: SimulatorServer) -> None:
    name = "facebook_ads_v20_autoupgraded_v22_with_headers.json"
    expected = [interaction["response"]["headers"] for interaction in recorded(name)]
    actual = ask(server, "insights", level="ad", fields="spend", time_range=SPAN).headers
    usage, throttle = "x-business-use-case-usage", "x-fb-ads-insights-throttle"
    by_account = json.loads(expected[0][usage][0])
    assert shape(list(json.loads(actual[usage]).values())) == shape(list(by_account.values()))
    expected_throttle = json.loads(next(headers[throttle][0] for headers in expected if throttle in headers))
    assert json.loads(actual[throttle]).keys() == expected_throttle.keys()
    warned = ask(server, version="v22.0").headers["x-ad-api-version-warning"]
    assert warned.startswith("The call has been auto-upgraded to v24.0 as v22.0")


@pytest.mark.parametrize("level", ["ad", "adset", "campaign", "account"])
def test_spend_of_a_report_equals_the_books_at_every_level(
    level: str, server: SimulatorServer, ads_world: World
) -> None:
    account, at = ads_world.ad_account("aurora", "meta"), seconds(ADS_END)
    body = ask(server, "insights", level=level, fields="spend", time_range=SPAN, time_increment=1, limit=500)
    spend = sum(Decimal(row["spend"]) * 1_000_000 for row in body.json()["data"])
    days = [date(2026, 2, number) for number in range(1, 29)]
    if level == "account":
        assert spend == sum(total.spend for day in days if (total := account.total(day, at)))
    else:
        name = {"ad": "ad", "adset": "group", "campaign": "campaign"}[level]
        assert spend == sum(row.spend for day in days for row in account.rows(name, day, at).values())


def test_last_page_has_a_cursor_and_no_next(server: SimulatorServer) -> None:
    ids, after = [], ""
    for _ in range(100):
        body = ask(server, "ads", fields="id", limit=7, after=after, effective_status='["ACTIVE","ARCHIVED"]').json()
        ids += [ad["id"] for ad in body["data"]]
        after = body["paging"]["cursors"]["after"]
        if "next" not in body["paging"]:
            break
    assert after
    assert len(ids) == len(set(ids)) > 7


def test_archived_and_deleted_campaigns_need_an_effective_status_filter(server: SimulatorServer) -> None:
    usual = ask(server, "campaigns", fields="effective_status", limit=100).json()["data"]
    assert {campaign["effective_status"] for campaign in usual} == {"ACTIVE", "PAUSED"}
    named = ask(server, "campaigns", fields="effective_status", limit=100, effective_status='["ARCHIVED","DELETED"]')
    assert {campaign["effective_status"] for campaign in named.json()["data"]} == {"ARCHIVED", "DELETED"}


def test_purchases_count_in_five_action_types_without_zero_or_removed_keys(server: SimulatorServer) -> None:
    body = ask(server, "insights", level="ad", fields="actions", time_range=SPAN, time_increment=1, limit=500,
               action_attribution_windows='["1d_click","7d_click","28d_click","1d_view","28d_view"]')  # fmt: skip
    actions = [action for row in body.json()["data"] for action in row.get("actions", [])]
    purchases = [action for action in actions if "purchase" in action["action_type"]]
    assert len({action["action_type"] for action in purchases}) == 5
    assert any("value" not in action for action in purchases)
    assert any(action.keys() == {"action_type", "value"} for action in actions)
    assert not any("28d_view" in action for action in actions), "a removed window has no key, and is no error"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ({"token": "wrong"}, 190),
        ({"version": "v19.0"}, 2635),
        ({"path": "nothing"}, 2500),
        ({"fields": "id,unheard_of"}, 100),
        ({"path": "campaigns", "effective_status": '["SLEEPING"]'}, 100),
        ({"path": "insights", "level": "planet", "time_range": SPAN}, 100),
        ({"path": "insights", "action_attribution_windows": '["2d_click"]', "time_range": SPAN}, 100),
    ],
)
def test_invalid_request_has_the_error_code(call: dict[str, Any], code: int, server: SimulatorServer) -> None:
    response = ask(server, **call)
    assert response.status_code >= 400
    assert response.json()["error"]["code"] == code


def test_too_large_report_is_an_error_of_the_get_or_a_failed_run(server: SimulatorServer) -> None:
    server.meta.most_rows = 10
    params = {"level": "ad", "fields": "spend", "time_range": SPAN, "time_increment": 1}
    response = ask(server, "insights", **params)
    assert (response.status_code, response.json()["error"]["code"]) == (500, 1)
    run = ask(server, "insights", "POST", **params).json()["report_run_id"]
    assert ask(server, f"/{run}").json()["async_status"] == "Job Failed"


def test_throttling_error_has_the_minutes_to_wait_in_the_usage_headers(server: SimulatorServer) -> None:
    server.faults.add(Fault("throttled", on="meta:campaigns", seconds=300))
    response = ask(server, "campaigns")
    assert response.json()["error"]["code"] == 80000
    (use,) = json.loads(response.headers["x-business-use-case-usage"]).values()
    assert use[0]["estimated_time_to_regain_access"] == 5
    assert ask(server, "campaigns").status_code == 200
