"""Meta's own client as an oracle: whether it sends what we send, and knows every field and value that we ask for.

Its warnings are errors here: it warns of a field, a parameter or a value that its version of the API does not have.
The body of a POST differs by design: theirs is a form's, ours JSON, as in the recorded traffic that Meta answered.
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
from connectors.meta_ads.client import VERSION
from connectors.meta_ads.streams import AD_SETS, ADS, CAMPAIGNS
from simulator import SimulatorServer, World, serve
from tests.connectors.meta_ads.pulling import END, Place, small_world

Params = dict[str, Any]
Shape = tuple[str, str, tuple[str, ...]]
"""Method, path with `*` for an id, names of the parameters."""

APP_SECRET = "0123456789abcdef"


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world, now=END - timedelta(days=1)) as server:
        yield server


@pytest.fixture(scope="module")
def ours(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> dict[Shape, requests.PreparedRequest]:
    """One request of each shape that a first load, a pull after it and a day that is too much send."""
    place = Place(tmp_path_factory.mktemp("sdk"))
    secret = place.known_as(server).secret + "|" + APP_SECRET
    place.pull(server, secret=secret)
    server.set_now(END)
    place.pull(server, secret=secret)
    server.meta.most_rows = 6
    place.pull(server, secret=secret, days=(END.date(), END.date()))
    server.meta.most_rows = 100_000
    return {shape(sent): sent for sent in place.sent}


class Theirs:
    """Meta's client against the simulator; `sent` are its requests."""

    def __init__(self, server: SimulatorServer, token: str) -> None:
        self.sent: list[requests.PreparedRequest] = []
        session = FacebookSession(app_secret=APP_SECRET, access_token=token)
        session.GRAPH = f"{server.url}/meta"
        session.requests.hooks["response"].append(lambda answer, *_, **__: self.sent.append(answer.request))
        self.api = FacebookAdsApi(session)

    def send(self, method: str, steps: list[str], params: Params) -> requests.PreparedRequest:
        """Ask with their client for what a path and its parameters mean."""
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
def theirs(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    return Theirs(server, Place(tmp_path_factory.mktemp("token")).known_as(server).secret)


def steps(sent: requests.PreparedRequest) -> list[str]:
    """The path below the version."""
    return urlsplit(sent.url or "").path.partition(f"/{VERSION}/")[2].rstrip("/").split("/")


def meant(sent: requests.PreparedRequest) -> Params:
    """Parameters by name, JSON in them decoded; the token left out, which they send as a parameter and we do not."""
    given = dict(parse_qsl(urlsplit(sent.url or "").query))
    if sent.body:
        body = sent.body.decode() if isinstance(sent.body, bytes) else sent.body
        given |= json.loads(body) if "json" in str(sent.headers["Content-Type"]) else dict(parse_qsl(str(body)))
    given.pop("access_token", None)
    return {name: json.loads(value) if value[:1] in "[{" else value for name, value in given.items()}


def shape(sent: requests.PreparedRequest) -> Shape:
    owner, *edge = steps(sent)
    return str(sent.method), "/".join(["act_*" if owner.startswith("act_") else "*", *edge]), tuple(sorted(meant(sent)))


def test_the_version_is_the_one_that_their_newest_client_speaks() -> None:
    assert FacebookAdsApi.API_VERSION == VERSION


def test_every_request_is_what_their_client_sends(ours: dict[Shape, requests.PreparedRequest], theirs: Theirs) -> None:
    for sent in ours.values():
        given = meant(sent)
        proof = given.pop("appsecret_proof")
        other = theirs.send(str(sent.method), steps(sent), {**given})
        said = meant(other)
        said.pop("summary", None)  # a count that they always ask for, and we have no use for
        assert (other.method, steps(other)) == (sent.method, steps(sent))
        assert said.pop("appsecret_proof") == proof
        assert {name: listed(value) for name, value in said.items()} == {
            name: listed(value) for name, value in given.items()
        }


def listed(value: Any) -> Any:
    """Fields are a list or words with commas in between."""
    return value.split(",") if isinstance(value, str) and "," in value else value


def test_the_requests_are_all_that_a_pull_sends(ours: dict[Shape, requests.PreparedRequest]) -> None:
    assert {(method, path) for method, path, _ in ours} == {
        ("GET", "act_*"), ("GET", "act_*/campaigns"), ("GET", "act_*/adsets"), ("GET", "act_*/ads"),
        ("GET", "act_*/insights"), ("POST", "act_*/insights"), ("GET", "*"), ("GET", "*/insights"),
    }  # fmt: skip
    assert any("filtering" in names for _, _, names in ours)


@pytest.mark.parametrize(("stream", "kind"), [(CAMPAIGNS, Campaign), (AD_SETS, AdSet), (ADS, Ad)])
def test_objects_are_asked_for_in_every_status_that_they_can_have(stream: Stream, kind: Any) -> None:
    """All that their client lists for the kind, since what is not named is not shown."""
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
def test_what_their_client_does_not_know_would_be_found(edge: str, params: Params, theirs: Theirs) -> None:
    with pytest.raises(UserWarning):
        theirs.send("GET", ["act_1", edge], params)
