"""Answers as Meta may word them: secrets in messages, fields that are null or missing, addresses that are no API."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError
from connectors.http import Transport
from connectors.meta_ads.client import SLOW_SECONDS, Client
from connectors.meta_ads.pull import pull
from connectors.meta_ads.reports import pages, rows
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.meta_ads.streams import ACCOUNT_INSIGHTS
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from tests.connectors.shopify.scripted import Reply, Script, scripted

TOKEN = "EAAB_secret_token"
WAITS: list[float] = []


def client_of(meta: Script, secret: str = TOKEN) -> Client:
    WAITS.clear()
    return Client(Account("acme", "meta_ads", "7", meta.url, secret), Transport((secret,), sleep=WAITS.append))


def refused(code: int, message: str, **more: Any) -> Reply:
    return Reply({"error": {"message": message, "type": "OAuthException", "code": code, **more}}, 400)


def test_a_token_that_meta_repeats_in_its_message_is_left_out_of_ours() -> None:
    said = f"Malformed access token {TOKEN}"
    for reply in (refused(190, said), refused(200, "(#200) no", error_user_msg=f"{TOKEN} lacks it")):
        with scripted(reply) as meta, pytest.raises(ConfigurationError) as raised:
            client_of(meta).get("act_7")
        assert "[secret]" in str(raised.value)
        assert TOKEN not in str(raised.value)


def test_a_token_in_a_header_of_metas_is_left_out_of_the_warning() -> None:
    with scripted(Reply({"data": []}, headers={"x-ad-api-version-warning": f"{TOKEN} was upgraded."})) as meta:
        client = client_of(meta)
        client.get("act_7/ads")
    assert client.warnings == {"Meta says: [secret] was upgraded. Update Takings before numbers change."}


@pytest.mark.parametrize("answer", [{}, {"success": True}, {"data": None}, {"data": {}}, []])
def test_an_answer_without_its_list_is_no_empty_report(answer: object) -> None:
    with scripted(Reply(answer)) as meta, pytest.raises(ContractError, match="another shape than documented"):
        list(pages(client_of(meta), "act_7/insights", {}, 5))
    assert WAITS == []


def test_a_list_without_a_row_is_an_empty_report() -> None:
    with scripted(Reply({"data": [], "paging": None})) as meta:
        assert list(pages(client_of(meta), "act_7/insights", {}, 5)) == [[]]


def test_a_run_without_its_id_or_its_status_is_named() -> None:
    for replies in ([Reply({})], [Reply({"report_run_id": "9"}), Reply({"id": "9"})]):
        with scripted(*replies) as meta, pytest.raises(ContractError, match="another shape than documented"):
            rows(client_of(meta), ACCOUNT_INSIGHTS, date(2026, 2, 1), date(2026, 2, 20))


@pytest.mark.parametrize("null", ["error_subcode", "is_transient", "error_user_msg"])
def test_an_error_with_a_null_in_it_is_the_error_that_it_is(null: str) -> None:
    with (
        scripted(refused(190, "Error validating access token", **{null: None})) as meta,
        pytest.raises(ConfigurationError, match="the access token is not accepted"),
    ):
        client_of(meta).get("act_7")
    assert WAITS == []


def test_an_error_of_another_shape_is_told_with_its_status_and_not_asked_again() -> None:
    with scripted(Reply({"error": "invalid_request"}, 400)) as meta, pytest.raises(ContractError, match="HTTP 400"):
        client_of(meta).get("act_7")
    assert len(meta.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 404])
@pytest.mark.parametrize("body", [b"<html>Moved</html>", b"", {}])
def test_a_redirect_or_a_404_without_json_is_a_wrong_address(status: int, body: object) -> None:
    reply = Reply(body, status, {"Location": "http://127.0.0.1:9/"})
    with scripted(reply) as meta, pytest.raises(ConfigurationError, match=f"HTTP {status}.* Check `base_url`"):
        client_of(meta).get("act_7")
    assert len(meta.asked) == 1, "the token is taken nowhere else"


def test_a_cursor_that_only_the_next_address_names_is_followed() -> None:
    first = {
        "data": [{"id": "1"}],
        "paging": {"next": "http://elsewhere/act_7/ads?limit=1&after=QVFI%3D&access_token=x"},
    }
    with scripted(Reply(first), Reply({"data": [{"id": "2"}]})) as meta:
        found = list(pages(client_of(meta), "act_7/ads", {"fields": "id"}, 1))
    assert found == [[b'{"id": "1"}'], [b'{"id": "2"}']]
    assert [parse_qs(urlsplit(asked.path).query).get("after") for asked in meta.asked] == [None, ["QVFI="]]
    assert all("access_token" not in asked.path for asked in meta.asked)


def test_an_answer_for_another_account_loads_nothing(tmp_path: Path) -> None:
    other = {"account_id": "8", "currency": "USD", "timezone_name": "Etc/UTC", "account_status": 1, "name": "Other"}
    with scripted(Reply(other)) as meta, Staging(tmp_path / "staging.duckdb") as staging:
        account = Account("acme", "meta_ads", "7", meta.url, TOKEN)
        with pytest.raises(ContractError, match="was not pulled: Meta answered for the account 8"):
            context = PullContext(account, Landing(tmp_path / "landing"), staging, "run", Transport((TOKEN,)))
            list(pull(context, MetaAdsSettings(kind="meta_ads", account="7", secret="env:UNUSED")))
        assert len(meta.asked) == 1
        assert staging.db.execute("select count(*) from meta_ads.account").fetchall() == [(0,)]
    assert not (tmp_path / "landing").exists()


def test_a_token_that_is_not_accepted_is_asked_once_even_if_meta_calls_it_transient() -> None:
    reply = refused(190, "An unexpected error has occurred", is_transient=True)
    with scripted(reply) as meta, pytest.raises(ConfigurationError, match="the access token is not accepted"):
        client_of(meta).get("act_7")
    assert len(meta.asked) == 1


@pytest.mark.parametrize("name", ["x-app-usage", "x-ad-account-usage", "x-business-use-case-usage"])
def test_usage_headers_with_odd_numbers_are_read_as_far_as_they_can_be(name: str) -> None:
    use = {"type": "ads_insights", "call_count": None, "total_time": 90, "total_cputime": "x", "acc_id_util_pct": 90,
           "estimated_time_to_regain_access": None}  # fmt: skip
    told = json.dumps({"7": [use]} if "business" in name else use)
    with scripted(Reply({"data": []}, headers={name: told})) as meta:
        client = client_of(meta)
        client.get("act_7/ads")
        client.get("act_7/ads")
    assert WAITS == [SLOW_SECONDS]


def test_an_app_secret_beside_the_token_proves_every_request_and_stands_in_no_message() -> None:
    # printf EAAB_secret_token | openssl dgst -sha256 -hmac s3cr3t_of_the_app
    proof = "5c19efc6d94b0456b22369197fef787e4697a31efad861bfb6313b669ac50b77"
    told = refused(100, f"Invalid appsecret_proof {proof} for {TOKEN} by s3cr3t_of_the_app")
    with scripted(Reply({"data": []}), Reply({"report_run_id": "9"}), told) as meta:
        client = client_of(meta, f"{TOKEN}|s3cr3t_of_the_app")
        client.get("act_7/ads", {"fields": "id"})
        client.post("act_7/insights", {"level": "ad"})
        with pytest.raises(ConfigurationError, match=r"app secret.*\[secret\]") as raised:
            client.get("act_7")
    assert parse_qs(urlsplit(meta.asked[0].path).query)["appsecret_proof"] == [proof]
    assert meta.asked[1].body == {"level": "ad", "appsecret_proof": proof}
    assert {asked.headers["Authorization"] for asked in meta.asked} == {f"Bearer {TOKEN}"}
    assert not any("s3cr3t" in asked.path or TOKEN in asked.path for asked in meta.asked)
    assert not [secret for secret in (proof, TOKEN, "s3cr3t_of_the_app") if secret in str(raised.value)]


def test_an_app_that_requires_a_proof_is_named_with_what_to_do() -> None:
    reply = refused(100, "API calls from the server require an appsecret_proof argument")
    with scripted(reply) as meta, pytest.raises(ConfigurationError, match=r"token\|app secret"):
        client_of(meta).get("act_7")
    assert "appsecret_proof" not in meta.asked[0].path, "none is sent without an app secret"
