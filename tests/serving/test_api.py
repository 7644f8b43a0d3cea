"""The API: what each address answers, how mistakes are named, tokens, limits, tags and formats."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from serving.api import access, openapi, questions, routes
from serving.app import application
from serving.cache import Cache
from serving.limiting import Limits
from serving.site import Site
from serving.tenant_api import routes as tenant_api
from serving.tokens import SCOPES
from tests.serving.asgi import Answer, Client
from tests.serving.conftest import Served, Sessions, copied, publish_again, site_of

ROOT = "/api/v1"
QUESTION = f"{ROOT}/query?metrics=net_sales&by=month"


class Clock:
    """Seconds that a test decides on."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def own(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """One application for tests that change nothing; each test has a token of its own."""
    site = site_of(published, tmp_path_factory.mktemp("api") / "state", Sessions())
    return Served(site, Sessions(), Client(application(site)))


def get(
    served: Served, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: Any = None
) -> Answer:
    """One request with a new token of aurora."""
    sent = {**served.bearer(), **(headers or {})}
    content = json.dumps(body).encode() if body is not None else b""
    if body is not None:
        sent.setdefault("content-type", "application/json")
    return served.client.send(method, path, headers=sent, body=content)


@cache
def bearer_of(site: Site) -> dict[str, str]:
    return Served(site, Sessions(), Client(None)).bearer()  # type: ignore[arg-type]


def problem(answer: Answer, status: int) -> dict[str, Any]:
    """A problem, of the form that the description has."""
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    content: dict[str, Any] = json.loads(answer.body)
    schema_of("Problem").validate(content)
    assert content["status"] == status
    return content


def schema_of(name: str) -> Draft202012Validator:
    content = copy.deepcopy(openapi.document())
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": content["components"]})


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi.document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_description_is_valid_and_has_the_routes_and_parameters_of_the_code(own: Served) -> None:
    answer = own.client.get(f"{ROOT}/openapi.json")
    document = json.loads(answer.body)
    validate(document)
    router = routes.routes(own.site, None, Cache(), Limits())  # type: ignore[arg-type]
    listed = [*router.routes, *tenant_api.routes(own.site, Cache(), Limits()).routes]
    served = {(route.path, method.lower()) for route in listed for method in route.methods if method != "HEAD"}  # type: ignore[attr-defined]
    assert {(path, method) for path, method, _ in operations()} == served
    named = {path: {item["name"] for item in operation.get("parameters", []) if item["in"] == "query"}
             for path, method, operation in operations() if method == "get"}  # fmt: skip
    assert named[f"{ROOT}/query"] == set(questions.IN_ADDRESS)
    assert named[f"{ROOT}/reports/{{name}}"] == {"from", "to", "period", "format"}
    query = document["paths"][f"{ROOT}/query"]
    assert set(query["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")) > {"Question"}
    assert set(document["components"]["schemas"]["Question"]["properties"]) == set(questions.IN_OBJECT)
    formats = {item["name"]: item["schema"].get("enum") for item in query["get"]["parameters"]}["format"]
    assert formats == list(routes.ANSWERS)
    assert str(questions.MOST_ROWS) == str(query["get"]["parameters"][7]["schema"]["maximum"])


def test_every_example_of_the_description_has_the_form_that_it_describes() -> None:
    count = 0
    for _, _, operation in operations():
        for reply in operation["responses"].values():
            if "$ref" in reply:
                reply = openapi.document()["components"]["responses"][reply["$ref"].rpartition("/")[2]]  # noqa: PLW2901
            for content in reply["content"].values():
                if "example" in content and "$ref" in content["schema"]:
                    schema_of(content["schema"]["$ref"].rpartition("/")[2]).validate(content["example"])
                    count += 1
    assert count > 12


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("metrics", "Metrics"), ("metrics/net_sales", "OneMetric"), ("metrics/retention", "OneMetric"),
        ("metrics/mrr", "OneMetric"), ("query?metrics=net_sales,aov,orders_placed&by=week,channel", "Answer"),
        ("query?metrics=net_sales&from=9999-12-30&to=9999-12-31", "Answer"), ("reports", "Reports"),
        ("reports/revenue-overview?period=7d", "Report"), ("alerts", "Alerts"), ("freshness", "Freshness"),
    ],
)  # fmt: skip
def test_each_answer_has_the_form_that_the_description_has(own: Served, path: str, schema: str) -> None:
    answer = get(own, f"{ROOT}/{path}")
    assert answer.status == 200, answer.text
    schema_of(schema).validate(json.loads(answer.body))
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Authorization, Accept"
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_question_in_an_address_and_as_an_object_have_the_same_answer(own: Served) -> None:
    question = {"metrics": ["net_sales", "aov"], "by": ["channel"], "period": "30d", "order": ["-net_sales"],
                "limit": 2, "filters": {"channel": ["Online store aurora-canary", "Point of sale"]}}  # fmt: skip
    address = urlencode({
        "metrics": "net_sales,aov", "by": "channel", "period": "30d", "order": "-net_sales", "limit": 2,
        "where": "channel=Online store aurora-canary,Point of sale",
    })  # fmt: skip
    sent, read = get(own, f"{ROOT}/query", method="POST", body=question), get(own, f"{ROOT}/query?{address}")
    assert (sent.status, sent.body) == (200, read.body)


@pytest.mark.parametrize(
    ("query", "parameters", "words"),
    [
        ("", ["metrics"], "No metric is named"),
        ("metrics=net_sale", ["metrics"], "Did you mean net_sales"),
        ("metrics=net_sales,net_sales", ["metrics"], "twice"),
        ("metrics=net_sales,", ["metrics"], "Remove a comma"),
        ("metric=net_sales&metrics=aov", ["metric"], "Did you mean metrics"),
        ("metrics=net_sales&tenant=nordlicht", ["tenant"], "Unknown parameter 'tenant'"),
        ("metrics=net_sales&by=chanel", ["by"], "Did you mean channel"),
        ("metrics=net_sales&by=tenant_id", ["by"], "Unknown dimension 'tenant_id'"),
        ("metrics=net_sales&where=tenant_id%3Dnordlicht", ["where"], "Unknown dimension 'tenant_id'"),
        ("metrics=net_sales&by=day,month", ["by"], "two periods"),
        ("metrics=ltv&by=day", ["by"], "Ask by month or longer"),
        ("metrics=mau", ["by"], "Ask by day too"),
        ("metrics=net_sales&where=channel", ["where"], "Write country=DE,FR"),
        ("metrics=net_sales&where=month%3D3", ["where"], "choose days with from and to"),
        ("metrics=net_sales&from=1.1.&to=2026-02-30", ["from", "to"], "Write it as 2026-11-28"),
        ("metrics=net_sales&from=2026-02-02&to=2026-02-01", ["from"], "Swap the two days"),
        ("metrics=net_sales&period=3oh", ["period"], "Unknown period"),
        ("metrics=net_sales&period=30d&from=2026-01-01", ["period"], "Send one of both"),
        ("metrics=net_sales&limit=0", ["limit"], "from 1 to 50,000"),
        ("metrics=net_sales&limit=50001", ["limit"], "from 1 to 50,000"),
        ("metrics=net_sales&limit=1&limit=2", ["limit"], "Send it once"),
        ("metrics=net_sales&order=-aov", ["order"], "Unknown column to sort by 'aov'"),
        ("metrics=net_sales&format=xml", ["format"], "Choose from: arrow, csv, json"),
        ("metrics=" + ",".join(f"m{n}" for n in range(500)), ["metrics"], "at most 100 are answered"),
        ("metrics=net_sales&by=" + "x" * 5000, ["by"], "Unknown dimension"),
        ("metrics=net_sales&where=channel%3D" + ",".join(map(str, range(501))), ["where"], "500 values"),
        ("metrics=%00&by=%F0%9F%92%B6&where=%22", ["where", "metrics"], "Unknown metric"),
        ("nothing=1&metrics=nope&limit=x&period=x", ["nothing", "metrics", "period", "limit"], "4 mistakes"),
    ],
)
def test_every_mistake_is_named_at_once_with_what_to_do(
    own: Served, query: str, parameters: list[str], words: str
) -> None:
    answer = get(own, f"{ROOT}/query?{query}")
    content = problem(answer, 400)
    assert [item["parameter"] for item in content["errors"]] == parameters
    assert words in answer.text
    assert len(answer.body) < 20_000


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ([], "body"), ("net_sales", "body"), ({"metrics": 3}, "metrics"),
        ({"metrics": ["net_sales"], "limit": "x"}, "limit"),
        ({"metrics": ["net_sales"], "limit": True}, "limit"), ({"metrics": ["net_sales"], "where": "a=b"}, "where"),
        ({"metrics": ["net_sales"], "filters": ["channel"]}, "filters"), ({"metrics": [["net_sales"]]}, "metrics"),
        ({"metrics": ["net_sales"], "filters": {"channel": ["\ud800"]}}, "filters"),
        ({"metrics": ["net_sales"], "filters": {"channel": []}}, "filters"),
        ({"metrics": ["net_sales"], "filters": ""}, "filters"),
        ({"metrics": ["net_sales"], "filters": False}, "filters"),
        ({"metrics": ["net_sales"], "filters": []}, "filters"), ({"\ud800": 1}, "\ud800"),
        ({"metrics": ["mrr"], "by": ["month"], "filters": {"is_complete": ["yes"]}}, "filters"),
    ],
)  # fmt: skip
def test_object_that_is_no_question_is_a_mistake_of_its_part(own: Served, body: Any, parameter: str) -> None:
    content = problem(get(own, f"{ROOT}/query", method="POST", body=body), 400)
    assert parameter in {item["parameter"] for item in content["errors"]}


def test_body_that_is_no_json_or_too_long_or_in_an_address_is_refused(own: Served) -> None:
    def send(body: bytes, headers: dict[str, str] | None = None, path: str = "query") -> Answer:
        sent = {**own.bearer(), "content-type": "application/json", **(headers or {})}
        return own.client.send("POST", f"{ROOT}/{path}", headers=sent, body=body)

    problem(send(b"{"), 400)
    problem(send(b"[" * 19_000), 400)
    problem(send(b"\xff"), 400)
    twice = problem(send(b'{"metrics": ["net_sales"], "metrics": ["orders_placed"]}'), 400)
    assert twice["title"] == "The body has 'metrics' twice"
    inside = b'{"metrics": ["net_sales"], "filters": {"channel": ["a"], "channel": ["b"]}}'
    assert problem(send(inside), 400)["title"] == "The body has 'channel' twice"
    problem(send(b"{}", {"content-type": "text/plain"}), 415)
    problem(send(b"{}", path="query?metrics=net_sales"), 400)
    problem(send(b" " * 20_001), 413)
    problem(send(b" " * 20_001, {"content-length": "5"}), 413)


def test_what_does_not_exist_is_404_with_the_same_bytes_whoever_has_it(own: Served) -> None:
    answers = [
        get(own, f"{ROOT}/{path}") for path in ("nordlicht", "nothing", "tenants/nordlicht/metrics", "query/x", "")
    ]
    assert len({answer.body for answer in answers}) == 1
    problem(answers[0], 404)
    assert "net_sales" in problem(get(own, f"{ROOT}/metrics/net_sale"), 404)["next"]
    assert problem(get(own, f"{ROOT}/metrics/nordlicht"), 404)["title"] == "There is no such metric"
    assert "revenue-overview" in problem(get(own, f"{ROOT}/reports/revenue-overviw"), 404)["next"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "POST"])
def test_other_methods_are_refused_and_say_which_are_taken(own: Served, method: str) -> None:
    answer = get(own, f"{ROOT}/metrics", {"origin": "https://example.com"}, method=method)
    assert "GET" in problem(answer, 405)["next"] and "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("period=99999d", "Unknown period"), ("from=2026-01-01&period=7d", "Send one of both"),
        ("to=2026-01-01", "The first day is missing"), ("from=1900-01-01&to=1900-01-02", "too early"),
        ("from=2026-01-02&to=2026-01-01", "Swap the two dates"), ("from=1990-01-01&to=2999-12-31", "too long"),
        ("from=9999-12-01&to=9999-12-31", "too late"), ("limit=3", "Unknown parameter"),
        ("format=html", "Unknown format"),
    ],
)  # fmt: skip
def test_report_with_a_mistake_names_it(own: Served, query: str, words: str) -> None:
    answer = get(own, f"{ROOT}/reports/revenue-overview?{query}")
    problem(answer, 400)
    assert words in answer.text


def test_report_is_sent_in_every_format_under_its_name(own: Served) -> None:
    beginnings = {"csv": b"\xef\xbb\xbf", "xlsx": b"PK", "parquet": b"PAR1", "json": b"{", "pdf": b"%PDF",
                  "png": b"\x89PNG", "svg": b"<svg"}  # fmt: skip
    assert set(beginnings) == set(routes.OF_REPORTS)
    for name, beginning in beginnings.items():
        answer = get(own, f"{ROOT}/reports/revenue-by-day?from=2026-11-01&to=2026-11-03&format={name}")
        assert answer.status == 200 and answer.body.startswith(beginning), name
        assert answer.headers["content-type"] == routes.OF_REPORTS[name]
        if name != "json":
            assert f'filename="revenue-by-day-2026-11-01-2026-11-03.{name}"' in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"), ("", "application/json"), ("text/csv", "text/csv; charset=utf-8"),
        ("text/*;q=0.5, application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"),
        ("text/html, application/json;q=0.1", "application/json"), ("application/json;q=0, */*", "application/json"),
        ("application/json;q=x, text/csv;q=0.2", "text/csv; charset=utf-8"),
    ],
)  # fmt: skip
def test_format_follows_the_header_accept(own: Served, accept: str, media_type: str) -> None:
    assert get(own, QUESTION, {"accept": accept}).headers["content-type"] == media_type
    assert get(own, f"{QUESTION}&format=csv", {"accept": accept}).headers["content-type"].startswith("text/csv")


def test_accept_that_names_no_format_is_refused(own: Served) -> None:
    for accept in ("text/html", "image/png;q=1", "application/json;q=0"):
        assert "arrow" in problem(get(own, QUESTION, {"accept": accept}), 406)["next"]


def test_tag_names_the_build_and_the_question(tmp_path: Path, published: Path) -> None:
    folder = copied(published, tmp_path / "published")
    site = site_of(folder, tmp_path / "state", Sessions())
    served = Served(site, Sessions(), Client(application(site)))
    paths = [QUESTION, f"{QUESTION}&format=csv", f"{ROOT}/query?metrics=net_sales&by=week", f"{ROOT}/metrics",
             f"{ROOT}/metrics/net_sales", f"{ROOT}/reports/revenue-by-day?period=7d", f"{ROOT}/reports",
             f"{ROOT}/alerts", f"{ROOT}/freshness"]  # fmt: skip
    first = {path: get(served, path) for path in paths}
    tags = {path: answer.headers["etag"] for path, answer in first.items()}
    assert len(set(tags.values())) == len(tags)
    for path, tag in tags.items():
        for known in (tag, f'"x", W/{tag}', "*"):
            again = get(served, path, {"if-none-match": known})
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag), path
        assert get(served, path, {"if-none-match": '"x"'}).body == first[path].body
    publish_again(folder, published / "run-01", "run-02", scale=2)
    for path in paths[:6]:
        after = get(served, path, {"if-none-match": tags[path]})
        assert after.status == 200 and after.headers["etag"] != tags[path], path
    other = served.client.send("GET", QUESTION, headers={**served.bearer("nordlicht"), "if-none-match": tags[QUESTION]})
    assert other.status == 200


def test_report_and_its_run_are_of_one_build_when_another_is_published_meanwhile(
    tmp_path: Path, published: Path
) -> None:
    folder, path = copied(published, tmp_path / "published"), f"{ROOT}/reports/revenue-by-day?period=7d"

    class Publishing(Cache):
        """Publishes another build as soon as the report has been read."""

        async def get(self, *arguments: Any) -> Any:
            value = await super().get(*arguments)
            if not (folder / "run-02").exists():
                publish_again(folder, published / "run-01", "run-02", scale=2)
            return value

    site = site_of(folder, tmp_path / "state", Sessions())
    served = Served(site, Sessions(), Client(application(site, Publishing())))
    first, second = get(served, path), get(served, path)
    for answer, run in ((first, "run-01"), (second, "run-02")):
        assert answer.headers["takings-run-id"] == json.loads(answer.body)["run_id"] == run
    assert first.headers["etag"] != second.headers["etag"]


def test_head_has_the_headers_of_get(own: Served) -> None:
    head, body = get(own, QUESTION, method="HEAD"), get(own, QUESTION)
    assert (head.status, head.headers["etag"]) == (200, body.headers["etag"])


def test_csv_has_the_facts_as_headers(own: Served) -> None:
    answer = get(own, f"{QUESTION}&format=csv")
    names = ("run-id", "currency", "reconciliation", "blocked")
    assert [answer.headers[f"takings-{name}"] for name in names] == ["run-01", "USD", "not compared", "false"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", answer.headers["takings-as-of"])


def test_token_reads_only_what_it_was_made_for(own: Served) -> None:
    needed = {"metrics": "metrics", "metrics/net_sales": "metrics", "query?metrics=net_sales": "metrics",
              "reports": "reports", "reports/revenue-by-day": "reports", "alerts": "alerts",
              "freshness": None}  # fmt: skip
    for scope in SCOPES:
        bearer = own.bearer(scopes=[scope])
        for path, needs in needed.items():
            answer = own.client.send("GET", f"{ROOT}/{path}", headers=bearer)
            if needs in (None, scope):
                assert answer.status == 200
            else:
                assert f"--scope {needs}" in problem(answer, 403)["next"]
                assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_request_without_a_valid_token_is_refused(own: Served) -> None:
    valid = own.bearer()["authorization"]
    ended, expired = own.bearer()["authorization"], own.bearer(days=-1)["authorization"]
    own.site.tokens.revoke(ended.split("_")[1], "ola", own.site.now())
    bodies = set()
    for header in (
        "",
        "Bearer",
        "Bearer ",
        valid.replace("Bearer", "Basic"),
        valid.removeprefix("Bearer "),
        "Bearer x" * 99,
    ):
        answer = own.client.send("GET", QUESTION, headers={"authorization": header})
        bodies.add((answer.status, answer.body, answer.headers["www-authenticate"]))
    assert own.client.get(f"{QUESTION}&access_token={valid.split()[1]}").status == 401
    assert own.as_login("aurora").get(QUESTION).status == 401, "a session opens nothing here"
    assert {status for status, *_ in bodies} == {401} and len(bodies) == 1
    for header, words in ((ended, "was revoked"), (expired, "has expired"), (valid + "A", "is not valid")):
        answer = own.client.send("GET", QUESTION, headers={"authorization": header})
        assert words in problem(answer, 401)["title"]
        assert answer.headers["www-authenticate"] == 'Bearer realm="takings", error="invalid_token"'
    assert own.client.send("GET", QUESTION, headers={"authorization": valid.replace("Bearer", "bearer")}).status == 200


def limited(published: Path, tmp_path: Path, clock: Clock, most: int = 3, address: str | None = None) -> Served:
    site = site_of(published, tmp_path / "state", Sessions())
    tenants = {name: replace(tenant, requests_per_minute=most) for name, tenant in site.tenants.items()}
    site = replace(site, tenants=tenants, address=address)
    return Served(site, Sessions(), Client(application(site, limits=Limits(clock))))


def test_token_that_asks_too_often_waits_for_the_window_to_move(tmp_path: Path, published: Path) -> None:
    clock = Clock()
    served = limited(published, tmp_path, clock)
    bearer, other = served.bearer(), served.bearer()

    def ask(headers: dict[str, str] = bearer) -> Answer:
        return served.client.send("GET", QUESTION, headers=headers)

    seen = []
    for seconds in (0, 10, 10):
        clock.seconds += seconds
        answer = ask()
        seen.append((answer.status, answer.headers["ratelimit"], answer.headers["ratelimit-policy"]))
    policy = '"token";q=3;w=60'
    assert seen == [
        (200, '"token";r=2;t=60', policy),
        (200, '"token";r=1;t=50', policy),
        (200, '"token";r=0;t=40', policy),
    ]
    refused = ask()
    assert "3 requests in a minute" in problem(refused, 429)["detail"]
    assert (refused.headers["retry-after"], refused.headers["ratelimit"]) == ("40", '"token";r=0;t=40')
    assert ask(other).status == 200, "another token has a limit of its own"
    clock.seconds += 39.9
    assert ask().status == 429
    clock.seconds += 0.1
    assert [ask().status, ask().status] == [200, 429]
    clock.seconds += 60
    assert [ask().status for _ in range(4)] == [200, 200, 200, 429]


def test_address_that_sends_wrong_tokens_is_slowed_down_and_stops_no_valid_token(
    tmp_path: Path, published: Path
) -> None:
    clock = Clock()
    served = limited(published, tmp_path, clock, most=1000, address="https://takings.example.com")
    wrong = {"authorization": "Bearer takings_x"}

    def ask(headers: dict[str, str], address: str = "") -> int:
        named = {"x-forwarded-for": address} if address else {}
        return served.client.send("GET", QUESTION, headers={**headers, **named}).status

    assert [ask(wrong, "198.51.100.7") for _ in range(access.WRONG_PER_MINUTE)] == [401] * access.WRONG_PER_MINUTE
    assert ask(wrong, "198.51.100.7") == ask({}, "203.0.113.1, 198.51.100.7") == 429
    two_headers = {"X-Forwarded-For": "203.0.113.2", **wrong}  # the first is the caller's own
    assert ask(two_headers, "198.51.100.7") == 429
    assert ask(wrong, "198.51.100.8") == 401
    assert ask(served.bearer(), "198.51.100.7") == 200
    clock.seconds += 60
    assert ask(wrong, "198.51.100.7") == 401


def test_tenant_that_is_no_longer_configured_has_no_token(tmp_path: Path, published: Path) -> None:
    site = site_of(published, tmp_path / "state", Sessions())
    served = Served(site, Sessions(), Client(application(replace(site, tenants={"aurora": site.tenants["aurora"]}))))
    answer = served.client.send("GET", QUESTION, headers=served.bearer("nordlicht"))
    assert problem(answer, 401)["title"] == "The token was revoked"


def test_before_the_first_publish_and_over_a_damaged_build_nothing_leaks(tmp_path: Path, published: Path) -> None:
    folder = copied(published, tmp_path / "published")
    for change in ("damaged", "absent"):
        if change == "damaged":
            for path in folder.glob("run-01/tenant-*.duckdb"):
                path.write_bytes(b"nothing of the kind" * 1000)
        else:
            (folder / "current").unlink()
        site = site_of(folder, tmp_path / "state", Sessions())
        served = Served(site, Sessions(), Client(application(site)))
        for path in (
            "metrics",
            "metrics/net_sales",
            "query?metrics=net_sales",
            "reports/revenue-by-day",
            "alerts",
            "freshness",
        ):
            answer = get(served, f"{ROOT}/{path}")
            problem(answer, 503)
            assert answer.headers["retry-after"] == "60"
            assert str(tmp_path) not in answer.text and "duckdb" not in answer.text and "SELECT" not in answer.text


def test_build_of_a_newer_release_names_both_releases_and_the_restart(tmp_path: Path, published: Path) -> None:
    folder = copied(published, tmp_path / "published")
    path = folder / "current" / "catalog.json"
    content = json.loads(path.read_text())
    content["metrics"][0]["window"] = "7 days"
    path.write_text(json.dumps({**content, "release": "9.1.0"}))
    site = site_of(folder, tmp_path / "state", Sessions())
    served = Served(site, Sessions(), Client(application(site)))
    body = problem(get(served, f"{ROOT}/query?metrics=net_sales"), 503)
    assert body["title"] == "The numbers are of another release"
    assert "release 9.1.0" in body["detail"] and "`takings serve`" in body["next"]
    page = served.as_login("aurora").get("/")
    assert page.status == 503 and page.headers["retry-after"] == "60"
    assert "Takings was updated" in page.text and "release 9.1.0" in page.text and "takings serve" in page.text
    assert str(tmp_path) not in page.text


def test_mistake_of_ours_is_500_and_leaks_nothing(tmp_path: Path, published: Path) -> None:
    site = site_of(published, tmp_path / "state", Sessions())

    def broken(_: object) -> Any:
        raise RuntimeError("SELECT secret FROM /srv/takings")

    served = Served(site, Sessions(), Client(application(replace(site, alerts=broken))))
    answer = get(served, f"{ROOT}/alerts")
    assert problem(answer, 500)["title"] == "Something went wrong here"
    assert "secret" not in answer.text and "/srv" not in answer.text
    (site.tokens.path).unlink()
    damaged = site_of(published, tmp_path / "other", Sessions())
    damaged.tokens.path.parent.mkdir()
    damaged.tokens.path.write_bytes(b"no database at all, but longer than a header" * 100)
    client = Client(application(damaged))
    answer = client.send("GET", QUESTION, headers={"authorization": f"Bearer {foreign_token(served)}"})
    problem(answer, 500)
    assert str(tmp_path) not in answer.text


def foreign_token(served: Served) -> str:
    """A well-formed token of another ledger."""
    other = site_of(served.site.published, served.site.tokens.path.parent / "more", Sessions())
    return other.tokens.make("aurora", SCOPES, timedelta(days=1), by="a test", now=datetime.now(UTC))[0]


def test_names_with_line_breaks_become_no_header(own: Served) -> None:
    for name in ("revenue-by-day%0D%0Ax-leak: 1", quote("été\u2028\U0001f4b6"), "..%2f..%2fetc"):
        answer = get(own, f"{ROOT}/reports/{name}?format=csv")
        problem(answer, 404)
        assert "x-leak" not in answer.headers


def test_answer_that_is_too_long_is_an_error_and_no_part(own: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST_ROWS", 5)
    content = problem(get(own, f"{ROOT}/query?metrics=net_sales&by=day&format=csv"), 400)
    assert content["errors"][0]["parameter"] == "limit" and "fewer days" in content["next"]
    assert get(own, f"{ROOT}/query?metrics=net_sales&by=day&limit=5&format=csv").status == 200


def test_value_that_looks_like_sql_is_a_value(own: Served) -> None:
    with_quotes = urlencode({"metrics": "net_sales", "where": "channel='); DROP TABLE marts.metrics_daily; --"})
    content = json.loads(get(own, f"{ROOT}/query?{with_quotes}").body)
    assert content["rows"] == [{"net_sales": None}]
    assert content["notes"][-1].startswith("No row has channel = ")


PIECES = (
    "net_sales", "aov", "retention", "mau", "funnel_count", "channel", "month_number", "funnel", "step", "is_complete",
    "day", "week", "month", "year", "tenant_id", "", ",", "-", "=", "'", '"', "\\", ";--", "%", "\x00", "\n", "é",
    "\u202e", "💶", "2026-11-01", "9999-12-31", "0001-01-01", "today", "30d", "0d", "1", "-1", "٣", "1e3", "NaN",
    "null", "true", "a" * 300, "json", "csv", "arrow",
)  # fmt: skip
"""What random questions are made of."""


@pytest.mark.parametrize(("seed", "count"), [(3, 60), pytest.param(4, 290, marks=pytest.mark.deep)])
def test_random_questions_are_answered_or_refused_with_a_problem(own: Served, seed: int, count: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    bearer, statuses = own.bearer(), set()
    for _ in range(count):
        names = rng.sample(questions.IN_ADDRESS, rng.randint(1, 5)) + ["metrics"] * (rng.random() < 0.7)
        items = [(name, rng.choice(["", ",", "="]).join(rng.sample(PIECES, rng.randint(1, 2)))) for name in names]
        if rng.random() < 0.5:
            items = [(name, value) for name, value in items if name != "metrics"] + [("metrics", "net_sales")]
        path = f"{ROOT}/query?{urlencode(items)}"
        body = {name.replace("where", "filters"): rng.choice([[value], value, 3, None, {value: [value, 1, True]}])
                for name, value in items}  # fmt: skip
        for answer in (
            own.client.send("GET", path, headers=bearer),
            own.client.send("POST", f"{ROOT}/query", headers={**bearer, "content-type": "application/json"},
                            body=json.dumps(body).encode()),
        ):  # fmt: skip
            statuses.add(answer.status)
            if answer.status != 200:
                problem(answer, 400)
    assert statuses == {200, 400}
