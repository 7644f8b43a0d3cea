"""Every request of a pull matches TikTok's own OpenAPI, with its enumerations and limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import World, serve
from simulator.apis.base import LoggedRequest
from tests.connectors.tiktok_ads.pulling import END, Place

SPECS = Path(__file__).resolve().parents[4] / "shared/data/specs/tiktok_openapi"
DESCRIBED = {"report/integrated/get", "advertiser/info", "gmv_max/report/get", "gmv_max/store/list",
             "smart_plus/campaign/get", "smart_plus/adgroup/get", "smart_plus/ad/get"}  # fmt: skip
KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


@pytest.fixture(scope="module")
def sent(world: World, tmp_path_factory: pytest.TempPathFactory) -> list[LoggedRequest]:
    """The requests of a first load and an increment."""
    place = Place(tmp_path_factory.mktemp("requests"))
    with serve(world, now=END - timedelta(days=1)) as server:
        place.pull(server)
        server.set_now(END)
        place.pull(server)
        return list(server.log)


def parameters(endpoint: str) -> dict[str, dict[str, Any]]:
    """The parameters of an endpoint by name with their schemas, without those in headers."""
    path = SPECS / f"{endpoint.replace('/', '_')}.yml"
    if not path.exists():
        pytest.skip(f"TikTok's OpenAPI is not at {path}.")
    operation = yaml.safe_load(path.read_text())["paths"][f"/{endpoint}/"]["get"]
    return {
        parameter["name"]: parameter for parameter in operation["parameters"] if parameter["name"] != "Access-Token"
    }


def misfits(value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    """Where a value does not match its schema; `x-open-enum` counts as `enum`."""
    kind = schema["type"]
    if kind == "integer" and isinstance(value, str) and value.isdigit():
        value = int(value)
    if not isinstance(value, KINDS[kind]):
        yield f"{where} is no {kind}: {value!r}"
        return
    enum = [entry["key"] for entry in schema.get("x-open-enum", {}).get("enums", [])]
    if enum and value not in enum:
        yield f"{where} is none of {enum}: {value!r}"
    if kind == "integer" and not schema.get("minimum", 1) <= value <= schema.get("maximum", value):
        yield f"{where} is out of range: {value}"
    if kind == "array":
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{where} has {len(value)} items"
        for place, item in enumerate(value):
            yield from misfits(item, schema["items"], f"{where}[{place}]")
    if kind == "object":
        yield from (f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value)
        for name, item in value.items():
            if name not in schema["properties"]:
                yield f"{where}.{name} is not known"
            else:
                yield from misfits(item, schema["properties"][name], f"{where}.{name}")


def mismatches(request: LoggedRequest, known: dict[str, dict[str, Any]]) -> list[str]:
    """Where a request does not match the parameters of its endpoint."""
    problems = [f"{name} is not known" for name in request.parameters if name not in known]
    required = [name for name, parameter in known.items() if parameter["required"]]
    problems += [f"{name} is missing" for name in required if name not in request.parameters]
    for name, text in request.parameters.items():
        if "content" in known.get(name, {}):
            problems += misfits(json.loads(text), known[name]["content"]["application/json"]["schema"], name)
        elif name in known:
            problems += misfits(text, known[name]["schema"], name)
    return problems


@pytest.mark.parametrize("endpoint", sorted(DESCRIBED))
def test_requests_match_tiktoks_openapi(endpoint: str, sent: list[LoggedRequest]) -> None:
    known = parameters(endpoint)
    requests = [request for request in sent if request.resources == (f"tiktok:{endpoint}",)]
    assert requests
    assert not [mismatch for request in requests for mismatch in mismatches(request, known)]


def test_mismatches_with_the_openapi_are_detected() -> None:
    known = parameters("report/integrated/get")
    bad = {"report_type": "BASICS", "page_size": "1001", "dimensions": '"ad_id"', "unheard": "1",
           "filtering": '[{"field_name": "ad_status", "filter_type": "ONE_OF"}]'}  # fmt: skip
    assert len(mismatches(LoggedRequest("aurora", (), bad, 200), known)) == 6


def test_every_requested_endpoint_is_described_or_listed(sent: list[LoggedRequest]) -> None:
    others = {"campaign/get", "adgroup/get", "ad/get", "gmv_max/campaign/get"}
    assert {request.resources[0].removeprefix("tiktok:") for request in sent} == DESCRIBED | others


def test_reports_include_deleted_ads_and_span_at_most_30_days(sent: list[LoggedRequest]) -> None:
    reports = [request.parameters for request in sent if "report/integrated" in request.resources[0]]
    ads = [parameters for parameters in reports if parameters["data_level"].endswith(("_AD", "_CAMPAIGN"))]
    assert ads
    assert all("STATUS_ALL" in parameters["filtering"] for parameters in ads)
    assert {parameters["data_level"] for parameters in reports} == {
        "AUCTION_AD", "RESERVATION_AD", "AUCTION_CAMPAIGN", "RESERVATION_CAMPAIGN", "AUCTION_ADVERTISER",
        "RESERVATION_ADVERTISER",
    }  # fmt: skip
    assert all(parameters["start_date"] <= parameters["end_date"] for parameters in reports)
