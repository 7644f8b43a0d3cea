"""A walk over every route, with every method, credential and form, finds no word of the other tenant.

Each text of the published rows contains its tenant's canary (tests/superset_assets/marts.py). The routes are those of
the application: a new one is walked without a change here. Leaks that are planted are found by the same walk.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastapi import FastAPI
from starlette.datastructures import Headers

from common import collected
from serving import links, own
from serving.app import application
from serving.reader import downloads
from serving.tenant_api.history import Author
from serving.tenant_api.profile import Profile
from tests.sampling import sample
from tests.serving.asgi import Answer, Client
from tests.serving.conftest import WRITE_KEYS, Served, Sessions, copied, site_of
from tests.superset_assets.marts import CANARIES

OTHER = {"aurora": "nordlicht", "nordlicht": "aurora"}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
QUICK = ("GET", "POST")
REPORTS = ("product-performance", "top-customers")  # rows with names
WORDS = {"aurora": ("aurora",), "nordlicht": ("nordlicht",)}
"""Words by which a page names a tenant, beside its canary."""


def routes(app: Any) -> list[str]:
    """The paths of all routes of the application behind its guards, without the API's, which test_api_walk.py walks."""
    while not isinstance(app, FastAPI):
        app = getattr(app, "_app", None) or app.app
    listed = [part for route in app.routes for part in getattr(route, "original_router", app).routes]
    return sorted({route.path for route in listed if hasattr(route, "path") and not route.path.startswith("/api/")})


def text_of(answer: Answer) -> str:
    """All that an answer says: its headers, and of a spreadsheet the text of all its files."""
    parts = [answer.body]
    if answer.body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            parts = [archive.read(name) for name in archive.namelist()]
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return (headers + "\n" + "\n".join(part.decode(errors="replace") for part in parts)).lower()


def credentials(served: Served, tenant: str) -> dict[str, tuple[Client, list[str]]]:
    """Browsers with the tokens that they may try, by the name of the credential. None of them may see OTHER[tenant]."""
    other = OTHER[tenant]
    own_tokens = [served.token(tenant, report) for report in REPORTS]
    expired = served.token(other, REPORTS[0], lifetime=timedelta(seconds=-1))
    withdrawn = served.link(other, REPORTS[0])
    served.site.ledger.revoke(withdrawn.id, other, served.site.now())
    ended = [expired, links.sign(withdrawn, served.site.keys)]
    theirs = served.token(other, REPORTS[0])
    text, _, signature = own_tokens[0].partition(".")
    forged = [f"{theirs.partition('.')[0]}.{signature}", f"{text}.{theirs.partition('.')[2]}", theirs[:-1], "x"]
    analyst = [("an analyst", served.as_login("maria"))] if tenant == "aurora" else []
    return {
        "none": (served.client, forged),
        "a link": (served.client, own_tokens),
        "an ended link of the other tenant": (served.client, ended),
        "a session": (served.as_login(tenant), [*own_tokens, *ended, *forged]),
        "a write key": (Client(served.client.app, sent={"authorization": f"Bearer {WRITE_KEYS[tenant]}"}), forged),
        "no valid session": (Client(served.client.app, cookies={"session": "x"}), forged),
        **{name: (client, own_tokens) for name, client in analyst},
    }


def paths(served: Served, pattern: str, tokens: list[str], tenant: str) -> Iterator[str]:
    """Addresses of a route, also with the other tenant's name and ids in them."""
    other = OTHER[tenant]
    numbers = [entry.link.id for entry in served.site.ledger.entries()]
    values = {
        "token": tokens, "format": [*downloads(), "parquet"], "report": [*REPORTS, other], "number": numbers,
        "name": ["copy.js", "../links.db"],
    }  # fmt: skip
    addresses = [pattern]
    for name in re.findall(r"\{(\w+)\}", pattern):
        addresses = [address.replace(f"{{{name}}}", value) for address in addresses for value in values[name]]
    for address in addresses:
        yield address
        yield f"{address}?tenant={other}&report={REPORTS[0]}&period=90d&page=2"


def walk(
    served: Served, tenant: str, methods: tuple[str, ...] = METHODS, only: Collection[str] = ()
) -> Iterator[tuple[str, Answer]]:
    """Every place with its answer, for what may see `tenant` or nothing (of the credentials in `only`); also whose
    reports a sent form shares."""
    browsers = credentials(served, tenant)
    for name, (client, tokens) in browsers.items():
        if only and name not in only:
            continue
        proof = re.search(r'name="proof" value="([^"]+)"', client.get("/share").text)
        form = {"proof": proof[1] if proof else "", "tenant": OTHER[tenant], "report": REPORTS[0], "days": "7",
                "period": "30d", "rolling": "yes", "version": "0", "brand_voice": "changed"}  # fmt: skip
        for pattern in routes(client.app):
            for path in paths(served, pattern, tokens, tenant):
                for method in methods if "?" not in path else QUICK:
                    if pattern == "/links/{number}/revoke" and method == "POST":
                        continue  # it would end the links of the walk; test_own_pages has it
                    answer = client.post(path, form) if method == "POST" else client.send(method, path)
                    yield f"{name}: {method} {path}", answer
                    if answer.status == 303:
                        yield f"{name}: after {method} {path}", client.get(answer.headers["location"])
                        if not path.startswith("/share"):
                            continue
                        shared = served.site.ledger.entries()[0].link.tenant
                        yield f"{name}: shared by {method} {path}", Answer(200, Headers(), shared.encode())


