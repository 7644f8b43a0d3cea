"""Meta's wire: the shape of recorded answers, pages, runs, limits and errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator import Fault, SimulatorServer, World, demo_world, serve
from simulator.world import seconds

START, END = date(2026, 1, 15), datetime(2026, 3, 20, 10, tzinfo=UTC)
CASSETTES = Path(__file__).resolve().parents[3] / "shared/data/recorded/meta_keboola/cassettes"
SPAN = json.dumps({"since": "2026-02-01", "until": "2026-02-28"})


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(seed=11, start=START, end=END, orders=2_000)


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[SimulatorServer]:
    with serve(world) as server:
        yield server


@pytest.fixture
def server(running: SimulatorServer) -> SimulatorServer:
    running.faults.clear()
    running.meta.job_polls, running.meta.most_rows = 0, 100_000
    return running


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
    """The types of a JSON value, of a list that of its first element."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in sorted(value.items())}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def recorded(name: str) -> list[dict[str, Any]]:
    path = CASSETTES / name
    if not path.exists():
        pytest.skip(f"the recorded traffic is not here: {path}")
    found: list[dict[str, Any]] = json.loads(path.read_text())["interactions"]
    return found


def answers(name: str, method: str, ending: str, status: int = 200) -> list[dict[str, Any]]:
    """The decoded bodies of the recorded answers to a path with that ending."""
    found = []
    for each in recorded(name):
        asked = each["request"]["uri"].split("?")[0]
        if (
            each["request"]["method"] == method
            and asked.endswith(ending)
            and each["response"]["status"]["code"] == status
        ):
            found.append(json.loads(each["response"]["body"]["string"]))
    return found


V23 = "facebook_ads_v23_0_763_interactions.json"


@pytest.mark.parametrize("edge", ["campaigns", "adsets", "ads"])
def test_an_edge_answers_in_the_recorded_shape(edge: str, server: SimulatorServer) -> None:
    body = next(each for each in answers(V23, "GET", f"/{edge}") if each["data"])
    ours = ask(server, edge, fields="id,name,account_id,effective_status,created_time", limit=2).json()
    same = ours["data"][0].keys() & body["data"][0].keys()
    assert same
    assert shape({key: ours["data"][0][key] for key in same}) == shape({key: body["data"][0][key] for key in same})
    paged = next((each for each in answers(V23, "GET", f"/{edge}") if "next" in each.get("paging", {})), None)
    assert paged is None or shape(ours["paging"]) == shape(paged["paging"])


def test_a_run_goes_through_the_recorded_steps(server: SimulatorServer) -> None:
    made = ask(server, "insights", "POST", level="ad", fields="account_id,spend", time_range=SPAN, time_increment=1)
    assert shape(made.json()) == shape(answers(V23, "POST", "/insights")[0])
    run = made.json()["report_run_id"]
    polled = next(each for each in recorded(V23) if each["request"]["uri"].split("?")[0].rsplit("/", 1)[1].isdigit())
    assert shape(ask(server, f"/{run}").json()) == shape(json.loads(polled["response"]["body"]["string"]))
    rows = ask(server, f"/{run}/insights", limit=5).json()
    theirs = next(each for each in answers(V23, "GET", "/insights") if "next" in each.get("paging", {}))
    assert shape(rows["paging"]) == shape(theirs["paging"])
    assert rows["data"][0].keys() >= {"account_id", "date_start", "date_stop"}


def test_an_empty_result_still_carries_cursors(server: SimulatorServer) -> None:
    span = json.dumps({"since": "2025-12-01", "until": "2025-12-02"})
    run = ask(server, "insights", "POST", level="ad", fields="spend", time_range=span).json()["report_run_id"]
    assert ask(server, f"/{run}/insights").json() in answers(V23, "GET", "/insights")


@pytest.mark.parametrize(
    ("params", "ending", "code"),
    [
        ({"fields": "labels", "time_range": SPAN}, "/insights", 100),
        ({"fields": "spend", "time_range": '{"since":"2020-01-01","until":"2020-01-02"}'}, "/insights", 3018),
    ],
)
def test_errors_have_the_recorded_body(params: dict[str, str], ending: str, code: int, server: SimulatorServer) -> None:
    theirs = next(each for each in answers(V23, "POST", ending, 400) if each["error"]["code"] == code)
    ours = ask(server, "insights", "POST", **params)
    assert ours.status_code == 400
    assert shape(ours.json()) == shape(theirs)


def test_an_unknown_object_and_a_missing_permission_look_alike(server: SimulatorServer) -> None:
    theirs = next(each for each in answers(V23, "POST", "/insights", 400) if each["error"].get("error_subcode") == 33)
    ours = ask(server, "/act_177057932317550/insights", "POST", fields="spend").json()
    assert shape(ours) == shape(theirs)
    assert ours["error"]["message"] == theirs["error"]["message"].replace("act_473032723088889", "act_177057932317550")


