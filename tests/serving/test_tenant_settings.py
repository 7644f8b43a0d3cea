"""The settings of a store's assistant: read and changed by programs, every mistake at once, nobody's change is lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from serving.errors import ChangedMeanwhileError
from serving.tenant_api.history import Author, History
from serving.tenant_api.profile import NAMES, Profile
from serving.tokens import READING
from tests.serving.asgi import Answer, Client
from tests.serving.conftest import Served
from tests.serving.test_api import problem, schema_of

ROOT = "/api/dashboard/aurora"
FULL = {
    "description": "Tents and boots.\nSince 1987.", "brand_voice": "Friendly, brief.", "temperature": 0.7,
    "store_url": "https://aurora.example.com/shop?lang=en", "logo_url": "https://cdn.example.com:8443/logo.png",
    "max_products": 5,
}  # fmt: skip
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def put(client: Client, content: Any, headers: dict[str, str], path: str = f"{ROOT}/settings") -> Answer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.send("PUT", path, headers={"content-type": "application/json", **headers}, body=body)


def info(client: Client, headers: dict[str, str] | None = None) -> Answer:
    answer = client.send("GET", f"{ROOT}/info", headers=headers)
    assert answer.status == 200, answer.text
    schema_of("AssistantInfo").validate(json.loads(answer.body))
    return answer


def writer(served: Served, tenant: str = "aurora") -> dict[str, str]:
    return served.bearer(tenant, ["settings"])


def test_settings_that_are_saved_are_read_back_by_a_reading_token(served: Served) -> None:
    before = json.loads(info(served.client, served.bearer(scopes=READING)).body)
    assert before["settings"] == dict.fromkeys(NAMES) and before["version"] == 0
    answer = put(served.client, FULL, writer(served))
    assert answer.status == 200, answer.text
    read = info(served.client, served.bearer(scopes=["alerts"]))
    assert read.body == answer.body and read.headers["etag"] == answer.headers["etag"]
    content = json.loads(read.body)
    assert content["settings"] == FULL and content["version"] == 1 and content["changed_by"].startswith("token ")
    assert content["tenant"] == {"id": "aurora", "name": "Aurora Outdoor", "time_zone": "America/New_York"}
    same = served.client.get(f"{ROOT}/info", {**served.bearer(), "if-none-match": read.headers["etag"]})
    assert (same.status, same.body) == (304, b"")


def test_field_that_is_left_out_stays_and_null_clears(served: Served) -> None:
    headers = writer(served)
    put(served.client, FULL, headers)
    answer = put(served.client, {"temperature": 0, "logo_url": None, "brand_voice": "  "}, headers)
    expected = {**FULL, "temperature": 0, "logo_url": None, "brand_voice": None}
    assert json.loads(answer.body)["settings"] == expected
    version = served.site.settings.newest("aurora")
    assert version.changed == ["brand_voice", "logo_url", "temperature"]
    assert version.before.temperature == Decimal("0.7") and version.number == 2
    assert json.loads(put(served.client, {"temperature": 0.0}, headers).body)["version"] == 2, "nothing was changed"


WRONG: dict[str, tuple[Any, ...]] = {
    "description": (1, True, ["x"], {"x": 1}, "x" * 2001, "a\x00b", "\x1b[31m", "\ud800"),
    "brand_voice": (0.5, "y" * 2001, "bell \x07"),
    "store_url": ("http://a.example.com", "shop.example.com", "https://", "javascript:alert(1)", "https://localhost/",
                  "https://user:pw@a.example.com", "https://@a.example.com", "https://a.example.com/a b", 7,
                  "https://10.0.0.1/", "https://[::1]/", "https://a.example.com:99999/", "https://a..example.com",
                  "https://-a.example.com", "https://ü.example.com", 'https://a.example.com/"><script>',
                  "https://a.example.com\\@b.example.com", "https://a.example.com/" + "x" * 2000),
    "logo_url": ("//a.example.com/x.png", "data:image/png;base64,AAAA", "https://a.example.com\n.evil.example.com"),
    "temperature": (-0.1, 2.001, 3, "0.7", True, [0.7], 0.7001, 10**400),
    "max_products": (0, -1, 101, 2.5, "5", False, 10**30),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_value_that_cannot_be_stored_is_refused_with_its_name(served: Served, name: str) -> None:
    headers = writer(served)
    for value in WRONG[name]:
        content = problem(put(served.client, {**FULL, name: value}, headers), 400)
        assert [item["parameter"] for item in content["errors"]] == [name], value
        assert content["errors"][0]["what"].startswith(name), content
    assert served.site.settings.newest("aurora").number == 0, "something of a request with a mistake was stored"


@pytest.mark.parametrize("text", [b'{"temperature": NaN}', b'{"temperature": Infinity}', b'{"temperature": 1e999999}',
                                  b'{"max_products": 1e999999999999}', b'{"temperature": -1E-9}'])  # fmt: skip
def test_number_that_is_none_is_refused(served: Served, text: bytes) -> None:
    problem(put(served.client, text, writer(served)), 400)


def test_every_mistake_is_named_at_once(served: Served) -> None:
    sent = {"temprature": 1, "tenant_id": "nordlicht", "store_url": "x", "max_products": 1000, "brand_voice": "x"}
    content = problem(put(served.client, sent, writer(served)), 400)
    assert {item["parameter"] for item in content["errors"]} == {"temprature", "tenant_id", "store_url", "max_products"}
    assert content["errors"][0]["near"] == ["temperature"]
    for body in (b"", b"[]", b"{}", b"null", b'"x"', b"{", b'{"temperature": 1, "temperature": 2}', b"\xff"):
        assert problem(put(served.client, body, writer(served)), 400)["errors"][0]["parameter"] == "body"
    assert served.site.settings.versions("aurora") == []


def test_text_of_any_script_is_stored_as_it_is(served: Served) -> None:
    text = "Grüße, 你好, مرحبا, 👩‍👩‍👧 <b>&\"'`{{ 7*7 }}` =1+1"
    put(served.client, {"description": text, "brand_voice": "a\r\nb\rc\td"}, writer(served))
    settings = json.loads(info(served.client, served.bearer()).body)["settings"]
    assert settings["description"] == text and settings["brand_voice"] == "a\nb\nc\td"


def test_program_that_read_an_older_version_changes_nothing(served: Served) -> None:
    headers = writer(served)
    tag = info(served.client, headers).headers["etag"]
    assert put(served.client, {"max_products": 3}, {**headers, "if-match": tag}).status == 200
    content = problem(put(served.client, {"max_products": 4}, {**headers, "if-match": tag}), 412)
    assert content["type"].endswith(":changed") and "version 1" in content["detail"]
    newest = info(served.client, headers).headers["etag"]
    assert put(served.client, {"max_products": 4}, {**headers, "if-match": f'"x", {newest}'}).status == 200
    assert put(served.client, {"max_products": 5}, {**headers, "if-match": "*"}).status == 200


def test_of_many_changes_of_one_version_exactly_one_is_written(tmp_path: Path) -> None:
    def attempt(number: int) -> bool:
        try:
            profile = Profile(max_products=number)
            History(tmp_path).save("aurora", profile, Author("login", f"p{number}"), NOW, expected=0)
        except ChangedMeanwhileError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(1, 17))) == 1
    assert [version.number for version in History(tmp_path).versions("aurora")] == [1]


def test_reading_token_may_not_change_anything(served: Served) -> None:
    content = problem(put(served.client, FULL, served.bearer(scopes=READING)), 403)
    assert content["title"] == "The token may not change settings" and "--scope settings" in content["next"]
    assert served.site.settings.newest("aurora").number == 0


@pytest.mark.parametrize(("login", "status"), [("aurora", 200), ("admin", 200), ("maria", 403), ("ola", 403),
                                               ("nobody", 404), ("both", 404), ("nordlicht", 404)])  # fmt: skip
def test_only_an_owner_of_the_tenant_changes_settings_with_a_login(served: Served, login: str, status: int) -> None:
    client = served.as_login(login)
    answer = put(client, {"max_products": 3}, {"origin": "http://127.0.0.1:8090"})
    assert answer.status == status, answer.text
    if status == 403:
        assert "account's owner" in json.loads(answer.body)["next"]
    author = served.site.settings.newest("aurora").author
    assert author == (Author("login", login) if status == 200 else None)


@pytest.mark.parametrize("headers", [
    {}, {"origin": "https://evil.example.com"}, {"origin": "http://127.0.0.1:8088"},
    {"origin": "null", "sec-fetch-site": "cross-site"},
])  # fmt: skip
def test_request_of_another_site_changes_nothing(served: Served, headers: dict[str, str]) -> None:
    content = problem(put(served.as_login("aurora"), {"max_products": 3}, headers), 403)
    assert content["type"].endswith(":origin")
    assert served.site.settings.newest("aurora").number == 0


def test_session_that_ended_and_superset_that_is_down_are_said(served: Served) -> None:
    served.sessions.ended.add("aurora")
    client = served.as_login("aurora")
    assert problem(client.get(f"{ROOT}/info"), 401)["type"].endswith(":no-token")
    served.sessions.down = True
    assert problem(client.get(f"{ROOT}/info"), 503)["type"].endswith(":logins")


def test_source_fills_in_what_nobody_has_changed(tmp_path: Path) -> None:
    history = History(tmp_path)
    assert history.of_source("aurora", Profile(description="From the store"), "postgres / assistant", NOW)
    assert not history.of_source("aurora", Profile(description="From the store"), "postgres / assistant", NOW)
    assert history.of_source("aurora", Profile(description="Newer"), "postgres / assistant", NOW)
    last = history.newest("aurora")
    history.save("aurora", replace(last.after, max_products=3), Author("login", "aurora"), NOW, expected=last.number)
    assert not history.of_source("aurora", Profile(description="Newest"), "postgres / assistant", NOW)
    assert history.newest("aurora").after == Profile(description="Newer", max_products=3)
    assert [str(version.author) for version in history.versions("aurora")] == [
        "aurora", "source postgres / assistant", "source postgres / assistant",
    ]  # fmt: skip
    assert history.newest("nordlicht").number == 0


def test_to_read_makes_no_file(tmp_path: Path) -> None:
    assert History(tmp_path).newest("aurora").number == 0 and History(tmp_path).versions() == []
    assert list(tmp_path.iterdir()) == []


def test_tenant_that_is_renamed_keeps_its_settings_and_a_removed_one_leaves_none(tmp_path: Path) -> None:
    history, author = History(tmp_path), Author("login", "aurora")
    assert history.rename("aurora", "dawn") == 0 and not history.clear("aurora", "x", NOW) and not history.path.exists()
    history.save("aurora", Profile(max_products=3), author, NOW, expected=0)
    assert history.rename("aurora", "dawn") == 1
    assert history.newest("dawn").after.max_products == 3 and history.newest("aurora").number == 0
    history.save("aurora", Profile(max_products=4), author, NOW, expected=0)
    assert history.rename("aurora", "dawn") == 0, "the new id has settings of its own"
    assert history.clear("dawn", "root (command line)", NOW)
    assert history.newest("dawn").after == Profile() and history.newest("dawn").number == 2
    assert str(history.newest("dawn").author) == "root (command line)"
