"""TikTok's API: the envelope, pages, objects, reports that equal the books, error codes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator import Fault, SimulatorServer, World
from simulator.scenarios.ads.books import AdAccount
from simulator.world import seconds
from tests.simulator.conftest import ADS_END

CODES = Path(__file__).resolve().parents[3] / "shared/data/specs/tiktok_error_codes/codes_from_sdk_1.1.3.json"
SPAN = {"start_date": "2026-02-01", "end_date": "2026-03-02"}
DAYS = [date(2026, 2, 1) + timedelta(days=number) for number in range(30)]
ALL_ADS = [{"field_name": "ad_status", "filter_type": "IN", "filter_value": '["STATUS_ALL"]'}]
REPORT: dict[str, Any] = {"report_type": "BASIC", "data_level": "AUCTION_AD", "dimensions": ["ad_id", "stat_time_day"],
                          "metrics": ["spend"], "page_size": 1000, **SPAN}  # fmt: skip


@pytest.fixture
def server(running_ads: SimulatorServer) -> SimulatorServer:
    running_ads.faults.clear()
    running_ads.tiktok.most_rows = 100_000
    return running_ads


@pytest.fixture
def books(ads_world: World) -> AdAccount:
    return ads_world.ad_account("aurora", "tiktok")


def ask(server: SimulatorServer, endpoint: str, **params: Any) -> dict[str, Any]:
    """The decoded envelope of a response. Sends lists and objects as JSON."""
    books = server.world.ad_account("aurora", "tiktok")
    headers = {"Access-Token": params.pop("token", books.token)}
    version = params.pop("version", "v1.3")
    params = {"advertiser_id": books.id} | params
    query = {key: json.dumps(value) if isinstance(value, list | dict) else value for key, value in params.items()}
    url = f"{server.url}/tiktok/open_api/{version}/{endpoint}/"
    response = requests.get(url, params=query, headers=headers, timeout=10)
    assert response.status_code == 200
    envelope: dict[str, Any] = response.json()
    assert envelope.keys() == {"code", "message", "request_id", "data"}
    return envelope


def total_spend(server: SimulatorServer, **params: Any) -> Decimal:
    rows = ask(server, "report/integrated/get", **(REPORT | params))["data"]["list"]
    return sum((Decimal(row["metrics"]["spend"]) * 1_000_000 for row in rows), Decimal(0))


def test_report_without_deleted_ads_is_lower_than_the_books(server: SimulatorServer, books: AdAccount) -> None:
    at, kinds = seconds(ADS_END), ("auction", "smart_plus")
    expected = sum(row.spend for day in DAYS for row in books.rows("ad", day, at, kinds).values())
    assert total_spend(server, filtering=ALL_ADS) == expected
    server.set_now(ADS_END - timedelta(days=22))  # when an ad is deleted and not yet purged
    try:
        assert total_spend(server) < total_spend(server, filtering=ALL_ADS)
    finally:
        server.set_now(ADS_END)


@pytest.mark.parametrize(
    ("service", "kinds"), [("AUCTION", ("auction", "smart_plus")), ("RESERVATION", ("reservation",))]
)
def test_spend_of_the_advertisers_row_is_cash_plus_voucher(
    service: str, kinds: tuple[str, ...], server: SimulatorServer, books: AdAccount
) -> None:
    body = ask(server, "report/integrated/get", **REPORT | {
        "data_level": f"{service}_ADVERTISER", "dimensions": ["advertiser_id", "stat_time_day"],
        "metrics": ["spend", "cash_spend", "voucher_spend"]})["data"]["list"]  # fmt: skip
    at = seconds(ADS_END)
    totals = {day: total for day in DAYS if (total := books.total(day, at, kinds))}
    assert [Decimal(row["metrics"]["spend"]) * 1_000_000 for row in body] == [total.spend for total in totals.values()]
    for row in body:
        parts = {name: Decimal(text) for name, text in row["metrics"].items()}
        assert parts["cash_spend"] + parts["voucher_spend"] == parts["spend"]
        assert row["dimensions"]["stat_time_day"].endswith(" 00:00:00")


def test_gmv_max_report_equals_the_books_and_its_total_includes_deleted_campaigns(
    server: SimulatorServer, books: AdAccount
) -> None:
    common = {"store_ids": list(books.stores), "metrics": ["cost", "orders", "roi"], "page_size": 1000, **SPAN}
    rows = ask(server, "gmv_max/report/get", dimensions=["campaign_id", "stat_time_day"], **common)["data"]["list"]
    cost = sum(Decimal(row["metrics"]["cost"]) * 1_000_000 for row in rows)
    at = seconds(ADS_END)
    assert cost == sum(row.spend for day in DAYS for row in books.rows("campaign", day, at, ["gmv_max"]).values()) > 0
    whole = ask(server, "gmv_max/report/get", dimensions=["advertiser_id", "stat_time_day"], **common)["data"]["list"]
    expected = sum(total.spend for day in DAYS if (total := books.total(day, at, ["gmv_max"])))
    assert sum(Decimal(row["metrics"]["cost"]) * 1_000_000 for row in whole) == expected > cost


def test_metric_values_are_strings_and_a_missing_one_is_a_dash(server: SimulatorServer) -> None:
    rows = ask(server, "report/integrated/get", **REPORT | {
        "metrics": ["spend", "complete_payment", "total_complete_payment_rate", "value_per_complete_payment"],
        "filtering": ALL_ADS})["data"]["list"]  # fmt: skip
    values = [value for row in rows for value in row["metrics"].values()]
    assert all(isinstance(value, str) for value in values)
    assert "-" in values
    assert all(int(row["dimensions"]["ad_id"]) > 2**53 for row in rows)


def test_pages_are_numbered_with_total_and_a_moved_row_raises_the_total(server: SimulatorServer) -> None:
    report = REPORT | {"page_size": 40, "filtering": ALL_ADS}
    pages = [ask(server, "report/integrated/get", **report | {"page": page})["data"] for page in (1, 2)]
    assert [page["page_info"]["page"] for page in pages] == [1, 2]
    assert len({page["page_info"]["total_number"] for page in pages}) == 1
    keys = [tuple(row["dimensions"].values()) for page in pages for row in page["list"]]
    assert len(set(keys)) == len(keys) == 80
    server.faults.add(Fault("moved", skip=1))
    ask(server, "report/integrated/get", **REPORT | {"page_size": 40})
    second = ask(server, "report/integrated/get", **REPORT | {"page_size": 40, "page": 2, "filtering": ALL_ADS})["data"]
    assert second["page_info"]["total_number"] == pages[0]["page_info"]["total_number"] + 1


def test_each_endpoint_lists_campaigns_of_its_own_kinds(server: SimulatorServer, books: AdAccount) -> None:
    at = seconds(ADS_END)
    usual = ask(server, "campaign/get", page_size=1000)["data"]["list"]
    kinds = {node.id: node.kind for node in books.nodes("campaign", at)}
    assert {kinds[campaign["campaign_id"]] for campaign in usual} == {"auction"}
    more = ask(server, "campaign/get", page_size=1000, filtering={"buying_types": ["RESERVATION_RF"]})["data"]["list"]
    assert {kinds[campaign["campaign_id"]] for campaign in more} == {"reservation"}
    smart = ask(server, "smart_plus/campaign/get", page_size=1000)["data"]["list"]
    assert {(kinds[campaign["campaign_id"]], campaign["modify_time"]) for campaign in smart} == {("smart_plus", None)}
    for promotion in ("PRODUCT_GMV_MAX", "LIVE_GMV_MAX"):
        shop = ask(server, "gmv_max/campaign/get", filtering={"gmv_max_promotion_types": [promotion]})["data"]["list"]
        assert {kinds[campaign["campaign_id"]] for campaign in shop} <= {"gmv_max"}


@pytest.mark.parametrize(
    ("endpoint", "params", "code"),
    [
        ("advertiser/info", {"token": ""}, 40104),
        ("advertiser/info", {"token": "wrong"}, 40105),
        ("campaign/get", {"advertiser_id": "1"}, 40300),
        ("campaign/get", {"advertiser_id": "7000000000000000002"}, 40001),
        ("campaign/get", {"page_size": 1001}, 40002),
        ("campaign/get", {"version": "v1.2"}, 40051),
        ("nothing/get", {}, 40400),
        ("gmv_max/campaign/get", {}, 40002),
        ("report/integrated/get", REPORT | {"end_date": "2026-03-03"}, 40002),
        ("report/integrated/get", REPORT | {"metrics": ["spend", "cash_spend"]}, 40002),
        ("report/integrated/get", REPORT | {"dimensions": ["ad_id"]}, 40002),
    ],
)
def test_invalid_request_is_http_200_with_a_code_of_the_sdk(
    endpoint: str, params: dict[str, Any], code: int, server: SimulatorServer
) -> None:
    assert ask(server, endpoint, **params)["code"] == code
    if not CODES.exists():
        pytest.skip(f"The list of error codes is not at {CODES}.")
    assert str(code) in json.loads(CODES.read_text())


def test_path_without_its_last_slash_is_http_404(server: SimulatorServer) -> None:
    url = f"{server.url}/tiktok/open_api/v1.3/advertiser/info"
    assert requests.get(url, timeout=10).status_code == 404


def test_too_large_report_and_throttling_are_codes(server: SimulatorServer) -> None:
    server.tiktok.most_rows = 10
    assert ask(server, "report/integrated/get", **REPORT)["code"] == 40067
    server.faults.add(Fault("throttled", on="tiktok:ad/get"))
    assert ask(server, "ad/get")["code"] == 40100
    assert ask(server, "ad/get")["code"] == 0


def test_only_some_stores_are_available_for_gmv_max(server: SimulatorServer, books: AdAccount) -> None:
    stores = ask(server, "gmv_max/store/list")["data"]["store_list"]
    assert [store["store_id"] for store in stores if store["is_gmv_max_available"]] == list(books.stores)
    assert not all(store["is_gmv_max_available"] for store in stores)
