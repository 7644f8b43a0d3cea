"""Who sent a request: checked against the vectors of RFC 8032 and of Slack's documentation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from serving.chat.signatures import Arrivals, UnsignedError, check_discord, check_slack, is_ed25519
from tests.serving.chatting import KEY

RFC_8032 = [  # section 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
        "24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
        "eeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed2"
        "8dc027beceea1ec40a",
    ),
]  # fmt: skip
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SLACK_TIME = "1531420618"
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.c"
    b"om%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887"
    b"a14d10d2c447fce8b6703c"
)
SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
NOW = datetime.fromtimestamp(int(SLACK_TIME), UTC)
BODY = b'{"type":1}'


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_vectors_of_rfc_8032_are_accepted_and_a_changed_bit_is_not(key: str, message: str, signature: str) -> None:
    public, text = bytes.fromhex(key), bytes.fromhex(message)
    assert is_ed25519(public, text, signature)
    assert not is_ed25519(public, text + b"\0", signature)
    for place in (0, 40, 63, 64, 127):
        changed = f"{int(signature[place], 16) ^ 1:x}"
        assert not is_ed25519(public, text, signature[:place] + changed + signature[place + 1 :])


def test_signature_with_another_form_of_the_same_number_is_refused() -> None:
    """S + L gives the same point: RFC 8032 asks verifiers to refuse it."""
    order = 2**252 + 27742317777372353535851937790883648493
    signature = KEY.sign(BODY).signature
    second = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert is_ed25519(bytes(KEY.verify_key), BODY, signature.hex())
    assert not is_ed25519(bytes(KEY.verify_key), BODY, second.hex())


@pytest.mark.parametrize("signature", ["", "zz", "00", "é" * 64, "0" * 128, "0" * 10_000])
def test_signature_that_is_none_is_refused(signature: str) -> None:
    assert not is_ed25519(bytes(KEY.verify_key), BODY, signature)


def test_the_example_of_slacks_documentation_is_accepted() -> None:
    check_slack(SLACK_SECRET, SLACK_TIME, SLACK_SIGNATURE, SLACK_BODY, NOW)
    with pytest.raises(UnsignedError):
        check_slack(SLACK_SECRET, SLACK_TIME, SLACK_SIGNATURE, SLACK_BODY + b"&", NOW)
    with pytest.raises(UnsignedError):
        check_slack(SLACK_SECRET + "x", SLACK_TIME, SLACK_SIGNATURE, SLACK_BODY, NOW)


@pytest.mark.parametrize(("seconds", "accepted"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_request_counts_for_five_minutes(seconds: int, accepted: bool) -> None:
    now = NOW + timedelta(seconds=seconds)
    signature = KEY.sign(SLACK_TIME.encode() + BODY).signature.hex()
    try:
        check_discord(bytes(KEY.verify_key), SLACK_TIME, signature, BODY, now)
        check_slack(SLACK_SECRET, SLACK_TIME, SLACK_SIGNATURE, SLACK_BODY, now)
    except UnsignedError:
        assert not accepted
    else:
        assert accepted


@pytest.mark.parametrize("timestamp", ["", "-1", "1531420618.0", " 1531420618", "1e9", "٣", "9" * 500, "nan"])
def test_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    with pytest.raises(UnsignedError):
        check_discord(bytes(KEY.verify_key), timestamp, KEY.sign(timestamp.encode()).signature.hex(), b"", NOW)


def test_request_counts_once_as_long_as_its_timestamp_does() -> None:
    arrivals = Arrivals()
    arrivals.add(SLACK_TIME, BODY, NOW - timedelta(minutes=5))
    for minutes in (-5, 0, 5):
        with pytest.raises(UnsignedError):
            arrivals.add(SLACK_TIME, BODY, NOW + timedelta(minutes=minutes))
    arrivals.add(SLACK_TIME, BODY + b" ", NOW)
    arrivals.add("1531420619", BODY, NOW)


def test_requests_that_are_too_old_to_count_are_not_remembered() -> None:
    arrivals = Arrivals()
    for second in range(1000):
        now = NOW + timedelta(seconds=60 * second)
        arrivals.add(str(int(now.timestamp())), BODY, now)
    assert len(arrivals._until) <= 11