def leaks(served: Served, tenant: str, *only: str) -> Iterator[str]:
    other = OTHER[tenant]
    words = (CANARIES[other], *WORDS[other])
    places = walk(served, tenant, QUICK, only)
    return (place for place, answer in places if any(word in text_of(answer) for word in words))


@pytest.mark.parametrize("tenant", sample(OTHER, "aurora"))
def test_no_route_shows_anything_of_another_tenant(served: Served, tenant: str) -> None:
    other, now = OTHER[tenant], served.site.now()
    served.site.settings.save(other, Profile(CANARIES[other]), Author("login", other), now, expected=0)
    places = list(walk(served, tenant))
    assert served.site.settings.newest(other).number == 1
    assert served.site.settings.newest(tenant).after.brand_voice == "changed"
    found_routes = {place.split(" ")[-1].partition("?")[0].split("/")[1] for place, _ in places}
    named = {"", "r", "reports", "share", "links", "assets", "robots.txt", "settings", "static", "collect"}
    assert named <= found_routes
    words = (CANARIES[OTHER[tenant]], *WORDS[OTHER[tenant]])
    assert [place for place, answer in places if any(word in text_of(answer) for word in words)] == []
    own_places = [place for place, answer in places if CANARIES[tenant] in text_of(answer)]
    assert any(place.startswith("a link: GET /r/") for place in own_places), "the walk sees no rows at all"
    assert any(place.startswith("a session: GET /reports/") for place in own_places)
    statuses = {answer.status for _, answer in places}
    assert {200, 303, 401, 403, 404, 405, 410} <= statuses and 500 not in statuses


def test_write_key_reads_nothing_and_adds_records_to_its_tenant_alone(served: Served) -> None:
    """Whatever else the request names: the other tenant in its address, in its body, a session of the other tenant."""
    event = {"event_id": "e1", "occurred_at": "2026-01-02T03:04:05Z", "event_name": "page_view"}
    browser = served.as_login("nordlicht")
    headers = {"authorization": f"Bearer {WRITE_KEYS['aurora']}", "content-type": "application/json"}
    for path in ("/collect", "/collect?tenant=nordlicht&write_key=" + WRITE_KEYS["nordlicht"]):
        body = json.dumps({"events": [event | {"tenant_id": "nordlicht"}]}).encode()
        assert browser.send("POST", path, headers=headers, body=body).status == 202
    refused = browser.send("POST", "/collect", headers=headers, body=json.dumps({"tenant": "nordlicht"}).encode())
    assert refused.status == 422
    folders = {collector.tenant: collected.files(collector.folder) for collector in served.site.collectors}
    assert folders["nordlicht"] == [] and len(folders["aurora"]) == 1
    reader = Client(served.client.app, sent={"authorization": headers["authorization"]})
    own = [answer for _, answer in walk(served, "aurora", ("GET",), ["a write key"])]
    assert own and not any(CANARIES["aurora"] in text_of(answer) for answer in own)
    assert reader.get("/api/v1/metrics").status == 401 and reader.get("/collect").status == 405


def test_operator_and_administrator_see_both(served: Served) -> None:
    """So that the walk's words are those by which the tenants are shown."""
    for name in ("ola", "admin"):
        for tenant, canary in CANARIES.items():
            text = text_of(served.as_login(name).get(f"/reports/product-performance?tenant={tenant}"))
            assert canary in text and WORDS[tenant][0] in text


def test_row_in_the_wrong_file_is_found(published: Path, tmp_path: Path) -> None:
    spoilt = copied(published, tmp_path / "published")
    with duckdb.connect(str(spoilt / "run-01" / "tenant-aurora.duckdb")) as db:
        db.execute(f"ATTACH '{spoilt / 'run-01' / 'tenant-nordlicht.duckdb'}' AS other (READ_ONLY)")
        row = "* REPLACE ('aurora' AS tenant_id, 'USD' AS currency)"
        db.execute(f"INSERT INTO marts.product_daily SELECT {row} FROM other.marts.product_daily LIMIT 50")
    places = leaks(served_by(spoilt, tmp_path), "aurora", "a link", "a session")
    assert {place.split(" GET /")[1].split("/")[0] for place in places if " GET /" in place} >= {"r", "reports"}


def served_by(published: Path, folder: Path) -> Served:
    site = site_of(published, folder / "state", Sessions())
    return Served(site, Sessions(), Client(application(site)))


def test_tenant_taken_from_the_address_is_found(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = own.asking

    async def trusting(request: Any, site: Any, chosen: str | None) -> Any:
        who = await honest(request, site, chosen)
        return replace(who, tenant=site.tenants.get(chosen, who.tenant))

    monkeypatch.setattr(own, "asking", trusting)
    places = list(leaks(served, "aurora", "a session"))
    assert any(place.startswith("a session: GET /reports/") for place in places)
    assert any(place.startswith("a session: shared by POST /share") for place in places)


def test_signature_that_is_not_checked_is_found(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "verify", lambda token, _: links._read(token))
    assert any(place.startswith("none: GET /r/") for place in leaks(served, "aurora"))


def test_link_that_does_not_end_is_found(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(served.site.ledger), "check", lambda *_: None)
    assert any(leaks(served, "aurora", "an ended link of the other tenant"))


def test_cache_that_forgets_the_tenant_is_found(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from serving.reader import Question

    monkeypatch.setattr(Question, "key", property(lambda self: (self.report, self.days, self.period, self.rolling)))
    for end in ("", "/csv"):
        served.client.get(f"/r/{served.token('nordlicht', REPORTS[0])}{end}")
    assert any(place.startswith("a link: GET /r/") for place in leaks(served, "aurora", "a link"))
