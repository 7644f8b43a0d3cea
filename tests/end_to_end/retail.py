"""The tables of a real retailer, where they are at hand: the whole year, or its last weeks."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("TAKINGS_RETAIL") or CHECKOUT.parent / "shared" / "data" / "online_retail")
ABSENT = not (FOLDER / "orders.parquet").exists()
REASON = f"the retailer's tables are not at {FOLDER} (set TAKINGS_RETAIL)"


def last_weeks(folder: Path) -> Path:
    """Write the tables of the orders of the last six weeks into a folder; returns it."""
    folder.mkdir()
    with duckdb.connect() as db:
        recent = f"select max(created_at) - interval 42 day from '{FOLDER}/orders.parquet'"
        db.execute(f"create view recent as select * from '{FOLDER}/orders.parquet' where created_at > ({recent})")
        for table in ("orders", "order_lines", "refund_lines"):
            rows = f"select * from '{FOLDER}/{table}.parquet' semi join recent using (order_id)"
            db.execute(f"copy ({rows}) to '{folder}/{table}.parquet'")
    return folder
