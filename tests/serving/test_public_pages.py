"""What somebody with a link sees, and what every answer carries."""

from __future__ import annotations

import csv
import io
import logging
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from semantic import periods, query
from serving import links
from serving.app import application
from tests.serving.asgi import Answer, Client
from tests.serving.conftest import ZONE, Served, Sessions, copied, publish_again, site_of

DAYS = (date.today() - timedelta(days=20), date.today() - timedelta(days=11))
COMMON = {
    "referrer-policy": "no-referrer", "x-robots-tag": "noindex, nofollow, noarchive", "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
}  # fmt: skip


def test_link_shows_the_report_of_its_tenant_and_days(served: Served) -> None:
    answer = served.client.get(f"/r/{served.token(days=DAYS)}")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>Revenue Overview</h1>" in answer.text and "Aurora Outdoor" in answer.text
    assert "Nordlicht" not in answer.text


def test_downloaded_csv_has_its_name_its_bytes_and_the_numbers_of_the_query(served: Served) -> None:
    answer = served.client.get(f"/r/{served.token(days=DAYS)}/csv")
    name = f"revenue-overview-{DAYS[0]}-{DAYS[1]}.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.body.startswith(b"\xef\xbb\xbfdate,") and answer.body.endswith(b"\r\n")
    assert b"\n" not in answer.body.replace(b"\r\n", b"")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    answered = query.ask(
        served.site.published, ["net_sales"], ["day"], start=DAYS[0], end=DAYS[1], tenant="aurora"
    ).to_pylist()  # fmt: skip
    assert len(rows) == 10
    assert {row["date"]: row["net_sales_usd"] for row in rows} == {
        row["day"].isoformat(): str(row["net_sales"]) for row in answered
    }


def test_rolling_link_moves_with_the_tenants_calendar_and_says_so(
    served: Served, published: Path, tmp_path: Path
) -> None:
    clock = [datetime.now(UTC)]
    site = replace(served.site, now=lambda: clock[0])
    client = Client(application(site))
    moving, fixed = served.token(rolling="7d"), served.token(days=periods.whole("7d", ZONE, clock[0]))
    first = [client.get(f"/r/{token}/csv").headers["content-disposition"] for token in (moving, fixed)]
    assert first[0] == first[1]
    assert "rolling" in client.get(f"/r/{moving}").text.lower() or "7d" in client.get(f"/r/{moving}").text
    clock[0] += timedelta(days=3)
    later = [client.get(f"/r/{token}/csv").headers["content-disposition"] for token in (moving, fixed)]
    assert later[1] == first[1] and later[0] != first[0]


def same_answers(answers: list[Answer]) -> bool:
    return len({(answer.status, answer.body, tuple(sorted(answer.headers.items()))) for answer in answers}) == 1


def test_every_cause_of_refusal_gives_the_same_bytes(served: Served) -> None:
    token, foreign = served.token(), served.token("nordlicht")
    forged = links.sign(replace(served.link(), tenant="nobody-at-all"), served.site.keys)
    text, _, signature = token.partition(".")
    bad = ["x", "a.b", text, f"{text}.{signature[:-2]}xx", f"{foreign.partition('.')[0]}.{signature}", token.swapcase(),
           f"{forged.partition('.')[0]}.{signature}", "A" * 5000]  # fmt: skip
    answers = [served.client.get(f"/r/{item}{end}") for item in bad for end in ("", "/csv", "/pdf", "/nothing")]
    assert same_answers(answers)
    assert answers[0].status == 403 and "This link is not valid" in answers[0].text
    assert all(word not in answers[0].text.lower() for word in ("aurora", "nordlicht", "nobody"))


@pytest.mark.parametrize("end", ["", "/csv"])
def test_expired_and_revoked_links_say_what_happened_and_nothing_else(served: Served, end: str) -> None:
    expired = served.token(lifetime=timedelta(seconds=-1))
    withdrawn = served.link()
    served.site.ledger.revoke(withdrawn.id, "aurora", datetime.now(UTC))
    unknown = replace(served.link(), tenant="former")
    answers = [served.client.get(f"/r/{token}{end}") for token in
               (expired, links.sign(withdrawn, served.site.keys), links.sign(unknown, served.site.keys))]  # fmt: skip
    assert [answer.status for answer in answers] == [410, 410, 410]
    assert "has expired" in answers[0].text and "was withdrawn" in answers[1].text
    assert same_answers(answers[1:])
    assert not any("aurora" in answer.text.lower() for answer in answers)
    assert all("Ask the sender for a new link" in answer.text for answer in answers)


def everything(served: Served) -> list[Answer]:
    """One answer of every kind."""
    token, owner = served.token(), served.as_login("aurora")
    paths = [f"/r/{token}", f"/r/{token}/csv", "/r/x", "/robots.txt", "/favicon.ico", "/assets/copy.js", "/", "/share",
             "/nothing", "/assets/none.css", "/links/x", "/reports/revenue-overview"]  # fmt: skip
    return [
        *(served.client.get(path) for path in paths), *(owner.get(path) for path in paths),
        served.client.send("DELETE", f"/r/{token}"), owner.post("/share", {}), served.client.post("/share", {}),
        served.client.get("/", {"host": "evil.example"}),
    ]  # fmt: skip


def test_every_answer_carries_the_same_protection(served: Served) -> None:
    for answer in everything(served):
        assert {name: answer.headers[name] for name in COMMON} == COMMON
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy
        assert answer.headers["cache-control"].startswith("private")


