"""What people with a login see and may do: their own tenant, by its login alone; forms that only our pages can send."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pytest

from semantic import periods
from semantic.warehouse import open_build
from serving.app import application
from serving.links import Link, verify
from serving.people import of_roles
from tests.serving.asgi import Answer, Client, loop
from tests.serving.conftest import ROLES, ZONE, Served, Sessions, copied, site_of

FORM = {"report": "sales-velocity", "period": "7d", "days": "7"}


def proof(client: Client, path: str = "/share") -> str:
    match = re.search(r'name="proof" value="([^"]+)"', client.get(path).text)
    return match[1] if match else ""


def make(client: Client, **changes: str) -> Answer:
    return client.post("/share", {"proof": proof(client), **FORM, **changes})


def link_of(served: Served, client: Client, answer: Answer) -> Link:
    """The link whose page an answer leads to."""
    assert answer.status == 303, answer.text[-600:]
    page = client.get(answer.headers["location"]).text
    match = re.search(r'<input id="url" value="http://127\.0\.0\.1:8090/r/([^"]+)" readonly', page)
    assert match
    return verify(match[1], served.site.keys)


@pytest.mark.parametrize(("name", "tenant", "sees_all", "may_share"), [
    ("aurora", "aurora", False, True), ("maria", "aurora", False, False), ("ola", None, True, False),
    ("admin", None, True, True),
])  # fmt: skip
def test_roles_decide_tenant_and_permission(name: str, tenant: str | None, sees_all: bool, may_share: bool) -> None:
    person = of_roles(name, ROLES[name])
    assert (person.tenant, person.sees_all, person.may_share) == (tenant, sees_all, may_share)


OTHER_ROLES = ([], ["Gamma"], ["tenant:aurora", "tenant:nordlicht"], ["tenant:"], ["xtenant:aurora"])


@pytest.mark.parametrize("roles", OTHER_ROLES)
def test_roles_without_exactly_one_tenant_have_none(roles: list[str]) -> None:
    person = of_roles("somebody", roles)
    assert (person.tenant, person.sees_all, person.may_share) == (None, False, False)


@pytest.mark.parametrize("name", ["nobody", "both"])
def test_login_without_a_tenant_gets_no_page_with_numbers(served: Served, name: str) -> None:
    client = served.as_login(name)
    answers = [client.get(path) for path in ("/", "/share", "/reports/revenue-overview/csv", "/?tenant=aurora")]
    assert {answer.status for answer in answers} == {403}
    assert all("Your login has no reports" in answer.text and "aurora" not in answer.text for answer in answers)


def test_link_of_two_clicks_shows_the_chosen_report_for_the_chosen_time(served: Served) -> None:
    owner = served.as_login("aurora")
    link = link_of(served, owner, make(owner, days="30"))
    today = periods.local_day(datetime.now(UTC), ZONE)
    days = today - timedelta(days=7), today - timedelta(days=1)
    assert (link.tenant, link.report, link.days, link.rolling) == ("aurora", "sales-velocity", days, None)
    assert abs(link.expiry - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=5)
    entry = served.site.ledger.find(link.id)
    assert entry and entry.made_by == "aurora"


def test_form_and_link_say_that_a_report_names_customers(served: Served) -> None:
    owner = served.as_login("aurora")
    naming, other = owner.get("/share?report=customer-spend").text, owner.get("/share?report=revenue-overview").text
    assert "This report names customers" in naming and "This report names customers" not in other
    assert "Customer Spend (names customers)</option>" in other and "Top Customers (names customers)</option>" in other
    assert other.count("(names customers)") == 2
    places = [make(owner, report=report).headers["location"] for report in ("top-customers", "top-products")]
    assert ["This report names customers" in owner.get(address).text for address in places] == [True, False]


def test_rolling_and_free_days_are_as_chosen(served: Served) -> None:
    owner = served.as_login("aurora")
    assert link_of(served, owner, make(owner, rolling="yes")).rolling == "7d"
    free = link_of(served, owner, make(owner, first="2026-01-02", last="2026-01-05"))
    assert free.days and [day.isoformat() for day in free.days] == ["2026-01-02", "2026-01-05"]


@pytest.mark.parametrize(("changes", "message"), [
    ({"days": "91"}, "A link lasts from 1 to 90 days"), ({"days": "0"}, "A link lasts from 1 to 90 days"),
    ({"report": "none"}, "This report does not exist"), ({"period": "13 moons"}, "Unknown period"),
    ({"first": "2026-01-02"}, "One of the two days is missing"),
    ({"first": "2026-01-02", "last": "2026-01-01"}, "No days from"),
    ({"first": "2026-01-02", "last": "2026-01-05", "rolling": "yes"}, "cannot roll"),
])  # fmt: skip
def test_form_that_cannot_be_carried_out_says_why_and_keeps_what_was_chosen(
    served: Served, changes: dict[str, str], message: str
) -> None:
    answer = make(served.as_login("aurora"), **changes)
    assert answer.status == 422 and message in answer.text
    assert '<option value="sales-velocity" selected>' in answer.text or "report" in changes
    assert served.site.ledger.entries() == []


@pytest.mark.parametrize("name", ["maria", "ola"])
def test_login_without_admin_access_is_sent_to_the_owner(served: Served, name: str) -> None:
    client, link = served.as_login(name), served.link()
    for answer in (client.get("/share"), client.post("/share", FORM), client.get(f"/links/{link.id}"),
                   client.post(f"/links/{link.id}/revoke", {})):  # fmt: skip
        assert (
            answer.status == 403
            and "admin.access" in answer.text
            and "Ask your account's owner" in answer.text.replace("&#39;", "'")
        )
    index = client.get("/").text
    assert "/share?" not in index and link.id not in index
    assert served.site.ledger.live(datetime.now(UTC))


@pytest.mark.parametrize(
    "path", ["/", "/share", "/reports/revenue-overview", "/reports/revenue-overview/csv", "/links/x"]
)
@pytest.mark.parametrize("cookies", [{}, {"session": "stranger-session"}, {"session": ""}])
def test_pages_of_a_login_need_one(served: Served, path: str, cookies: dict[str, str]) -> None:
    answer = Client(served.client.app, cookies=cookies).get(path)
    assert answer.status == 401
    assert 'href="http://127.0.0.1:8088/login/' in answer.text
    assert "aurora" not in answer.text.lower()


@pytest.mark.parametrize("path", ["/", "/share", "/reports/top-products", "/reports/top-products/csv"])
def test_tenant_in_the_address_counts_for_nobody_who_has_one(served: Served, path: str) -> None:
    for name in ("aurora", "maria"):
        client = served.as_login(name)
        own, named = client.get(path), client.get(f"{path}?tenant=nordlicht")
        assert own.status == named.status
        assert "nordlicht" not in named.text.lower() and "plover" not in named.text.lower()
        assert own.body == named.body
    for name in ("admin", "ola"):
        answer = served.as_login(name).get(f"{path}?tenant=nordlicht")
        assert "nordlicht" in answer.text.lower() or "plover" in answer.text.lower() or answer.status == 403


def test_administrator_shares_for_the_tenant_that_is_chosen_on_the_page(served: Served) -> None:
    admin = served.as_login("admin")
    link = link_of(served, admin, make(admin, tenant="nordlicht"))
    assert link.tenant == "nordlicht"
    assert link.id in admin.get("/?tenant=nordlicht").text and link.id not in admin.get("/?tenant=aurora").text


def test_links_of_another_tenant_can_neither_be_seen_nor_ended(served: Served) -> None:
    link, owner = served.link("nordlicht"), served.as_login("aurora")
    page = owner.get(f"/links/{link.id}")
    assert (page.status, page.body) == (404, owner.get("/links/000000000000").body)
    assert owner.post(f"/links/{link.id}/revoke", {"proof": proof(owner), "tenant": "nordlicht"}).status == 404
    assert served.site.ledger.live(datetime.now(UTC))


def test_revoked_link_ends_for_strangers_and_leaves_the_list(served: Served) -> None:
    owner, token, link = served.as_login("aurora"), served.token(), served.link()
    assert link.id in owner.get("/").text
    assert owner.post(f"/links/{link.id}/revoke", {"proof": proof(owner)}).status == 303
    assert link.id not in owner.get("/").text
    assert served.client.get(f"/r/{token}").status == 200
    assert "was revoked" in owner.get(f"/links/{link.id}").text


OWN = "http://127.0.0.1:8090"


@pytest.mark.parametrize(("headers", "status"), [
    ({"origin": OWN}, 303),
    ({"origin": "null", "sec-fetch-site": "same-origin"}, 303),  # a browser, from a page without referrer
    ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
    ({"origin": "null", "sec-fetch-site": "same-site"}, 403),
    ({"origin": "http://127.0.0.1:8088"}, 403),
    ({"origin": "https://evil.example"}, 403),
    ({"origin": f"{OWN}.evil.example"}, 403),
])  # fmt: skip
def test_form_counts_only_from_a_page_of_ours(served: Served, headers: Mapping[str, str], status: int) -> None:
    owner = served.as_login("aurora")
    answer = owner.post("/share", {"proof": proof(owner), **FORM}, headers)
    assert answer.status == status
    assert len(served.site.ledger.entries()) == (status == 303)


def test_form_needs_the_proof_of_its_login_and_its_browser(served: Served) -> None:
    owner, other_browser, colleague = (served.as_login(name) for name in ("aurora", "aurora", "nordlicht"))
    own = proof(owner)
    bad = [
        "",
        "k1.",
        "k1.x",
        "k9." + own.partition(".")[2],
        own[:-1],
        own + "x",
        proof(other_browser),
        proof(colleague),
    ]
    assert [owner.post("/share", {**FORM, "proof": item}).status for item in bad] == [403] * len(bad)
    without_cookie = Client(owner.app, cookies={"session": "aurora-session"})
    assert without_cookie.post("/share", {**FORM, "proof": own}).status == 403
    assert served.site.ledger.entries() == []
    assert owner.post("/share", {**FORM, "proof": own}).status == 303


def test_cookie_of_a_form_is_kept_from_scripts_and_other_sites(served: Served) -> None:
    cookie = served.as_login("aurora").get("/share").headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie
    app = application(replace(served.site, address="https://takings.example.com:8443"))
    client = Client(app, "takings.example.com:8443", {"session": "aurora-session"})
    assert "secure" in client.get("/share").headers["set-cookie"].lower()


def test_link_and_dashboards_have_the_public_address(served: Served) -> None:
    app = application(replace(served.site, address="https://takings.example.com:8443"))
    client = Client(app, "takings.example.com:8443", {"session": "aurora-session"})
    index = client.get("/").text
    assert 'href="https://takings.example.com/superset/dashboard/home/"' in index
    link = served.link()
    assert 'value="https://takings.example.com:8443/r/' in client.get(f"/links/{link.id}").text


def test_logout_counts_at_the_next_request(served: Served) -> None:
    owner = served.as_login("aurora")
    assert owner.get("/").status == 200
    served.sessions.ended.add("aurora")
    assert owner.get("/").status == 401


def test_links_open_while_superset_hangs(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """More browsers with a session wait for it than the process has threads."""
    answers, hangs = threading.Event(), served.sessions.person
    monkeypatch.setattr(served.sessions, "person", lambda cookie: hangs(cookie) if answers.wait(60) else None)
    owner, path = served.as_login("aurora"), f"/r/{served.token()}"

    async def open_all() -> tuple[int, list[int]]:
        waiting = [asyncio.create_task(owner.ask("GET", "/")) for _ in range(60)]
        await asyncio.sleep(0)
        try:
            link = await asyncio.wait_for(served.client.ask("GET", path), 30)
        finally:
            answers.set()
        return link.status, [answer.status for answer in await asyncio.gather(*waiting)]

    assert loop().run_until_complete(open_all()) == (200, [200] * 60)


def test_damaged_keys_are_a_page_and_a_line_of_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    path = f"/r/{served.token()}"
    served.site.keys.path.write_text("{")
    answer = served.client.get(path)
    assert answer.status == 500 and "Something went wrong here" in answer.text and "keys.json" not in answer.text
    assert [line for line in caplog.messages if "keys.json is damaged" in line and "Traceback" not in line]


def test_links_open_while_superset_is_down_and_logins_get_a_clear_page(served: Served) -> None:
    token, served.sessions.down = served.token(), True
    answer = served.as_login("aurora").get("/")
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert "Logins cannot be checked right now" in answer.text
    assert served.client.get(f"/r/{token}").status == 200
    assert served.client.get(f"/r/{token}/csv").status == 200


def test_old_numbers_are_named_on_the_index(served: Served) -> None:
    with open_build(served.site.published, "aurora") as build:
        as_of = build.as_of()
    assert as_of
    for hours, is_old in ((1, False), (73, True)):
        instant = as_of.replace(tzinfo=UTC) + timedelta(hours=hours)
        app = application(replace(served.site, now=partial(datetime.astimezone, instant)))
        index = Client(app, cookies={"session": "aurora-session"}).get("/").text
        assert ("The sources were last read 3 days ago" in index) == is_old


@pytest.mark.parametrize(("difference", "words"), [(None, ""), (0, "Agrees with the sources"), (5, "on 1 day")])
def test_index_says_whether_the_totals_agree_with_the_sources(
    published: Path, tmp_path: Path, difference: int | None, words: str
) -> None:
    own = copied(published, tmp_path / "published")
    with duckdb.connect(str(own / "run-01" / "tenant-aurora.duckdb")) as db:
        db.execute("DELETE FROM marts.reconciliation")
        if difference is not None:
            names = "tenant_id, source, source_account, date_day, metric, difference_minor"
            values = ["aurora", "shopify", "aurora", date(2026, 3, 1), "net_sales", difference]
            db.execute(f"INSERT INTO marts.reconciliation ({names}) VALUES (?, ?, ?, ?, ?, ?)", values)
    site = site_of(own, tmp_path / "state", Sessions())
    index = Client(application(site), cookies={"session": "aurora-session"}).get("/").text
    assert words in index
    assert ("Agrees with the sources" in index, "differ from the source" in index) == (
        difference == 0,
        bool(difference),
    )


def test_reports_of_ones_own_are_listed_and_a_broken_one_is_named(served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "weekly.yml").write_text(
        "title: Weekly\nquestion: How was it?\nby: [week]\ncolumns: {week: week, net: net_sales}\n"
    )
    (folder / "broken.yml").write_text("title: [")
    (folder / "unknown.yml").write_text("title: U\nquestion: Q?\ncolumns: {sales: no_such_metric}\n")
    app = application(replace(served.site, custom=folder))
    client = Client(app, cookies={"session": "aurora-session"})
    index = client.get("/").text
    assert 'href="/reports/weekly?period="' in index and "The file of the report broken has a mistake" in index
    assert client.get("/reports/weekly").status == 200
    assert link_of(served, client, make(client, report="weekly")).report == "weekly"
    assert "The file of the report unknown has a mistake" in index and "/reports/unknown" not in index
    assert {make(client, report=name).status for name in ("broken", "unknown")} == {422}


def test_kept_page_leads_to_the_host_that_was_asked(served: Served) -> None:
    for host in ("127.0.0.1", "localhost"):
        client = Client(served.client.app, f"{host}:8090", {"session": "aurora-session"})
        assert f'href="http://{host}:8088/"' in client.get("/reports/revenue-overview").text


def test_report_without_days_has_its_own(served: Served) -> None:
    client = Client(application(served.site), cookies={"session": "aurora-session"})
    assert "(365 days)" in client.get("/reports/cohort-retention").text
    assert "(30 days)" in client.get("/reports/revenue-overview?period=").text
    assert "(7 days)" in client.get("/reports/cohort-retention?period=7d").text
