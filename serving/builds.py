"""Which build is published, for requests that are answered in an event loop.

Readers of a database may have to wait for it, so they ask in a thread. A link of the disk is read at once: to hand that
to a thread would take three times as long.
"""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool

from semantic import warehouse
from semantic.catalog import Catalog
from semantic.warehouse import Published


async def run_id(published: Published) -> str:
    """The run of the current build, with which every key of the cache begins. Raises a SemanticError."""
    if isinstance(published, Path):
        return warehouse.current(published).name
    return (await run_in_threadpool(warehouse.current, published)).name


async def definitions(published: Published) -> Catalog:
    """The definitions of the current build. Raises a SemanticError."""
    if isinstance(published, Path):
        return warehouse.definitions(published)
    return await run_in_threadpool(warehouse.definitions, published)
