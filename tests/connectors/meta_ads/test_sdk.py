"""Meta's own client as an oracle: it sends the same requests, and knows every field and value in them.

Its warnings are errors here: it warns of a field, a parameter or a value that its version of the API does not have.
The body of a POST differs by design: the client sends a form, the connector JSON, which Meta accepts in the recordings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.api import FacebookAdsApi
from facebook_business.session import FacebookSession

from connectors.base import Stream
from connectors.connections import Request
from connectors.meta_ads.client import VERSION
from connectors.meta_ads.streams import AD_SETS, ADS, CAMPAIGNS
from simulator import SimulatorServer, World, serve
from tests.connectors.meta_ads.pulling import END, Place

Params = dict[str, Any]
Sent = Request | requests.PreparedRequest
Shape = tuple[str, str, tuple[str, ...]]
"""Method, path with `*` for an id, names of the parameters."""

APP_SECRET = "0123456789abcdef"


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world, now=END - timedelta(days=1)) as server:
        yield server


@pytest.fixture(scope="module")
def requests_sent(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> dict[Shape, Request]:
    """One request of each shape of a first load, an increment and a too large day."""
    place = Place(tmp_path_factory.mktemp("sdk"))
    secret = place.known_as(server).secret + "|" + APP_SECRET
    place.pull(server, secret=secret)
    server.set_now(END)
    place.pull(server, secret=secret)
    server.meta.most_rows = 6
    place.pull(server, secret=secret, days=(END.date(), END.date()))
    server.meta.most_rows = 100_000
    return {shape(sent): sent for sent in place.sent}


class MetaSdk:
    """Meta's client against the simulator; `sent` are its requests."""

    def __init__(self, server: SimulatorServer, token: str) -> None:
        self.sent: list[requests.PreparedRequest] = []
        session = FacebookSession(app_secret=APP_SECRET, access_token=token)
        session.GRAPH = f"{server.url}/meta"
        session.requests.hooks["response"].append(lambda answer, *_, **__: self.sent.append(answer.request))
        self.api = FacebookAdsApi(session)

    def send(self, method: str, steps: list[str], params: Params) -> requests.PreparedRequest:
        """Sends the request of a path and its parameters with Meta's client."""
        fields = params.pop("fields", "").split(",")
        owner = (
            AdAccount(steps[0], api=self.api) if steps[0].startswith("act_") else AdReportRun(steps[0], api=self.api)
        )
        ways: dict[tuple[str, str], Callable[..., Any]] = {
            ("GET", ""): owner.api_get,
            ("GET", "insights"): owner.get_insights,
        }
        if isinstance(owner, AdAccount):
            ways |= {
                ("GET", "campaigns"): owner.get_campaigns,
                ("GET", "adsets"): owner.get_ad_sets,
                ("GET", "ads"): owner.get_ads,
                ("POST", "insights"): owner.get_insights_async,
            }
        ways[method, "".join(steps[1:])](fields=[name for name in fields if name], params=params)
        return self.sent[-1]


@pytest.fixture(scope="module")
def sdk(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> MetaSdk:
    return MetaSdk(server, Place(tmp_path_factory.mktemp("token")).known_as(server).secret)


def steps(sent: Sent) -> list[str]:
    """The path below the version."""
    return urlsplit(sent.url or "").path.partition(f"/{VERSION}/")[2].rstrip("/").split("/")


def parameters(sent: Sent) -> Params:
    """The parameters, JSON decoded, without the token: only Meta's client sends it as a parameter."""
    values = dict(parse_qsl(urlsplit(sent.url or "").query))
    if sent.body:
        body = sent.body.decode() if isinstance(sent.body, bytes) else sent.body
        values |= json.loads(body) if "json" in str(sent.headers["Content-Type"]) else dict(parse_qsl(str(body)))
    values.pop("access_token", None)
    return {name: json.loads(value) if value[:1] in "[{" else value for name, value in values.items()}


def shape(sent: Sent) -> Shape:
    owner, *edge = steps(sent)
    return (
        str(sent.method),
        "/".join(["act_*" if owner.startswith("act_") else "*", *edge]),
        tuple(sorted(parameters(sent))),
    )


def test_pinned_version_is_that_of_metas_client() -> None:
    assert FacebookAdsApi.API_VERSION == VERSION


def test_requests_are_those_that_metas_client_sends(requests_sent: dict[Shape, Request], sdk: MetaSdk) -> None:
    for sent in requests_sent.values():
        values = parameters(sent)
        proof = values.pop("appsecret_proof")
        other = sdk.send(str(sent.method), steps(sent), {**values})
        shown = parameters(other)
        shown.pop("summary", None)  # a count that Meta's client always requests
        assert (other.method, steps(other)) == (sent.method, steps(sent))
        assert shown.pop("appsecret_proof") == proof
        assert {name: listed(value) for name, value in shown.items()} == {
            name: listed(value) for name, value in values.items()
        }


def listed(value: Any) -> Any:
    """Fields are a list, or words separated by commas."""
    return value.split(",") if isinstance(value, str) and "," in value else value


def test_compared_requests_cover_all_that_a_pull_sends(requests_sent: dict[Shape, Request]) -> None:
    assert {(method, path) for method, path, _ in requests_sent} == {
        ("GET", "act_*"), ("GET", "act_*/campaigns"), ("GET", "act_*/adsets"), ("GET", "act_*/ads"),
        ("GET", "act_*/insights"), ("POST", "act_*/insights"), ("GET", "*"), ("GET", "*/insights"),
    }  # fmt: skip
    assert any("filtering" in names for _, _, names in requests_sent)


@pytest.mark.parametrize(("stream", "kind"), [(CAMPAIGNS, Campaign), (AD_SETS, AdSet), (ADS, Ad)])
def test_status_filters_have_every_status_of_metas_client(stream: Stream, kind: Any) -> None:
    """Meta shows only objects with the named statuses."""
    known = {value for name, value in vars(kind.EffectiveStatus).items() if not name.startswith("_")}
    assert set(cast(list[str], stream.connections["effective_status"])) == known


@pytest.mark.parametrize(
    ("edge", "params"),
    [
        ("insights", {"fields": "spend,purchases"}),
        ("insights", {"level": "account_id"}),
        ("insights", {"action_attribution_windows": ["7d_view_click"]}),
        ("campaigns", {"fields": "id,optimization_goal"}),
    ],
)
def test_unknown_fields_and_parameters_are_detected(edge: str, params: Params, sdk: MetaSdk) -> None:
    with pytest.raises(UserWarning):
        sdk.send("GET", ["act_1", edge], params)
