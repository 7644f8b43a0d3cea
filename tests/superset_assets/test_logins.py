"""Sessions end, wrong passwords are limited, and a password that a tenant has set stays."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from superset_assets import access
from superset_assets.client import LoopbackCookies, call, ids_by_uuid, send
from superset_assets.errors import RequestFailedError
from superset_assets.names import asset_uuid
from superset_assets.process import Login
from tests.superset_assets.conftest import COLLEAGUES, TENANTS, Running

NEW = "a longer password of aurora"
FORM = "/resetmypassword/form"


class Browser:
    """A browser as far as Superset sees it: cookies, and the token of each form."""

    def __init__(self, superset: Running, address: str = "") -> None:
        self.url, self.session = superset.server.url, requests.Session()
        self.session.cookies = LoopbackCookies()
        if address:
            self.session.headers["X-Forwarded-For"] = address

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.url + path, timeout=60)

    def submit(self, path: str, **fields: str) -> requests.Response:
        """Fill in the form at `path` and send it."""
        page = self.get(path).text.replace("&#34;", '"').replace("&quot;", '"')
        token = re.search(r'"csrf_token":\s*"([^"]+)"|name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token, page[:1000]
        fields["csrf_token"] = token[1] or token[2]
        headers = {"Referer": self.url + path}
        return self.session.post(self.url + path, data=fields, headers=headers, timeout=60, allow_redirects=False)

    def log_in(self, login: Login) -> requests.Response:
        return self.submit("/login/", username=login.username, password=login.password)

    def logged_in(self) -> bool:
        return self.get("/api/v1/me/").status_code == 200

    def copied(self) -> "Browser":
        """Another browser, with a copy of the cookies."""
        other = Browser.__new__(Browser)
        other.url, other.session = self.url, requests.Session()
        other.session.cookies = LoopbackCookies()
        other.session.cookies.update(self.session.cookies)
        return other


def aurora(superset: Running) -> Login:
    return superset.server.credentials.login("aurora")


@pytest.fixture
def browser(superset: Running) -> Browser:
    """One in which aurora is logged in."""
    browser = Browser(superset)
    browser.log_in(aurora(superset))
    assert browser.logged_in()
    return browser


def token(superset: Running, login: Login, address: str = "") -> requests.Response:
    """How a program logs in."""
    body = {"username": login.username, "password": login.password, "provider": "db", "refresh": True}
    headers = {"X-Forwarded-For": address} if address else {}
    return requests.post(f"{superset.server.url}/api/v1/security/login", json=body, headers=headers, timeout=60)


@pytest.fixture
def with_a_password_of_its_own(superset: Running, browser: Browser) -> Iterator[Login]:
    """Aurora's login after it has changed its password; afterwards it has a generated one again."""
    own = Login("aurora", NEW)
    browser.submit(FORM, current=aurora(superset).password, password=NEW, conf_password=NEW)
    yield own
    path = superset.server.credentials.path
    path.write_text(json.dumps({name: row for name, row in json.loads(path.read_text()).items() if name != "aurora"}))
    changes = access.grant(superset.admin, TENANTS, superset.server.credentials, COLLEAGUES)
    assert changes == ["login aurora: new password in credentials.json"]
    assert superset.user("aurora").session, "an entry that is removed from the file is a new password"


def test_copy_of_a_cookie_ends_with_the_logout_and_other_sessions_go_on(superset: Running, browser: Browser) -> None:
    thief, elsewhere = browser.copied(), Browser(superset)
    elsewhere.log_in(aurora(superset))
    assert thief.logged_in() and elsewhere.logged_in()
    browser.get("/logout/")
    assert not browser.logged_in() and not thief.logged_in()
    assert elsewhere.logged_in()


def test_changed_password_ends_sessions_and_tokens_and_survives_a_refresh(
    superset: Running, browser: Browser, request: pytest.FixtureRequest
) -> None:
    elsewhere, generated = browser.copied(), aurora(superset)
    tokens = token(superset, generated).json()
    own = request.getfixturevalue("with_a_password_of_its_own")
    assert not browser.logged_in() and not elsewhere.logged_in()
    for path, kind in (("/api/v1/me/", "access_token"), ("/api/v1/security/refresh", "refresh_token")):
        headers = {"Authorization": f"Bearer {tokens[kind]}"}
        method = "GET" if kind == "access_token" else "POST"
        assert requests.request(method, superset.server.url + path, headers=headers, timeout=60).status_code == 401
    assert access.grant(superset.admin, TENANTS, superset.server.credentials, COLLEAGUES) == []
    assert token(superset, own).ok
    assert token(superset, generated).status_code == 401


@pytest.mark.parametrize(
    ("current", "password"), [("", NEW), ("wrong", NEW), (None, "elevenchars"), (None, ""), (None, "x" * 11)]
)
def test_own_password_is_not_changed_without_the_old_one_or_to_a_short_one(
    superset: Running, browser: Browser, current: str | None, password: str
) -> None:
    login = aurora(superset)
    old = login.password if current is None else current
    answer = browser.submit(FORM, current=old, password=password, conf_password=password)
    assert answer.status_code == 200, "the form is shown again"
    assert browser.logged_in()
    assert token(superset, login).ok


