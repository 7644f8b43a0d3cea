"""Bulk operations: a query runs in the background over a whole root connection and writes a JSONL file.

With ``groupObjects: false`` the file has an object's children before the object, in no reliable order; only
``__parentId`` names their parent. Files are gzipped and exist until the server closes.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.apis.shopify.bulk_query import BulkQuery
from simulator.apis.shopify.errors import BulkError
from simulator.apis.shopify.query_root import QueryRoot
from simulator.apis.shopify.schema import ApiObject
from simulator.apis.shopify.serializer import ObjectSerializer

CHUNK = 64  # root objects whose lines are mixed with each other
RUNNING = ("CREATED", "RUNNING", "CANCELING")
FIRST_NUMBER = 7_000_001


@dataclass(frozen=True)
class Outcome:
    """How an operation ends unless it is canceled; ``miscounted`` makes its objectCount one too high."""

    status: str = "COMPLETED"
    error_code: str | None = None
    miscounted: bool = False


@dataclass
class Operation:
    """A bulk operation; ``path`` is its gzipped file."""

    number: int
    query: str
    created_at: int
    path: Path
    status: str = "CREATED"
    error_code: str | None = None
    completed_at: int | None = None
    object_count: int = 0
    root_object_count: int = 0
    url: str | None = None
    partial_url: str | None = None

    @property
    def id(self) -> str:
        return f"gid://shopify/BulkOperation/{self.number}"

    def as_object(self) -> ApiObject:
        return ApiObject(
            "BulkOperation",
            id=self.id,
            type="QUERY",
            status=self.status,
            query=self.query,
            errorCode=self.error_code,
            createdAt=self.created_at,
            completedAt=self.completed_at,
            objectCount=self.object_count,
            rootObjectCount=self.root_object_count,
            url=self.url,
            partialDataUrl=self.partial_url,
            fileSize=self.path.stat().st_size if self.url and self.path.exists() else None,
        )


class BulkOperations:
    """One shop's bulk operations. At most ``limit`` run at a time, each for at least ``seconds``."""

    def __init__(self, folder: Path, limit: int = 5, seconds: float = 0.0) -> None:
        self.folder, self.limit, self.seconds = folder, limit, seconds
        self.operations: dict[str, Operation] = {}
        self._lock = threading.Lock()

    def start(self, query: BulkQuery, root: QueryRoot, group: bool, files_url: str, outcome: Outcome) -> ApiObject:
        """Starts an operation and returns it as created. Raises BulkError when too many are running."""
        with self._lock:
            self._check_limit()
            number = FIRST_NUMBER + len(self.operations)
            operation = Operation(number, query.text, root.now, self.folder / f"{number}.jsonl.gz")
            self.operations[operation.id] = operation
        created = operation.as_object()
        work = (operation, query, root, group, f"{files_url}/{number}.jsonl", outcome)
        threading.Thread(target=self._run, args=work, daemon=True).start()
        return created

    def cancel(self, id: str) -> Operation | None:
        operation = self.operations.get(id)
        if operation is not None and operation.status in ("CREATED", "RUNNING"):
            operation.status = "CANCELING"
        return operation

    def _check_limit(self) -> None:
        running = [operation for operation in self.operations.values() if operation.status in RUNNING]
        if len(running) < self.limit:
            return
        if self.limit == 1:
            message = f"A bulk query operation for this app and shop is already in progress: {running[0].id}."
            raise BulkError("OPERATION_IN_PROGRESS", message)
        raise limit_reached(self.limit)

    def _run(
        self, operation: Operation, query: BulkQuery, root: QueryRoot, group: bool, url: str, outcome: Outcome
    ) -> None:
        started = time.monotonic()
        operation.status = "RUNNING"
        try:
            objects, roots = write_file(query, root, operation.path, group, lambda: operation.status == "RUNNING")
        except Exception:
            _end(operation, "FAILED", "INTERNAL_SERVER_ERROR")
            raise
        while operation.status == "RUNNING" and time.monotonic() - started < self.seconds:
            time.sleep(0.01)
        operation.object_count, operation.root_object_count = objects + outcome.miscounted, roots
        if operation.status == "CANCELING":
            return _end(operation, "CANCELED", None)
        if objects and outcome.status == "COMPLETED":
            operation.url = url
        elif objects and outcome.status == "FAILED":
            operation.partial_url = url
        _end(operation, outcome.status, outcome.error_code)


def _end(operation: Operation, status: str, error_code: str | None) -> None:
    operation.error_code, operation.completed_at = error_code, operation.created_at
    operation.status = status


def limit_reached(limit: int) -> BulkError:
    return BulkError("LIMIT_REACHED", f"You have reached the limit of {limit} concurrent bulk query operations.")


def write_file(
    query: BulkQuery, root: QueryRoot, path: Path, group: bool, running: Callable[[], bool]
) -> tuple[int, int]:
    """Writes the gzipped JSONL while ``running``. Returns the number of objects and of root objects."""
    objects, roots = 0, 0
    selected = root.selected(query.root, query.search)
    with gzip.open(path, "wb", compresslevel=1) as file:
        for start in range(0, len(selected), CHUNK):
            if not running():
                break
            chunk, lines = selected[start : start + CHUNK], list[str]()
            for source in chunk:
                append_lines(query.serializer, source, "}", lines)
            if not group:
                lines.reverse()
            objects, roots = objects + len(lines), roots + len(chunk)
            file.write(("\n".join(lines) + "\n").encode())
    return objects, roots


def append_lines(serializer: ObjectSerializer, source: Any, end: str, lines: list[str]) -> None:
    """Appends the JSONL line of an object and of all objects below it; ``end`` closes the object's own line."""
    of_type = serializer.of_type(source)
    lines.append(of_type.text(source) + end)
    if of_type.connections:
        child_end = f',"__parentId":"{of_type.identify(source)}"}}'
        for connection in of_type.connections:
            for child in connection.items(source):
                append_lines(connection.serializer, child, child_end, lines)
