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
from connectors.shopify.client import Client, DeniedError
from connectors.shopify.denials import GRANT, Path, path_of, without
from connectors.shopify.pages import page_query
from connectors.shopify.search import conditions
from connectors.sync.landing import LandedWindow

RUN = """mutation run($query: String!) { bulkOperationRunQuery(query: $query, groupObjects: false) {
  bulkOperation { id status } userErrors { code message } } }"""
POLL = """query poll($id: ID!) { bulkOperation(id: $id) {
  id status errorCode objectCount rootObjectCount url } }"""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between two questions; after some minutes up to LONGEST_LATER
LONGEST_LATER = 60.0
STALLED_SECONDS = 24 * 3600.0  # without a rising count
LONGEST_SECONDS = 10 * 24 * 3600.0  # Shopify ends an operation then
BUSY_ATTEMPTS = 120
SAMPLE = 10  # objects that are read to see which fields are denied


class BulkFailedError(RetryError):
    """Shopify ended the operation without a file; a new one may succeed."""


class _DeniedOperationError(Exception):
    """The token may not read a field of the operation's query."""


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


def bulk_query(stream: Stream, window: Window, denied: frozenset[Path] = frozenset()) -> str:
    """The stream's query for a bulk operation: edges, no page sizes, no sort (a sort loses records), and nothing that
    is denied: one denied field fails the whole operation."""
    filters = " AND ".join(conditions(stream, window))
    arguments = f'(query: "{filters}")' if filters else ""
    query = "{ " + stream.query % {
        "arguments": arguments, "inner": "", "shipping": "(includeRemovals: true)",
        "open": "edges { node {", "close": "} }",
    } + " }"  # fmt: skip
    return without(query, denied) if denied else query


def land_by_bulk(client: Client, stream: Stream, landed: LandedWindow, progress: Progress) -> None:
    """Land a window by one bulk operation and seal it. Fields that the token may not read stay empty.

    Raises RetryError when Shopify's operation fails or does not end; ConfigurationError when something is denied
    without which numbers would be wrong.
    """
    try:
        _land(client, stream, landed, progress)
    except (_DeniedOperationError, DeniedError) as error:
        landed.restart()
        before = _denied(client, stream)
        client.execute(page_query(stream, landed.window, SAMPLE), {"after": None})  # its errors name the fields
        if _denied(client, stream) == before:
            raise ConfigurationError(
                f"{client.label}: the bulk operation for {stream.name} was denied",
                f"the token may not read a field of it. Shopify does not say which ({error})",
                GRANT,
            ) from None
        try:
            _land(client, stream, landed, progress)
        except _DeniedOperationError:
            landed.restart()
            raise ConfigurationError(
                f"{client.label}: the bulk operation for {stream.name} was denied",
                f"also without {', '.join(sorted(client.denied))}",
                GRANT,
            ) from None


def _denied(client: Client, stream: Stream) -> frozenset[Path]:
    """The fields of a stream that the token may not read, as far as that is known."""
    root = stream.query.split("%", 1)[0].strip()
    return frozenset(path for path in map(path_of, client.denied) if path[:1] == (root,))


def _land(client: Client, stream: Stream, landed: LandedWindow, progress: Progress) -> None:
    operation_id = landed.manifest.state.get("bulk_id")
    if operation_id is None:
        operation_id = _start(
            client,
            bulk_query(stream, landed.window, _denied(client, stream)),
            lambda: progress(stream.name, 0, None, "another bulk operation of this app is running"),
        )
        landed.remember(bulk_id=operation_id)
    operation = _wait(
        client, operation_id, lambda count: progress(stream.name, count, None, "Shopify prepares the file")
    )
    if operation.status != "COMPLETED":
        landed.restart()
        if operation.error_code == "ACCESS_DENIED":
            raise _DeniedOperationError(operation.error_code)
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
        started = client.read("bulkOperationRunQuery", _Started, RUN, {"query": query})
        if started.bulk_operation is not None and not started.user_errors:
            return started.bulk_operation.id
        codes = {error.code for error in started.user_errors}
        if not codes & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}:
            raise ContractError(
                f"{client.label}: Shopify did not start a bulk operation",
                "; ".join(error.message for error in started.user_errors) or "without a reason",
                "Run again later; if it stays so, update Takings",
            )
        on_busy()
        client.transport.wait(min(LONGEST_PAUSE * 6, 0.5 * 1.5**attempt))
    raise RetryError(f"{client.label}: another bulk operation of this app does not end. Run again later.")


def _wait(client: Client, operation_id: str, on_count: Callable[[int], None]) -> _Operation:
    """The operation once it has ended.

    Raises RetryError when its count has not risen for STALLED_SECONDS: its id is kept, the next run asks for it again.
    """
    waited = risen_at = 0.0
    most = -1
    while True:
        data = client.execute(POLL, {"id": operation_id})
        if bytes(data.get("bulkOperation", msgspec.Raw(b"{}"))) == b"null":
            return _Operation(id=operation_id, status="EXPIRED")
        operation = client.decoded(data.get("bulkOperation", msgspec.Raw(b"{}")), _Operation, "bulkOperation")
        if operation.status not in ("CREATED", "RUNNING", "CANCELING"):
            return operation
        count = _count(client, operation.object_count)
        on_count(count)
        if count > most:
            most, risen_at = count, waited
        if waited - risen_at >= STALLED_SECONDS or waited >= LONGEST_SECONDS:
            raise RetryError(
                f"{client.label}: the bulk operation {operation_id} does not end",
                f"it is {operation.status} with {most} objects, {(waited - risen_at) / 3600:.0f} hours after its count "
                "rose last",
                "Run again later: it is then waited for again. It can be cancelled in Shopify by the app",
            )
        pause = max(min(LONGEST_PAUSE, FIRST_PAUSE + waited / 4), min(LONGEST_LATER, waited / 60))
        client.transport.wait(pause)
        waited += pause


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