def test_superset_s_own_dialogue_does_not_change_a_password(superset: Running, browser: Browser) -> None:
    for change in (browser.session.put, superset.admin.put):
        answer = change(f"{superset.server.url}/api/v1/me/", json={"password": NEW}, timeout=60)
        assert answer.status_code == 400
    assert FORM in answer.json()["message"]
    assert token(superset, aurora(superset)).ok


def test_administrator_gives_nobody_a_short_password(superset: Running) -> None:
    number = next(
        row["id"] for row in call(superset.admin, "get", "security/users/")["result"] if row["username"] == "aurora"
    )
    with pytest.raises(RequestFailedError, match="at least 12 characters"):
        call(superset.admin, "put", f"security/users/{number}", json={"password": "elevenchars"})


def test_eleventh_wrong_login_of_an_address_is_refused_under_every_name_of_the_user(superset: Running) -> None:
    login, address = aurora(superset), "203.0.113.7"
    names = ("aurora", "AURORA", "aurora@tenant.takings.invalid")
    for number in range(9):
        assert token(superset, Login(names[number % 3], "wrong"), address).status_code == 401
    assert Browser(superset, address).log_in(Login("aurora", "wrong")).status_code == 302
    refused = token(superset, login, address)
    assert refused.status_code == 429 and "Wait 5 minutes" in refused.json()["message"]
    assert int(refused.headers["Retry-After"]) == 300
    page = Browser(superset, address).log_in(login)
    assert page.status_code == 429 and "Wait 5 minutes" in page.text
    assert token(superset, login).ok, "from another address"
    assert token(superset, superset.server.credentials.login("nordlicht"), address).ok, "another user"


def test_wrong_old_password_counts_as_a_wrong_login(superset: Running) -> None:
    browser = Browser(superset, "203.0.113.8")
    browser.log_in(aurora(superset))
    statuses = [browser.submit(FORM, current="wrong", password=NEW, conf_password=NEW).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]


def test_name_without_a_user_is_limited_like_one_with_a_user(superset: Running) -> None:
    statuses = [token(superset, Login("nobody", "wrong"), "203.0.113.9").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_right_passwords_are_not_limited(superset: Running) -> None:
    assert {token(superset, aurora(superset), "203.0.113.10").status_code for _ in range(12)} == {200}


def test_cookie_behind_https_is_secure(browser: Browser) -> None:
    browser.session.cookies.clear()
    header = browser.get("/login/").headers["Set-Cookie"]
    assert "Secure" in header and "HttpOnly" in header and "SameSite=Lax" in header


DANGEROUS = "x\r=1+1"
COLUMNS = {"return": f"'{DANGEROUS}'".replace("\r", "' || chr(13) || '"), "formula": "'=1+1'"}


def rows(content: bytes) -> list[list[str]]:
    """The rows as a spreadsheet sees them: a carriage return outside quotes ends one."""
    text = content.decode("utf-8-sig")
    outside = re.sub(r'"(?:[^"]|"")*"', "", text).replace("\r\n", "\n")
    assert "\r" not in outside, text
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("kind", ["full", "post_processed"])
def test_carriage_return_of_a_chart_s_csv_is_quoted(superset: Running, kind: str) -> None:
    number = ids_by_uuid(superset.admin, "dataset")[asset_uuid("datasets", "metrics_daily")]
    columns = [{"expressionType": "SQL", "sqlExpression": sql, "label": name} for name, sql in COLUMNS.items()]
    body: dict[str, Any] = {
        "datasource": {"id": number, "type": "table"},
        "queries": [{"columns": columns, "metrics": ["orders_placed"], "row_limit": 10}],
        "result_format": "csv", "result_type": kind, "force": True, "form_data": {"viz_type": "table"},
    }  # fmt: skip
    header, row = rows(send(superset.admin, "post", "chart/data", json=body).content)
    assert header[-3:] == [*COLUMNS, "order_count"]
    assert row[-3:-1] == [DANGEROUS, "'=1+1"]


@pytest.mark.parametrize("path", ["sqllab/export/csvwhole/", "sqllab/export_streaming/"])
def test_carriage_return_and_formula_of_sql_lab_s_csv_are_quoted(superset: Running, path: str) -> None:
    database = ids_by_uuid(superset.admin, "database")[asset_uuid("databases", "warehouse")]
    sql = "SELECT " + ", ".join(f'{text} AS "{name}"' for name, text in COLUMNS.items())
    method: Any = "post" if "streaming" in path else "get"
    client = "csvstream" if "streaming" in path else "csvwhole"
    call(superset.admin, "post", "sqllab/execute/", json={"database_id": database, "sql": sql, "client_id": client})
    header, row = rows(send(superset.admin, method, path, data={"client_id": client}).content)
    assert header == list(COLUMNS)
    assert row == [DANGEROUS, "'=1+1"]
