"""Half an emoji in a text of an answer: it is replaced and said, and the rest goes on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import pytest

from connectors.base import Account, Pulled
from connectors.http import Transport
from connectors.stripe.client import Client
from connectors.stripe.listing import land_feed
from connectors.stripe.streams import FEEDS, STREAMS
from connectors.surrogates import without_halves
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.loop import PullContext, pull_stream
from connectors.sync.staging import Staging
from tests.connectors.scripted import Reply, scripted

UNTIL = datetime(2026, 3, 10, 12, tzinfo=UTC)
CUSTOMERS = next(feed for feed in FEEDS if feed.kind == "customer")
RECORDS = (
    b'{"id":"cus_1","object":"customer","created":5,"name":"Bo \\uD83D"}',
    b'{"id":"cus_2","object":"customer","created":5,"name":"whole \\ud83d\\ude00 \xf0\x9f\x98\x80"}',
)
ROWS = [("cus_1", "Bo \ufffd"), ("cus_2", "whole \U0001f600 \U0001f600")]


@pytest.mark.parametrize(
    ("body", "becomes", "count"),
    [
        (rb'"a \ud83d"', rb'"a \ufffd"', 1),
        (rb'"\ude00 a"', rb'"\ufffd a"', 1),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"', 1),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"', 2),
        (rb'"\uD83D\u0041"', rb'"\ufffd\u0041"', 1),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"', 0),
        (rb'"a path: \\ud83d"', rb'"a path: \\ud83d"', 0),
        (rb'"a path: \\\ud83d"', rb'"a path: \\\ufffd"', 1),
        (b'"raw \xed\xa0\xbd"', b'"raw \xef\xbf\xbd"', 1),
        ('"Seoul: 서울, 😀"'.encode(), '"Seoul: 서울, 😀"'.encode(), 0),
    ],
)
def test_halves_are_replaced_and_pairs_and_escaped_backslashes_stay(body: bytes, becomes: bytes, count: int) -> None:
    assert without_halves(body) == (becomes, count)


def test_every_response_is_without_halves() -> None:
    transport = Transport()
    with scripted(Reply(rb'{"name": "a \ud83d"}')) as server:
        assert json.loads(transport.get(server.url, [], {}).content) == {"name": "a \ufffd"}
        assert json.loads(transport.post(server.url, {}, {}).content) == {"name": "a \ufffd"}
    assert transport.replaced == 2


def pulled(folder: Path, url: str, land: Callable[[PullContext, LandedWindow], None]) -> tuple[Pulled, object]:
    """Customers that `land` lands, as loaded: the result, and the rows."""
    account = Account("acme", "stripe", "shop", url, "rk_live_1")
    with Staging(folder / "staging.duckdb") as staging:
        staging.prepare("stripe", STREAMS)
        transport = Transport(sleep=lambda seconds: None)
        context = PullContext(account, Landing(folder / "landing"), staging, "run", transport)
        result = pull_stream(context, CUSTOMERS.stream, UNTIL, partial(land, context))
    with duckdb.connect(str(folder / "staging.duckdb"), read_only=True) as db:
        return result, db.sql("select customer_id, name from stripe.customers order by all").fetchall()


def test_half_an_emoji_in_a_page_is_a_warning_and_the_rest_goes_on(tmp_path: Path) -> None:
    def land(context: PullContext, landed: LandedWindow) -> None:
        land_feed(context, Client(context.account, context.transport), CUSTOMERS, UNTIL, landed)

    page = b'{"object":"list","has_more":false,"data":[' + b",".join(RECORDS) + b"]}"
    with scripted(Reply(page[:80]), Reply(page)) as server:  # one that is cut off in between is asked for again
        result, rows = pulled(tmp_path, server.url, land)
    assert rows == ROWS
    (warning,) = result.warnings
    assert warning == (
        "stream customers of the stripe account shop of tenant acme: 1 broken character in a text (half an emoji) was "
        "replaced with \ufffd; correct the text at the source"
    )


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_half_an_emoji_in_a_landed_file_is_a_warning_and_the_rest_goes_on(tmp_path: Path, compressed: bool) -> None:
    landings = 0

    def land(context: PullContext, landed: LandedWindow) -> None:
        nonlocal landings
        landings += 1
        part, content = landed.next_part(), b"\n".join(RECORDS) + b"\n"
        if compressed:
            part, content = part.with_name(part.name + ".gz"), gzip.compress(content)
        part.write_bytes(content)
        landed.add_part(part)
        landed.seal(rows=len(RECORDS))

    result, rows = pulled(tmp_path, "http://nobody", land)
    assert rows == ROWS
    assert len(result.warnings) == 1
    assert landings == 1, "the file is not fetched again"