def test_the_usage_headers_are_those_that_were_recorded(server: SimulatorServer) -> None:
    name = "facebook_ads_v20_autoupgraded_v22_with_headers.json"
    headers = [each["response"]["headers"] for each in recorded(name)]
    ours = ask(server, "insights", level="ad", fields="spend", time_range=SPAN).headers
    use = next(each["x-business-use-case-usage"][0] for each in headers)
    assert shape(list(json.loads(ours["x-business-use-case-usage"]).values())) == shape(list(json.loads(use).values()))
    throttle = next(each["x-fb-ads-insights-throttle"][0] for each in headers if "x-fb-ads-insights-throttle" in each)
    assert json.loads(ours["x-fb-ads-insights-throttle"]).keys() == json.loads(throttle).keys()
    warned = ask(server, version="v22.0").headers["x-ad-api-version-warning"]
    assert warned.startswith("The call has been auto-upgraded to v24.0 as v22.0")


@pytest.mark.parametrize("level", ["ad", "adset", "campaign", "account"])
def test_reports_tell_the_books_at_every_level(level: str, server: SimulatorServer, world: World) -> None:
    account, at = world.ad_account("aurora", "meta"), seconds(END)
    body = ask(server, "insights", level=level, fields="spend", time_range=SPAN, time_increment=1, limit=500)
    told = sum(Decimal(row["spend"]) * 1_000_000 for row in body.json()["data"])
    days = [date(2026, 2, number) for number in range(1, 29)]
    if level == "account":
        assert told == sum(total.spend for day in days if (total := account.total(day, at)))
    else:
        name = {"ad": "ad", "adset": "group", "campaign": "campaign"}[level]
        assert told == sum(row.spend for day in days for row in account.rows(name, day, at).values())


def test_only_next_says_that_there_is_more(server: SimulatorServer) -> None:
    seen, after = [], ""
    for _ in range(100):
        body = ask(server, "ads", fields="id", limit=7, after=after, effective_status='["ACTIVE","ARCHIVED"]').json()
        seen += [each["id"] for each in body["data"]]
        after = body["paging"]["cursors"]["after"]
        if "next" not in body["paging"]:
            break
    assert after, "the last page has a cursor too"
    assert len(seen) == len(set(seen)) > 7


def test_archived_and_deleted_things_come_only_when_they_are_asked_for_by_name(server: SimulatorServer) -> None:
    usual = ask(server, "campaigns", fields="effective_status", limit=100).json()["data"]
    assert {each["effective_status"] for each in usual} == {"ACTIVE", "PAUSED"}
    named = ask(server, "campaigns", fields="effective_status", limit=100, effective_status='["ARCHIVED","DELETED"]')
    assert {each["effective_status"] for each in named.json()["data"]} == {"ARCHIVED", "DELETED"}


def test_one_purchase_arrives_as_five_types_and_some_have_no_value(server: SimulatorServer) -> None:
    body = ask(server, "insights", level="ad", fields="actions", time_range=SPAN, time_increment=1, limit=500,
               action_attribution_windows='["1d_click","7d_click","28d_click","1d_view","28d_view"]')  # fmt: skip
    actions = [action for row in body.json()["data"] for action in row.get("actions", [])]
    bought = [action for action in actions if "purchase" in action["action_type"]]
    assert len({action["action_type"] for action in bought}) == 5
    assert any("value" not in action for action in bought)
    assert any(action.keys() == {"action_type", "value"} for action in actions)
    assert not any("28d_view" in action for action in actions), "a window that is gone is left out without an error"


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
def test_each_mistake_has_its_code(call: dict[str, Any], code: int, server: SimulatorServer) -> None:
    answer = ask(server, **call)
    assert answer.status_code >= 400
    assert answer.json()["error"]["code"] == code


def test_too_much_data_is_refused_at_once_or_by_a_failed_run(server: SimulatorServer) -> None:
    server.meta.most_rows = 10
    params = {"level": "ad", "fields": "spend", "time_range": SPAN, "time_increment": 1}
    answer = ask(server, "insights", **params)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, 1)
    run = ask(server, "insights", "POST", **params).json()["report_run_id"]
    assert ask(server, f"/{run}").json()["async_status"] == "Job Failed"


def test_throttling_names_the_minutes_until_calls_are_let_in(server: SimulatorServer) -> None:
    server.faults.add(Fault("throttled", on="meta:campaigns", seconds=300))
    answer = ask(server, "campaigns")
    assert answer.json()["error"]["code"] == 80000
    (use,) = json.loads(answer.headers["x-business-use-case-usage"]).values()
    assert use[0]["estimated_time_to_regain_access"] == 5
    assert ask(server, "campaigns").status_code == 200
