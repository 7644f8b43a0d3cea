"""Unusual responses of Meta: secrets in messages, null or missing fields, URLs that are not the API."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.http import Transport
from connectors.meta_ads.client import SLOW_SECONDS, Client
from connectors.meta_ads.pull import pull
from connectors.meta_ads.reports import pages, rows
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.meta_ads.streams import ACCOUNT_INSIGHTS
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from tests.connectors.scripted import Reply, Script, scripted

TOKEN = "EAAB_secret_token"
WAITS: list[float] = []


def client_of(meta: Script, secret: str = TOKEN) -> Client:
    WAITS.clear()
    return Client(Account("acme", "meta_ads", "7", meta.url, secret), Transport((secret,), sleep=WAITS.append))


def refused(code: int, message: str, **more: Any) -> Reply:
    return Reply({"error": {"message": message, "type": "OAuthException", "code": code, **more}}, 400)


def test_token_in_metas_message_is_masked_in_the_error() -> None:
    text = f"Malformed access token {TOKEN}"
    for reply in (refused(190, text), refused(200, "(#200) no", error_user_msg=f"{TOKEN} lacks it")):
        with scripted(reply) as meta, pytest.raises(ConfigurationError) as raised:
            client_of(meta).get("act_7")
        assert "[secret]" in str(raised.value)
        assert TOKEN not in str(raised.value)


def test_token_in_metas_header_is_masked_in_the_warning() -> None:
    with scripted(Reply({"data": []}, headers={"x-ad-api-version-warning": f"{TOKEN} was upgraded."})) as meta:
        client = client_of(meta)
        client.get("act_7/ads")
    assert client.warnings == {"Meta says: [secret] was upgraded. Update Takings before numbers change."}


@pytest.mark.parametrize("answer", [{}, {"success": True}, {"data": None}, {"data": {}}, []])
def test_response_without_data_list_raises_contract_error(answer: object) -> None:
    with scripted(Reply(answer)) as meta, pytest.raises(ContractError, match="another shape than documented"):
        list(pages(client_of(meta), "act_7/insights", {}, 5))
    assert WAITS == []


def test_empty_data_list_is_an_empty_report() -> None:
    with scripted(Reply({"data": [], "paging": None})) as meta:
        assert list(pages(client_of(meta), "act_7/insights", {}, 5)) == [[]]


def test_report_run_without_id_or_status_raises_contract_error() -> None:
    for replies in ([Reply({})], [Reply({"report_run_id": "9"}), Reply({"id": "9"})]):
        with scripted(*replies) as meta, pytest.raises(ContractError, match="another shape than documented"):
            rows(client_of(meta), ACCOUNT_INSIGHTS, date(2026, 2, 1), date(2026, 2, 20))


@pytest.mark.parametrize("null", ["error_subcode", "is_transient", "error_user_msg"])
def test_error_body_with_a_null_field_is_read_as_usual(null: str) -> None:
    with (
        scripted(refused(190, "Error validating access token", **{null: None})) as meta,
        pytest.raises(ConfigurationError, match="the access token is not accepted"),
    ):
        client_of(meta).get("act_7")
    assert WAITS == []


def test_error_of_another_shape_has_its_http_status_and_is_not_retried() -> None:
    with scripted(Reply({"error": "invalid_request"}, 400)) as meta, pytest.raises(ContractError, match="HTTP 400"):
        client_of(meta).get("act_7")
    assert len(meta.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 404])
@pytest.mark.parametrize("body", [b"<html>Moved</html>", b"", {}])
def test_redirect_or_404_without_json_is_a_wrong_base_url(status: int, body: object) -> None:
    reply = Reply(body, status, {"Location": "http://127.0.0.1:9/"})
    with (
        scripted(reply) as meta,
        pytest.raises(ConfigurationError, match=f"HTTP {status}.* Check `base_url`.* version v26.0"),
    ):
        client_of(meta).get("act_7")
    assert len(meta.requests) == 1, "the token is not sent to another host"


def test_cursor_in_the_next_url_only_is_followed() -> None:
    first = {
        "data": [{"id": "1"}],
        "paging": {"next": "http://elsewhere/act_7/ads?limit=1&after=QVFI%3D&access_token=x"},
    }
    with scripted(Reply(first), Reply({"data": [{"id": "2"}]})) as meta:
        records = list(pages(client_of(meta), "act_7/ads", {"fields": "id"}, 1))
    assert records == [[b'{"id": "1"}'], [b'{"id": "2"}']]
    assert [parse_qs(urlsplit(request.path).query).get("after") for request in meta.requests] == [None, ["QVFI="]]
    assert all("access_token" not in request.path for request in meta.requests)


def test_response_for_another_account_loads_nothing(tmp_path: Path) -> None:
    other = {"account_id": "8", "currency": "USD", "timezone_name": "Etc/UTC", "account_status": 1, "name": "Other"}
    with scripted(Reply(other)) as meta, Staging(tmp_path / "staging.duckdb") as staging:
        account = Account("acme", "meta_ads", "7", meta.url, TOKEN)
        with pytest.raises(ContractError, match="was not pulled: Meta answered for the account 8"):
            context = PullContext(account, Landing(tmp_path / "landing"), staging, "run", Transport((TOKEN,)))
            list(pull(context, MetaAdsSettings(kind="meta_ads", account="7", secret="env:UNUSED")))
        assert len(meta.requests) == 1
        assert staging.db.execute("select count(*) from meta_ads.account").fetchall() == [(0,)]
    assert not (tmp_path / "landing").exists()


def test_invalid_token_is_not_retried_even_when_meta_calls_it_transient() -> None:
    reply = refused(190, "An unexpected error has occurred", is_transient=True)
    with scripted(reply) as meta, pytest.raises(ConfigurationError, match="the access token is not accepted"):
        client_of(meta).get("act_7")
    assert len(meta.requests) == 1


@pytest.mark.parametrize("name", ["x-app-usage", "x-ad-account-usage", "x-business-use-case-usage"])
def test_usage_headers_with_invalid_numbers_are_read_in_part(name: str) -> None:
    use = {"type": "ads_insights", "call_count": None, "total_time": 90, "total_cputime": "x", "acc_id_util_pct": 90,
           "estimated_time_to_regain_access": None}  # fmt: skip
    usage = json.dumps({"7": [use]} if "business" in name else use)
    with scripted(Reply({"data": []}, headers={name: usage})) as meta:
        client = client_of(meta)
        client.get("act_7/ads")
        client.get("act_7/ads")
    assert WAITS == [SLOW_SECONDS]


def test_app_secret_adds_a_proof_to_every_request_and_is_masked_in_errors() -> None:
    # printf EAAB_secret_token | openssl dgst -sha256 -hmac s3cr3t_of_the_app
    proof = "5c19efc6d94b0456b22369197fef787e4697a31efad861bfb6313b669ac50b77"
    refusal = refused(100, f"Invalid appsecret_proof {proof} for {TOKEN} by s3cr3t_of_the_app")
    with scripted(Reply({"data": []}), Reply({"report_run_id": "9"}), refusal) as meta:
        client = client_of(meta, f"{TOKEN}|s3cr3t_of_the_app")
        client.get("act_7/ads", {"fields": "id"})
        client.post("act_7/insights", {"level": "ad"})
        with pytest.raises(ConfigurationError, match=r"app secret.*\[secret\]") as raised:
            client.get("act_7")
    assert parse_qs(urlsplit(meta.requests[0].path).query)["appsecret_proof"] == [proof]
    assert meta.requests[1].body == {"level": "ad", "appsecret_proof": proof}
    assert {request.headers["Authorization"] for request in meta.requests} == {f"Bearer {TOKEN}"}
    assert not any("s3cr3t" in request.path or TOKEN in request.path for request in meta.requests)
    assert not [secret for secret in (proof, TOKEN, "s3cr3t_of_the_app") if secret in str(raised.value)]


def test_missing_app_secret_proof_error_says_how_to_configure_it() -> None:
    reply = refused(100, "API calls from the server require an appsecret_proof argument")
    with scripted(reply) as meta, pytest.raises(ConfigurationError, match=r"token\|app secret"):
        client_of(meta).get("act_7")
    assert "appsecret_proof" not in meta.requests[0].path, "no proof is sent without an app secret"


def test_throttling_for_ever_ends_after_two_hours() -> None:
    regain = {"7": [{"type": "ads_insights", "estimated_time_to_regain_access": 60}]}
    reply = refused(80000, "There have been too many calls")
    reply.headers["x-business-use-case-usage"] = json.dumps(regain)
    with scripted(reply) as meta, pytest.raises(RetryError, match="still throttles after 2 attempts and 120 minutes"):
        client_of(meta).get("act_7")
    assert sum(WAITS) == 7200
