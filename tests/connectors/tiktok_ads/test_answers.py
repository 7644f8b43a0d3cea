"""Answers as TikTok may word them: secrets in messages, fields that are null or missing, rows of other advertisers."""

from __future__ import annotations

import pytest

from connectors.base import Account
from connectors.errors import ConfigurationError
from connectors.tiktok_ads.client import Client
from connectors.transport import Transport
from tests.connectors.shopify.scripted import Reply, Script, scripted

TOKEN = "act.secret_token"  # noqa: S105 - made up
WAITS: list[float] = []


def client_of(tiktok: Script) -> Client:
    WAITS.clear()
    return Client(Account("acme", "tiktok_ads", "7", tiktok.url, TOKEN), Transport((TOKEN,), sleep=WAITS.append))


def told(data: object, code: int = 0, message: str | None = "OK") -> Reply:
    return Reply({"code": code, "message": message, "request_id": "1", "data": data})


@pytest.mark.parametrize("before", [0, 195])
def test_a_token_that_tiktok_repeats_in_its_message_is_left_out_of_ours(before: int) -> None:
    said = "x" * before + f"{TOKEN} is incorrect"
    with scripted(told({}, 40105, said)) as tiktok, pytest.raises(ConfigurationError) as raised:
        client_of(tiktok).get("advertiser/info", {})
    assert "act." not in str(raised.value), "not even a part of it"
