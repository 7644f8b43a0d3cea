"""A walk over every address of the API, with every method and credential, finds no word of the other tenant.

The addresses are those of the description; a new one is walked without a change here. Each text of the published rows
holds its tenant's canary. Leaks that are planted are found by the same walk.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from serving import tokens
from serving.api import openapi
from serving.api.access import Access, Gate
from serving.app import application
from serving.tenant_api.history import Author
from serving.tenant_api.profile import Profile
from serving.tokens import SCOPES, Tokens
from tests.sampling import sample
from tests.serving.asgi import Answer, Client
from tests.serving.conftest import WRITE_KEYS, Served, Sessions, copied, publish_again, site_of
from tests.serving.server import ask_with, running
from tests.serving.test_walk import OTHER, text_of
from tests.superset_assets.marts import CANARIES

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NAMES = {"metrics": ("product_revenue", "customer_spend"), "reports": ("product-performance", "top-customers")}
BODIES = {"POST": b'{"metrics": ["product_revenue"], "by": ["product_title"]}', "PUT": b'{"brand_voice": "changed"}'}
VALUES = {
    "metrics": "product_revenue", "by": "product_title", "from": "2020-01-01", "to": "2030-12-31",
    "order": "-product_revenue", "limit": "50", "format": "csv",
}  # fmt: skip


def addresses(tenant: str) -> Iterator[str]:
    """Every address with parameters that answer with names, and with the other tenant in each place."""
    other = OTHER[tenant]
    for pattern, operations in openapi.document()["paths"].items():
        family = pattern.split("/")[3]
        names = (*NAMES.get(family, ()), other) if "{name}" in pattern else ("",)
        operation = operations.get("get") or operations["put"]
        known = [item["name"] for item in operation.get("parameters", []) if item["in"] == "query"]
        usual = "&".join(f"{name}={VALUES[name]}" for name in known if name in VALUES)
        if "{tenant_id}" in pattern:
            for name in (tenant, other, "anything9"):
                yield pattern.replace("{tenant_id}", name)
                yield f"{pattern.replace('{tenant_id}', name)}?{usual}&tenant_id={other}"
            continue
        for name in names:
            path = pattern.replace("{name}", name)
            yield path
            yield f"{path}?tenant={other}&tenant_id={other}"
            if usual:
                yield f"{path}?{usual}"
                yield f"{path}?{usual}&where={quote(f'tenant_id={other}')}"
                yield f"{path}?{usual}&where={quote(f'product_title={CANARIES[other]}')}".replace(
                    "-product_revenue", ""
                )
    for form in ("json", "csv", "arrow"):
        yield f"/api/v1/query?metrics=product_revenue&by=product_title&format={form}"
        yield f"/api/v1/query?metrics=customer_spend&by=display_name&format={form}"
    for form in ("json", "csv", "xlsx"):
        yield f"/api/v1/reports/top-customers?period=365d&format={form}"
    for path in (f"/api/v1/tenants/{other}/metrics", f"/api/v1/{other}", f"/api/v1/../{other}", "/api/v2/metrics"):
        yield path


def credentials(served: Served, tenant: str) -> dict[str, dict[str, str]]:
    """Headers that may see `tenant` or nothing, by what they are."""
    other, book, now = OTHER[tenant], served.site.tokens, served.site.now()
    own = served.bearer(tenant)["authorization"]
    theirs = served.bearer(other)["authorization"]
    expired = served.bearer(other, days=-1)
    withdrawn = served.bearer(other)["authorization"]
    book.revoke(withdrawn.split("_")[1], other, now)
    (own_start, own_id, own_secret), (_, their_id, their_secret) = own.split("_"), theirs.split("_")

    def forged(number: str, secret: str) -> str:
        start = f"takings_{number}_{secret[:43]}"
        return f"Bearer {start}{tokens._checksum(start)}"

    elsewhere = Tokens(book.path.parent / f"stranger-{tenant}")
    stranger = elsewhere.make(other, SCOPES, timedelta(days=7), by="x", now=now)
    return {
        "none": {},
        "a token": {"authorization": own},
        **{f"a token for {scope}": served.bearer(tenant, [scope]) for scope in SCOPES},
        "a token with the other's session": {"authorization": own, "cookie": f"session={other}-session"},
        "a session": {"cookie": f"session={tenant}-session", "origin": "http://127.0.0.1:8090"},
        "a login of no tenant": {"cookie": "session=both-session", "origin": "http://127.0.0.1:8090"},
        "an expired token of the other": expired,
        "a revoked token of the other": {"authorization": withdrawn},
        "the other's id": {"authorization": forged(their_id, own_secret)},
        "the other's secret": {"authorization": forged(own_id, their_secret)},
        "a token of another ledger": {"authorization": f"Bearer {stranger[0]}"},
        "a part of the other's token": {"authorization": theirs[:-1]},
        "the other's token as a password": {"authorization": theirs.replace("Bearer", "Basic")},
        "a write key": {"authorization": f"Bearer {WRITE_KEYS[tenant]}"},
        "two names": {"authorization": f"{own}, {theirs}"},
        "no token": {"authorization": own_start},
    }


def walk(
    served: Served, tenant: str, methods: tuple[str, ...] = METHODS, only: Collection[str] = ()
) -> Iterator[tuple[str, Answer]]:
    """Every place with its answer (of the credentials in `only`). Other methods, and credentials that open nothing, are
    tried at a part of the addresses."""
    places = list(addresses(tenant))
    for name, headers in credentials(served, tenant).items():
        if only and name not in only:
            continue
        opens = is_own(name) or bool(only)
        for number, path in enumerate(places):
            all_methods = number % 7 == 0 or path == "/api/v1/query" or "/settings" in path
            for method in methods if all_methods else ("GET",):
                if opens or number % 5 == 0 or "/api/dashboard/" in path:
                    body = BODIES.get(method, b"")
                    sent = {**headers, **({"content-type": "application/json"} if body else {})}
                    yield f"{name}: {method} {path}", served.client.send(method, path, headers=sent, body=body)


def is_own(name: str) -> bool:
    """Whether a credential, or a place of it, reads a tenant."""
    if name.startswith("a session"):
        return "/api/dashboard/" in name
    return name.startswith("a token") and not name.startswith("a token of another ledger")


def leaks(served: Served, tenant: str, *only: str) -> Iterator[str]:
    words = (CANARIES[OTHER[tenant]], f'"id": "{OTHER[tenant]}"')
    places = walk(served, tenant, ("GET",), only)
    return (place for place, answer in places if any(word in text_of(answer) for word in words))


@pytest.fixture
def unlimited(published: Path, tmp_path: Path) -> Served:
    return served_by(published, tmp_path)


def served_by(published: Path, folder: Path) -> Served:
    site = site_of(published, folder / "state", Sessions())
    tenants = {name: replace(tenant, requests_per_minute=1_000_000) for name, tenant in site.tenants.items()}
    site = replace(site, tenants=tenants)
    return Served(site, Sessions(), Client(application(site)))


@pytest.mark.parametrize("tenant", sample(OTHER, "aurora"))
def test_no_address_shows_anything_of_another_tenant(unlimited: Served, tenant: str) -> None:
    for name, canary in CANARIES.items():
        profile, now = Profile(description=canary), unlimited.site.now()
        unlimited.site.settings.save(name, profile, Author("login", name), now, expected=0)
    places = list(walk(unlimited, tenant))
    settings = {name: unlimited.site.settings.newest(name) for name in OTHER}
    assert settings[tenant].after.brand_voice == "changed" and settings[OTHER[tenant]].number == 1
    authors = {str(version.author).partition(" ")[0] for version in unlimited.site.settings.versions(tenant)}
    assert authors <= {tenant, "token"}
    words = (CANARIES[OTHER[tenant]], f'"id": "{OTHER[tenant]}"')
    echo = f"where={quote(f'product_title={CANARIES[OTHER[tenant]]}')}"  # the question itself holds the other's canary
    spoken = [place for place, answer in places if any(word in text_of(answer) for word in words)]
    assert [place for place in spoken if echo not in place] == []
    for place, answer in places:
        public = "openapi.json" in place and answer.status in (200, 405)
        if not is_own(place) and not public:
            assert answer.status in (401, 404, 405, 429), place
            assert CANARIES[tenant] not in text_of(answer), place
        assert answer.status < 500, place
    seen = [place for place, answer in places if CANARIES[tenant] in text_of(answer)]
    for part in ("/query", "/reports/", "format=csv", "format=arrow", "format=xlsx", "POST"):
        assert any(place.startswith("a token: ") and part in place for place in seen), f"no rows of {part} are seen"
    assert {200, 400, 401, 403, 404, 405} <= {answer.status for _, answer in places}


def test_name_of_another_tenant_answers_like_one_that_does_not_exist(unlimited: Served) -> None:
    bearer = unlimited.bearer()
    for path in ("{}", "tenants/{}", "metrics/{}", "reports/{}", "freshness?tenant={}", "query?metrics=aov&tenant={}",
                 "query?metrics={}", "query?metrics=aov&by={}", "query?metrics=aov&period={}",
                 "query?metrics=product_revenue&where=product_title%3D{}"):  # fmt: skip
        bodies = set()
        for name in ("nordlicht", "anything9"):
            answer = unlimited.client.send("GET", f"/api/v1/{path.format(name)}", headers=bearer)
            text = re.sub(r'"(next|near)": ("[^"]*"|\[[^]]*\])', "", answer.text)  # names that are similar to this one
            bodies.add((answer.status, re.sub(r"[\s,]+", " ", text.replace(name, "…"))))
        assert len(bodies) == 1, path


def test_tenant_api_of_another_tenant_answers_like_one_that_does_not_exist(unlimited: Served) -> None:
    """With every method, by a token and by a login, byte by byte."""
    patterns = [pattern for pattern in openapi.document()["paths"] if "{tenant_id}" in pattern]
    login = {"cookie": "session=aurora-session", "origin": "http://127.0.0.1:8090"}
    for pattern in patterns:
        for method in METHODS:
            answers = set()
            for name in ("nordlicht", "anything9", "Aurora", "aurora%20", "nordlicht%2f..%2faurora"):
                for headers in (unlimited.bearer(), login):
                    sent = {**headers, "content-type": "application/json"}
                    path = pattern.replace("{tenant_id}", name)
                    answer = unlimited.client.send(method, path, headers=sent, body=BODIES.get(method, b""))
                    answers.add((answer.status, answer.body))
            assert len(answers) == 1, (pattern, method, answers)
            assert {status for status, _ in answers} <= {404, 405}


def test_tenant_of_the_path_that_is_not_compared_is_found(unlimited: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Gate.open

    async def trusting(self: Gate, request: Any, scope: str | None) -> Access:
        who = await honest(self, request, scope)
        tenant = unlimited.site.tenants.get(request.path_params.get("tenant_id", ""), who.tenant)
        return replace(who, tenant=tenant)

    monkeypatch.setattr(Gate, "open", trusting)
    assert any(place.startswith("a token: GET /api/dashboard/nord") for place in leaks(unlimited, "aurora", "a token"))


def test_tenant_taken_from_the_address_is_found(unlimited: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Gate.open

    async def trusting(self: Gate, request: Any, scope: str | None) -> Access:
        who = await honest(self, request, scope)
        return replace(who, tenant=unlimited.site.tenants.get(request.query_params.get("tenant_id"), who.tenant))

    monkeypatch.setattr(Gate, "open", trusting)
    monkeypatch.setattr("serving.api.routes.no_parameters", lambda _: None)
    assert any(place.startswith("a token: GET /api/v1/freshness?") for place in leaks(unlimited, "aurora", "a token"))


def test_hash_that_is_not_compared_is_found(unlimited: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens.hmac, "compare_digest", lambda *_: True)
    assert any(leaks(unlimited, "aurora", "the other's id"))


def test_token_that_does_not_end_is_found(unlimited: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens.Token, "state", lambda *_: "live")
    for name in ("an expired token of the other", "a revoked token of the other"):
        assert any(leaks(unlimited, "aurora", name))


def test_cache_that_forgets_the_tenant_is_found(unlimited: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from serving.cache import Cache

    honest = Cache.get

    async def forgetful(self: Cache, run_id: str, key: Any, make: Any, size: Any) -> Any:
        key = tuple(part for part in key if part not in OTHER)
        return await honest(self, run_id, key, make, size)

    monkeypatch.setattr(Cache, "get", forgetful)
    for path in addresses("aurora"):
        unlimited.client.send("GET", path, headers=unlimited.bearer("nordlicht"))
    assert any(place.startswith("a token: GET /api/v1/query") for place in leaks(unlimited, "aurora", "a token"))


@pytest.mark.parametrize(("readers", "publishes"), [(6, 2), pytest.param(60, 10, marks=pytest.mark.deep)])
def test_answers_during_publishes_are_of_whole_builds_and_never_of_an_older_one(
    tmp_path: Path, published: Path, readers: int, publishes: int
) -> None:
    first, folder = published / "run-01", copied(published, tmp_path / "published")
    served = served_by(folder, tmp_path)
    paths = [f"/api/v1/query?metrics=net_sales&by=day&format=csv&limit={10 + number % 3}" for number in range(readers)]
    bearer, published_all, seen_all = served.bearer(), threading.Event(), threading.Event()

    def publish() -> None:
        for number in range(2, publishes + 2):
            publish_again(folder, first, f"run-{number:02}", scale=number)
            seen_all.wait(0.3)
        published_all.set()

    async def read(port: int, path: str) -> list[tuple[int, str, bytes, bool]]:
        answers, tag = [], ""
        while not published_all.is_set() or len(answers) < 3:
            status, headers, body = await ask_with(port, path, {**bearer, "if-none-match": tag})
            answers.append((status, headers.get("takings-run-id", ""), body, headers["etag"] == tag))
            tag = headers["etag"]
            await asyncio.sleep(0)
        return answers

    async def read_all(port: int) -> list[list[tuple[int, str, bytes, bool]]]:
        return await asyncio.gather(*(read(port, path) for path in paths))

    with running(served.client.app) as port:
        publisher = threading.Thread(target=publish)
        publisher.start()
        results = asyncio.run(read_all(port))
        publisher.join()
    runs: dict[str, set[tuple[str, bytes]]] = {}
    for path, answers in zip(paths, results, strict=True):
        assert all((status == 304) == same for status, _, _, same in answers)
        assert {status for status, *_ in answers} <= {200, 304}
        sequence = [run for status, run, _, _ in answers if status == 200]
        assert sequence == sorted(sequence), "an older build came after a newer one"
        for status, run, body, _ in answers:
            if status == 200:
                runs.setdefault(run, set()).add((path, body))
    assert len(runs) > 1
    for contents in runs.values():
        assert len(contents) == len({path for path, _ in contents}), "two answers of one build differ"
