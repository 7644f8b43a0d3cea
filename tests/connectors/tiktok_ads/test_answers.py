"""Unusual responses of TikTok: secrets in messages, null or missing fields, rows of other advertisers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.http import Transport
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from connectors.tiktok_ads.client import Client
from connectors.tiktok_ads.pages import whole_list
from connectors.tiktok_ads.pull import pull
from connectors.tiktok_ads.reports import stores
from connectors.tiktok_ads.settings import TikTokAdsSettings
from tests.connectors.scripted import Reply, Script, scripted

TOKEN = "act.secret_token"
WAITS: list[float] = []
SETTINGS = TikTokAdsSettings(kind="tiktok_ads", account="7", secret="env:UNUSED", queries_a_second=1000)


def client_of(tiktok: Script) -> Client:
    WAITS.clear()
    return Client(Account("acme", "tiktok_ads", "7", tiktok.url, TOKEN), Transport((TOKEN,), sleep=WAITS.append))


def envelope(data: object, code: int = 0, message: str | None = "OK") -> Reply:
    return Reply({"code": code, "message": message, "request_id": "1", "data": data})


@pytest.mark.parametrize("before", [0, 195])
def test_token_in_tiktoks_message_is_masked_in_the_error(before: int) -> None:
    text = "x" * before + f"{TOKEN} is incorrect"
    with scripted(envelope({}, 40105, text)) as tiktok, pytest.raises(ConfigurationError) as raised:
        client_of(tiktok).get("advertiser/info", {})
    assert "act." not in str(raised.value), "no part of the token"


@pytest.mark.parametrize(
    "data",
    [{}, None, {"list": None, "page_info": {"total_number": 0, "total_page": 0}}, {"list": []},
     {"list": [], "page_info": {}}, []],
)  # fmt: skip
def test_response_without_list_raises_contract_error(data: object) -> None:
    with scripted(envelope(data)) as tiktok, pytest.raises(ContractError, match="another shape than documented"):
        whole_list(client_of(tiktok), "report/integrated/get", {}, str)
    assert WAITS == []


def test_empty_list_is_an_empty_report() -> None:
    with scripted(envelope({"list": [], "page_info": {"total_number": 0, "total_page": 0}}, message=None)) as tiktok:
        assert whole_list(client_of(tiktok), "report/integrated/get", {}, str) == []


def test_response_without_store_list_raises_contract_error() -> None:
    with scripted(envelope({})) as tiktok, pytest.raises(ContractError, match="gmv_max/store/list"):
        stores(client_of(tiktok))


def test_error_body_with_a_null_field_is_read_as_usual() -> None:
    reply = envelope(None, 40105, None)
    with scripted(reply) as tiktok, pytest.raises(ConfigurationError, match="the access token is not accepted"):
        client_of(tiktok).get("advertiser/info", {})
    assert WAITS == []


def test_body_without_envelope_is_not_retried() -> None:
    with scripted(Reply({"error": "no"})) as tiktok, pytest.raises(ContractError, match="another shape"):
        client_of(tiktok).get("advertiser/info", {})
    assert len(tiktok.requests) == 1


def pulled(tmp_path: Path, *advertisers: dict[str, Any]) -> Staging:
    """A pull that stops after the advertiser."""
    staging = Staging(tmp_path / "staging.duckdb")
    later = envelope({}, 40002, "that is all")
    with scripted(envelope({"list": list(advertisers)}), envelope({"store_list": []}), later) as tiktok:
        account = Account("acme", "tiktok_ads", "7", tiktok.url, TOKEN)
        for reply in tiktok.replies:
            reply.headers["Date"] = "Fri, 20 Mar 2026 10:00:00 GMT"
        transport = Transport((TOKEN,), sleep=WAITS.append)
        context = PullContext(account, Landing(tmp_path / "landing"), staging, "run", transport)
        with pytest.raises(ContractError, match="that is all"):
            list(pull(context, SETTINGS))
    return staging


def advertiser(key: str, name: str) -> dict[str, Any]:
    return {"advertiser_id": key, "name": name, "currency": "EUR", "timezone": "Etc/UTC", "status": "STATUS_ENABLE"}


def test_advertiser_is_the_row_with_its_id(tmp_path: Path) -> None:
    with pulled(tmp_path, advertiser("8", "Other"), advertiser("7", "Ours"), advertiser("77", "Third")) as staging:
        rows = staging.db.execute("select source_account, advertiser_id, name from tiktok_ads.advertiser").fetchall()
    assert rows == [("7", "7", "Ours")]


def test_response_for_another_advertiser_loads_nothing(tmp_path: Path) -> None:
    with (
        scripted(envelope({"list": [advertiser("8", "Other")]})) as tiktok,
        Staging(tmp_path / "staging.duckdb") as staging,
        pytest.raises(ConfigurationError, match="the token may not see it"),
    ):
        account = Account("acme", "tiktok_ads", "7", tiktok.url, TOKEN)
        context = PullContext(account, Landing(tmp_path / "landing"), staging, "run", Transport((TOKEN,)))
        list(pull(context, SETTINGS))
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize("status", [301, 302, 404])
def test_redirect_or_404_without_json_is_a_wrong_base_url(status: int) -> None:
    reply = Reply(b"<html>Moved</html>", status, {"Location": "http://127.0.0.1:9/"})
    with scripted(reply) as tiktok, pytest.raises(ConfigurationError, match="Check `base_url`"):
        client_of(tiktok).get("advertiser/info", {})
    assert len(tiktok.requests) == 1, "the token is not sent to another host"


@pytest.mark.parametrize(
    ("rows", "pages", "size"), [(1500, 0, 1000), (1500, 1, 1000), (3, 1_000_000, 1000), (-1, 1, 1000), (5, 1, 0)]
)
def test_impossible_number_of_pages_is_refused_at_the_first_page(rows: int, pages: int, size: int) -> None:
    info = {"total_number": rows, "total_page": pages, "page_size": size, "page": 1}
    with scripted(envelope({"list": ["a", "b", "c"], "page_info": info})) as tiktok:
        if size == 0:  # no size: ours counts
            assert_refused(tiktok, "changed between its pages", RetryError)
        else:
            assert_refused(tiktok, f"announces {pages} pages of 1000 rows for {rows} rows, which is impossible")
            assert len(tiktok.requests) == 1


def assert_refused(tiktok: Script, match: str, error: type[Exception] = ContractError) -> None:
    with pytest.raises(error, match=match):
        whole_list(client_of(tiktok), "ad/get", {}, str)


def test_pages_that_alternate_for_ever_end_with_an_error() -> None:
    """A million rows are announced, and the same two pages come again and again."""
    info = {"total_number": 1_000_000, "total_page": 1000, "page_size": 1000}
    one, other = (envelope({"list": [name], "page_info": info}) for name in ("a", "b"))
    with scripted(*[one, other] * 50) as tiktok:
        assert_refused(tiktok, "ad/get changed between its pages, 4 times in a row", RetryError)
        assert len(tiktok.requests) == 4 * 3


def test_missing_permission_names_the_advertiser_and_the_setting() -> None:
    reply = envelope({}, 40001, "No permission to operate")
    with scripted(reply) as tiktok, pytest.raises(ConfigurationError) as raised:
        client_of(tiktok).get("report/integrated/get", {})
    assert "TikTok advertiser 7 of tenant acme" in str(raised.value)
    assert "`account` is the id of your advertiser (7)" in str(raised.value)


def test_version_is_named_where_tiktok_no_longer_serves_it() -> None:
    for reply in (envelope({}, 40006, "gone"), Reply(b"", 404)):
        with scripted(reply) as tiktok, pytest.raises(ConfigurationError, match=r"version v1\.3"):
            client_of(tiktok).get("report/integrated/get", {})
