"""A stream by bulk operation: Shopify writes one JSONL file, which is landed as received.

The operation's id is saved in the landing zone, so that an interrupted pull waits for the same one. The number of lines
must be what the operation announced; that is checked when the file is loaded.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from common.numbers import whole
from connectors.base import Progress, Stream, Window
from connectors.errors import ConfigurationError, ContractError, GoneError, RetryError
from connectors.shopify.client import Client
from connectors.shopify.search import conditions
from connectors.sync.landing import LandedWindow

RUN = """mutation run($query: String!) { bulkOperationRunQuery(query: $query, groupObjects: false) {
  bulkOperation { id status } userErrors { code message } } }"""
POLL = """query poll($id: ID!) { bulkOperation(id: $id) {
  id status errorCode objectCount rootObjectCount url } }"""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
BUSY_ATTEMPTS = 120


class BulkFailedError(RetryError):
    """Shopify ended the operation without a file; a new one may succeed."""


class _Operation(msgspec.Struct, rename="camel"):
    id: str
    status: str
    error_code: str | None = None
    object_count: str | int = 0
    root_object_count: str | int = 0
    url: str | None = None


class _UserError(msgspec.Struct):
    message: str
    code: str | None = None


class _Started(msgspec.Struct, rename="camel"):
    user_errors: list[_UserError]
    bulk_operation: _Operation | None = None


def bulk_query(stream: Stream, window: Window) -> str:
    """The stream's query for a bulk operation: edges, no page sizes, no sort (a sort loses records)."""
    filters = " AND ".join(conditions(stream, window))
    arguments = f'(query: "{filters}")' if filters else ""
    return "{ " + stream.query % {
        "arguments": arguments, "inner": "", "shipping": "(includeRemovals: true)",
        "open": "edges { node {", "close": "} }",
    } + " }"  # fmt: skip


def land_by_bulk(client: Client, stream: Stream, landed: LandedWindow, progress: Progress) -> None:
    """Land a window by one bulk operation and seal it.

    Raises RetryError when Shopify's operation fails or does not end; ConfigurationError when a scope is missing.
    """
    operation_id = landed.manifest.state.get("bulk_id")
    if operation_id is None:
        operation_id = _start(
            client,
            bulk_query(stream, landed.window),
            lambda: progress(stream.name, 0, None, "another bulk operation of this app is running"),
        )
        landed.remember(bulk_id=operation_id)
    operation = _wait(
        client, operation_id, lambda count: progress(stream.name, count, None, "Shopify prepares the file")
    )
    if operation.status != "COMPLETED":
        landed.restart()
        if operation.error_code == "ACCESS_DENIED":
            raise ConfigurationError(
                f"{client.label}: the bulk operation for {stream.name} was denied",
                "a scope is missing",
                "Give the app the scopes that docs/guides/shopify.md lists, then run again",
            )
        raise BulkFailedError(
            f"{client.label}: the bulk operation for {stream.name} ended as {operation.status}",
            operation.error_code or "without a reason",
            "Run again later",
        )
    rows, roots = _count(client, operation.object_count), _count(client, operation.root_object_count)
    if operation.url is None:
        if rows:
            landed.restart()
            raise BulkFailedError(
                f"{client.label}: the bulk operation for {stream.name} announced {rows} objects "
                "and no file. Run again later."
            )
    else:
        target = landed.next_part()
        try:
            path = client.transport.download(
                operation.url, target, lambda size: progress(stream.name, 0, rows, f"{size / 1e6:.0f} MB")
            )
        except GoneError:  # Shopify keeps a file for a week: the next attempt starts a new operation
            landed.restart()
            raise
        landed.add_part(path)
    landed.seal(rows, roots)
    progress(stream.name, rows, rows, "landed")


def _start(client: Client, query: str, on_busy: Callable[[], None]) -> str:
    for attempt in range(BUSY_ATTEMPTS):
        raw = client.execute(RUN, {"query": query})["bulkOperationRunQuery"]
        started = msgspec.json.decode(raw, type=_Started)
        if started.bulk_operation is not None and not started.user_errors:
            return started.bulk_operation.id
        codes = {error.code for error in started.user_errors}
        if not codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}:
            raise ContractError("; ".join(error.message for error in started.user_errors))
        on_busy()
        client.transport.wait(min(LONGEST_PAUSE * 6, 0.5 * 1.5**attempt))
    raise RetryError(f"{client.label}: another bulk operation of this app does not end. Run again later.")


def _wait(client: Client, operation_id: str, on_count: Callable[[int], None]) -> _Operation:
    pause = FIRST_PAUSE
    while True:
        raw = client.execute(POLL, {"id": operation_id})["bulkOperation"]
        operation = msgspec.json.decode(raw, type=_Operation | None)
        if operation is None:
            return _Operation(id=operation_id, status="EXPIRED")
        if operation.status not in ("CREATED", "RUNNING", "CANCELING"):
            return operation
        on_count(_count(client, operation.object_count))
        client.transport.wait(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)


def _count(client: Client, number: str | int) -> int:
    """A count, which Shopify writes as text. Raises ContractError when it is none."""
    try:
        return whole(number)
    except ValueError as error:
        raise ContractError(
            f"{client.label}: a bulk operation has another shape than documented",
            str(error),
            "Run again later; if it stays so, update Takings",
        ) from None
