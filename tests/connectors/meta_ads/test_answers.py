"""Answers as Meta may word them: secrets in messages, fields that are null or missing, addresses that are no API."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Account
from connectors.errors import ConfigurationError
from connectors.meta_ads.client import Client
from connectors.transport import Transport
from tests.connectors.shopify.scripted import Reply, Script, scripted

TOKEN = "EAAB_secret_token"  # noqa: S105 - made up
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
