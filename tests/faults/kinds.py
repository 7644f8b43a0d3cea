"""The kinds of wrong answers: each turns a right response of a simulated API into a wrong one.

`KINDS` names them. Those in `VALUES` change what a row says, so rows may be rejected; the summary names these.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from simulator.apis.base import Response

Change = Callable[[Response, datetime], Response]
"""A response and the simulated time, to another response."""
LISTS = ("nodes", "data", "list", "rows")
IDS = frozenset({"id", "campaign_id", "ad_id", "adgroup_id", "advertiser_id", "date_start", "stat_time_day"})
MORE = {"hasNextPage": True, "has_more": True}
AMOUNTS = frozenset({"amount", "spend", "net", "fee", "cost", "net_sales", "total_sales"})
COUNTS = frozenset({"objectCount", "rootObjectCount", "total_number", "total_page", "page", "page_size"})


def body_of(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def decoded(response: Response) -> Any:
    """The JSON of a body; a file of lines is an object with the list `lines`. None for a body without any."""
    body = body_of(response)
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        return {"lines": [json.loads(line) for line in body.splitlines()]}
    except ValueError:
        return None


def encoded(value: Any) -> bytes:
    if isinstance(value, dict) and value.keys() == {"lines"} and isinstance(value["lines"], list):
        return b"".join(json.dumps(line).encode() + b"\n" for line in value["lines"])
    return json.dumps(value).encode()


def with_json(change: Callable[[Any], Any]) -> Change:
    """A change of the JSON of successful responses; `change` may work in place."""

    def changed(response: Response, now: datetime) -> Response:
        value = decoded(response)
        if value is None or response.status != 200:
            return response
        result = change(value)
        return replace(response, body=encoded(value if result is None else result))

    return changed


def with_body(change: Callable[[bytes], bytes]) -> Change:
    return lambda response, now: replace(response, body=change(body_of(response)))


def answer(status: int, body: bytes = b"", **headers: str) -> Change:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda response, now: Response(status, body, "text/html", named)


def dated(change: Callable[[datetime], str]) -> Change:
    return lambda response, now: replace(response, headers={**response.headers, "Date": change(now)})


def moved(days: float) -> Change:
    return dated(lambda now: format_datetime(now.astimezone(UTC) + timedelta(days=days), usegmt=True))


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a value."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        if isinstance(one, dict):
            yield one


def first_list(value: Any) -> tuple[Any, Any] | None:
    """Where the outermost list of objects is: its container and its key."""
    level = [value]
    while level:
        below = []
        for one in level:
            for key, inner in one.items() if isinstance(one, dict) else ():
                if isinstance(inner, list) and (key in LISTS or key == "lines"):
                    return one, key
                below.append(inner)
        level = below
    return None


def with_list(change: Callable[[list[Any]], Any]) -> Change:
    """A change of the outermost list."""

    def changed(value: Any) -> None:
        if place := first_list(value):
            container, key = place
            container[key] = change(container[key])

    return with_json(changed)


def with_fields(names: frozenset[str], change: Callable[[Any], Any]) -> Change:
    """A change of all fields with these names."""

    def changed(value: Any) -> None:
        for one in objects(value):
            for name in names & one.keys():
                one[name] = change(one[name])

    return with_json(changed)


def without_fields(names: frozenset[str]) -> Change:
    def changed(value: Any) -> None:
        for one in objects(value):
            for name in names & one.keys():
                del one[name]

    return with_json(changed)


def in_circles() -> Change:
    """Every page says that another follows, with one of two cursors in turn."""
    turn = iter("AB" * 1_000_000)

    def changed(value: Any) -> None:
        for one in objects(value):
            one.update({name: more for name, more in MORE.items() if name in one})
            cursor = next(turn)
            if "endCursor" in one:
                one["endCursor"] = cursor
            if isinstance(one.get("paging"), dict):
                one["paging"] = {"cursors": {"after": cursor}, "next": f"http://127.0.0.1:9/?after={cursor}"}
            if "total_page" in one:
                one["total_page"] = int(one.get("page", 1)) + 1

    return with_json(changed)


def more_without_end() -> Change:
    """Every page says that another follows, and does not say where."""

    def changed(value: Any) -> None:
        for one in objects(value):
            one.update({name: more for name, more in MORE.items() if name in one})
            if "total_page" in one:
                one["total_page"] = 10**9

    return with_json(changed)


def add_field(value: Any) -> None:
    for one in [one for one in objects(value) if "id" in one]:  # others may be maps: a key is a value there
        one["field_of_a_later_version"] = {"nested": [1, None, "x"]}


def drip(response: Response, now: datetime) -> Response:
    def slowly() -> Iterator[bytes]:
        for _ in range(50):
            yield b" "
            time.sleep(0.01)
        yield body_of(response)

    return replace(response, body=slowly())


def nested(value: Any) -> Any:
    return {"data": {"data": {"data": value}}}


KINDS: dict[str, Change] = {
    "http_400": answer(400, b"{}"),
    "http_403": answer(403, b"no"),
    "http_404": answer(404, b"no"),
    "http_418": answer(418, b"a teapot"),
    "http_429": answer(429, b"slow", Retry_After="1"),
    "http_429_odd_pause": answer(429, b"slow", Retry_After="-1e9999"),
    "http_500": answer(500, b"oops"),
    "http_502_html": answer(502, b"<html>bad gateway</html>"),
    "http_204": answer(204),
    "redirect": answer(302, b"", Location="http://127.0.0.1:9/elsewhere"),
    "empty_body": with_body(lambda body: b""),
    "html_with_200": answer(200, b"<html>maintenance</html>"),
    "half_body": with_body(lambda body: body[: len(body) // 2]),
    "cut_connection": lambda response, now: replace(response, body=body_of(response), cut=True),
    "not_gzip": lambda response, now: replace(response, headers={**response.headers, "Content-Encoding": "gzip"}),
    "garbage_bytes": with_body(lambda body: bytes(range(256)) * 4),
    "not_utf8": with_body(lambda body: body.replace(b'"', b'"\xff\xfe', 3)),
    "not_a_number": with_body(lambda body: body.replace(b":", b": NaN,", 1)),
    "deeply_nested": with_body(lambda body: b"[" * 50_000 + b"]" * 50_000),
    "two_documents": with_body(lambda body: body.rstrip() + body),
    "dripping_body": drip,
    "null": lambda response, now: replace(response, body=b"null"),
    "list_instead_of_object": with_json(lambda value: [value]),
    "text_instead_of_object": with_json(lambda value: "ok"),
    "number_instead_of_object": with_json(lambda value: 5),
    "empty_object": with_json(lambda value: {}),
    "nested_once_more": with_json(nested),
    "errors_as_text": with_json(lambda value: {"errors": "something", "error": "something", "code": "x"}),
    "errors_of_nulls": with_json(lambda value: {"errors": [None, 5], "error": [None], "code": None}),
    "empty_error": with_json(lambda value: {"errors": [{}], "error": {}, "code": 1}),
    "null_list": with_list(lambda items: None),
    "object_instead_of_list": with_list(lambda items: {"items": items}),
    "text_instead_of_list": with_list(lambda items: "none"),
    "null_node": with_list(lambda items: [*items[:1], None, *items[1:]]),
    "text_node": with_list(lambda items: [*items[:1], "node", *items[1:]]),
    "number_node": with_list(lambda items: [*items[:1], 7, *items[1:]]),
    "list_node": with_list(lambda items: [*items[:1], [], *items[1:]]),
    "empty_node": with_list(lambda items: [*items[:1], {}, *items[1:]]),
    "missing_ids": without_fields(IDS),
    "null_ids": with_fields(IDS, lambda value: None),
    "object_ids": with_fields(IDS, lambda value: {"value": value}),
    "number_ids": with_fields(IDS, lambda value: 12345678901234567890),
    "counts_as_text": with_fields(COUNTS, lambda value: "many"),
    "null_counts": with_fields(COUNTS, lambda value: None),
    "negative_counts": with_fields(COUNTS, lambda value: -5),
    "missing_counts": without_fields(COUNTS),
    "no_word_of_more_pages": without_fields(frozenset({"hasNextPage", "has_more", "pageInfo", "page_info"})),
    "more_pages_as_text": with_fields(frozenset({"hasNextPage", "has_more"}), lambda value: "perhaps"),
    "pages_in_circles": in_circles(),
    "pages_without_end": more_without_end(),
    "amounts_as_objects": with_fields(AMOUNTS, lambda value: {"value": value}),
    "amounts_as_words": with_fields(AMOUNTS, lambda value: "many"),
    "reversed_list": with_list(lambda items: items[::-1]),
    "node_twice": with_list(lambda items: [*items[:1], *items]),
    "unknown_fields": with_json(add_field),
    "date_missing": dated(lambda now: ""),
    "date_garbage": dated(lambda now: "the day after tomorrow"),
    "date_iso": dated(lambda now: now.isoformat()),
    "date_two_days_ahead": moved(2),
    "date_two_days_behind": moved(-2),
    "date_decades_ahead": moved(365 * 40),
    "date_1970": dated(lambda now: "Thu, 01 Jan 1970 00:00:00 GMT"),
}  # fmt: skip

VALUES = frozenset({"amounts_as_words", "amounts_as_objects", "counts_as_text", "null_counts", "negative_counts",
                    "missing_counts", "object_ids", "number_ids", "missing_ids", "null_ids", "node_twice"})  # fmt: skip