def test_pages_ask_no_other_host_for_anything(served: Served) -> None:
    addresses = re.compile(r"""(?:src|href|action)=["']([^"']*)["']|url\(([^)]*)\)|@import""")
    for answer in everything(served):
        addressed = ["".join(match.groups(default="")) for match in addresses.finditer(answer.text)]
        foreign = [item for item in addressed if not item.startswith(("/", "#", "?", "data:", "http://127.0.0.1:"))]
        assert foreign == []
        if answer.headers["content-type"].startswith("text/html"):
            assert '<meta name="robots" content="noindex' in answer.text
    assert served.client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_head_is_answered_like_get(served: Served) -> None:
    for path in (f"/r/{served.token()}", f"/r/{served.token()}/csv", "/r/x", "/robots.txt", "/"):
        get, head = served.client.get(path), served.client.send("HEAD", path)
        assert head.status == get.status
        assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize(("host", "status"), [
    ("127.0.0.1:8090", 403), ("localhost", 403), ("takings.example.com:8443", 403), ("evil.example", 400),
    ("takings.example.com.evil.example", 400), ("", 400),
])  # fmt: skip
def test_only_the_configured_names_are_answered(served: Served, host: str, status: int) -> None:
    app = application(replace(served.site, address="https://takings.example.com:8443"))
    assert Client(app, host).get("/r/x").status == status


def test_no_address_is_answered_by_a_redirect_to_the_host_that_was_named(served: Served) -> None:
    """Behind a web server with https it would lead to http."""
    for path in ("/share/", "/reports/revenue-overview/", f"/r/{served.token()}/"):
        answer = served.as_login("aurora").get(path)
        assert answer.status == 404 and "location" not in answer.headers


def test_log_holds_no_token_and_no_address(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    token = served.token()
    with caplog.at_level(logging.DEBUG):
        for path in (
            f"/r/{token}",
            f"/r/{token}/csv",
            f"/r/{token}x",
            f"/r/{token}/xml",
            f"/R/{token}",
            f"/{token}?{token}",
        ):
            served.client.get(path)
    lines = [record.getMessage() for record in caplog.records if record.name == "takings.serving"]
    assert len(lines) == 6 and lines[0].startswith("GET /r/{token} 200 ")
    assert not any(part in record.getMessage() for record in caplog.records for part in token.split("."))


def test_failure_is_a_page_that_tells_nothing(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(served.site.ledger, "check", fail)
    answer = served.client.get(f"/r/{served.token()}")
    assert answer.status == 500 and "Something went wrong here" in answer.text
    assert "secret" not in answer.text and answer.headers["referrer-policy"] == "no-referrer"


def test_without_a_published_build_the_page_says_so(tmp_path: Path) -> None:
    site = site_of(tmp_path / "published", tmp_path / "state", Sessions())
    client = Client(application(site))
    served = Served(site, Sessions(), client)
    answer = client.get(f"/r/{served.token()}")
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert "Nothing has been published yet" in answer.text


def test_new_build_is_shown_at_once(published: Path, tmp_path: Path) -> None:
    own = copied(published, tmp_path / "published")
    site = site_of(own, tmp_path / "state", Sessions())
    served = Served(site, Sessions(), Client(application(site)))
    token = served.token()
    before = [served.client.get(f"/r/{token}/csv").body for _ in range(2)]
    publish_again(own, published / "run-01", "run-02", scale=3)
    after = served.client.get(f"/r/{token}/csv").body
    assert before[0] == before[1] != after


@pytest.mark.parametrize("part", ["0", "-1", "x", "1e9", "999999999999"])
def test_impossible_part_of_a_table_is_no_page(served: Served, part: str) -> None:
    assert served.client.get(f"/r/{served.token()}?page={part}").status == 404


def test_long_table_is_shown_in_parts(served: Served) -> None:
    token = served.token(rolling="60d")
    first, second = (served.client.get(f"/r/{token}?page={number}").text for number in (1, 2))
    assert f'href="/r/{token}?page=2"' in first and f'href="/r/{token}?page=1"' in second
    assert first.count("<tr>") > second.count("<tr>") > 1


def test_parts_behind_the_last_one_are_the_last_one_and_are_kept_once(served: Served) -> None:
    token = served.token(rolling="60d")
    last, *behind = (served.client.get(f"/r/{token}?page={number}").body for number in (2, 3, 99_999))
    assert behind == [last, last]


@pytest.mark.parametrize("headers", [{}, {"content-length": "5"}])
def test_large_body_is_refused_before_it_is_read(served: Served, headers: dict[str, str]) -> None:
    form = {"report": "x" * 30_000, "days": "7"}
    assert served.client.post("/share", form, headers).status == 413
    assert served.client.post("/share", {"report": "x", "days": "7"}).status == 401


@pytest.mark.parametrize(("format", "media", "start"), [
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
    ("pdf", "application/pdf", b"%PDF-"),
])  # fmt: skip
def test_other_downloads_have_their_type_and_name(served: Served, format: str, media: str, start: bytes) -> None:
    answer = served.client.get(f"/r/{served.token(days=DAYS)}/{format}")
    assert (answer.status, answer.headers["content-type"]) == (200, media)
    name = f"revenue-overview-{DAYS[0]}-{DAYS[1]}.{format}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.body.startswith(start) and len(answer.body) > 5_000
