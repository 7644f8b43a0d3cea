"""How many objects per CPU second the simulator writes into a bulk file (graphql-core resolves less than 3,000).

    .venv/bin/python -m benchmarks.bulk_file

Measured on two slow cores: 45,000 to 90,000.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from connectors.base import Window
from connectors.shopify.bulk import bulk_query
from connectors.shopify.streams import ORDERS
from simulator import demo_world
from simulator.apis.shopify import bulk
from simulator.apis.shopify.bulk_query import parse_bulk_query
from simulator.apis.shopify.query_root import QueryRoot
from simulator.apis.shopify.schema import schema

SECONDS = 2.0


def main() -> None:
    end = datetime(2026, 3, 20, 10, tzinfo=UTC)
    books = demo_world(seed=11, start=date(2026, 1, 15), end=end, orders=1_500).books("aurora", end)
    root, query = QueryRoot(books, books.at), parse_bulk_query(schema(), bulk_query(ORDERS, Window(None, end)))
    with tempfile.TemporaryDirectory() as folder:
        began, objects = time.process_time(), 0
        while time.process_time() - began < SECONDS:
            objects += bulk.write_file(query, root, Path(folder) / "file.gz", False, lambda: True)[0]
        print(f"{objects / (time.process_time() - began):,.0f} objects per CPU second")


if __name__ == "__main__":
    main()
