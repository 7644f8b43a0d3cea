"""What it costs to load chats and event logs from files, as a ratio to the same result in plain SQL, in one run.

    .venv/bin/python -m benchmarks.records [--rows NUMBER]

CPU seconds of one process: a pull of the file (judging each value, landing zone, staging with its cursor), and one
statement as an analyst writes it: the file's columns typed, money and latencies exact, times in UTC and as they were
written, one row per id (the newest) or the hash and number of equal entries, in a table of a file.
It judges no value, and a row that cannot be typed stops it. It is measured twice: it keeps nothing of the file, or
writes the typed rows to Parquet before the table, as a pull keeps what it loads. The plain read only types the columns.
results.md has the numbers.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from connectors.base import Account
from connectors.files.pull import pull
from connectors.files.settings import FilesSettings
from connectors.http import Transport
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging

START = datetime(2026, 1, 1)
TYPES = {
    "created_at": "timestamptz", "input_tokens": "bigint", "output_tokens": "bigint", "latency_ms": "bigint",
    "ai_generation_success": "boolean", "ai_latency": "decimal(24, 6)", "sale_datetime": "timestamp",
    "sale_amount": "decimal(24, 6)", "refund": "boolean", "delivery_success": "boolean",
}  # fmt: skip
Record = dict[str, Any]


def main() -> None:
    """Measure both contracts and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    print(
        "| file | rows | CPU seconds | plain SQL | ratio | plain SQL with Parquet | ratio | the plain read |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    for name, records in (("chat_messages", messages), ("event_log", entries)):
        with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as folder:
            path = Path(folder) / "files" / f"{name}.jsonl"
            path.parent.mkdir()
            with path.open("w") as file:
                file.writelines(f"{json.dumps(record)}\n" for record in records(rows))
            columns = list(next(records(1)))
            plain = _cpu(partial(read_plainly, path, columns))
            bare = _cpu(partial(load_in_sql, path, columns, keeps=False))
            same = _cpu(partial(load_in_sql, path, columns, keeps=True))
            ours = _cpu(partial(load, Path(folder)))
            print(
                f"| {name}.jsonl | {rows:,} | {ours:.1f} | {bare:.1f} | {ours / bare:.2f} | {same:.1f} "
                f"| {ours / same:.2f} | {plain:.1f} |"
            )


def messages(count: int) -> Iterator[Record]:
    """Messages of chats, every other one by a model."""
    chance = random.Random(1)  # noqa: S311 - rows, not secrets
    for number in range(count):
        model = number % 2 == 1
        yield {
            "message_id": f"msg_{number:08d}", "session_id": f"ses_{number // 8:07d}",
            "created_at": (START + timedelta(seconds=number)).isoformat() + "Z",
            "role": "assistant" if model else "user",
            "model": chance.choice(["gpt-4o", "gpt-4o-mini"]) if model else None,
            "input_tokens": chance.randint(100, 4000) if model else None,
            "output_tokens": chance.randint(10, 800) if model else None,
            "latency_ms": chance.randint(100, 9000) if model else None,
            "text": f"Do you have it in size {chance.randint(30, 50)}? " * chance.randint(1, 3),
        }  # fmt: skip


def entries(count: int) -> Iterator[Record]:
    """Entries of an event log."""
    chance = random.Random(1)  # noqa: S311 - rows, not secrets
    for number in range(count):
        yield {
            "vault_id": f"vault_{chance.randint(1, 40)}", "niche": chance.choice(["AI Tools", "Fitness", "Art"]),
            "product_name": f"Toolkit {chance.randint(1, 200)}", "ai_prompt_version": chance.choice(["v1", "v2"]),
            "ai_style": chance.choice(["corporate", "casual"]), "ai_generation_success": chance.random() < 0.95,
            "ai_latency": chance.randint(1, 500) / 100, "ai_version": chance.choice(["gpt-4", "gpt-4o"]),
            "sale_datetime": (START + timedelta(seconds=5 * number)).isoformat(),
            "sale_amount": chance.randint(100, 20_000) / 100, "refund": chance.random() < 0.03, "refund_reason": "",
            "language": chance.choice(["en", "de", "pt"]), "country": chance.choice(["US", "DE", "PT"]),
            "customer_type": chance.choice(["first_time", "repeat"]), "delivery_success": True,
            "funnel_stage": chance.choice(["visit", "visit", "cart", "purchase"]), "visit_id": f"visit_{number // 3}",
        }  # fmt: skip


def read_plainly(path: Path, columns: list[str]) -> None:
    """The same columns, typed, in a table of a file of DuckDB."""
    texts = ", ".join(f"'{name}': 'varchar'" for name in columns)
    typed = ", ".join(f"cast({name} as {TYPES[name]}) as {name}" if name in TYPES else name for name in columns)
    with duckdb.connect(str(path.with_suffix(".duckdb"))) as db:
        db.execute(
            f"create table plain as select {typed} from read_json(?, format = 'newline_delimited', "
            f"columns = {{{texts}}})",
            [str(path)],
        )


def load_in_sql(path: Path, columns: list[str], *, keeps: bool) -> None:
    """The rows as a pull loads them, in one statement; with `keeps` in Parquet first, and in a table from there."""
    texts = ", ".join(f"'{name}': 'varchar'" for name in columns)
    typed = ", ".join(_typed(name) for name in columns)
    file = f"read_json('{path}', format = 'newline_delimited', columns = {{{texts}}})"
    if path.stem == "event_log":
        content = ", ".join(f"coalesce({name}, '')" for name in columns)
        rows = (
            "select *, row_number() over (partition by row_hash) as occurrence "
            f"from (select md5(concat_ws(chr(31), {content})) as row_hash, {typed} from {file})"
        )
    else:
        newest = "row_number() over (partition by message_id order by created_at desc) = 1"
        rows = f"select {typed} from {file} qualify {newest}"
    with duckdb.connect(str(path.with_suffix(f".{'kept' if keeps else 'bare'}.duckdb"))) as db:
        db.execute("set TimeZone = 'UTC'")
        if keeps:
            part = path.with_name(f"{path.stem}-part.copy")
            db.execute(f"copy ({rows}) to '{part}' (format parquet, compression zstd, compression_level 1)")
            rows = f"select * from read_parquet('{part}')"
        db.execute(f"create table records as {rows}")


def _typed(name: str) -> str:
    own = {
        "ai_latency": "cast(cast(ai_latency as decimal(24, 9)) * 1000000 as bigint) as ai_latency_micros",
        "text": "length(text) as text_length",
    }
    if name in own:
        return own[name]
    kind = TYPES.get(name, "")
    if kind.startswith("timestamp"):
        return f"cast({name} as timestamptz) at time zone 'UTC' as {name}, {name} as {name}_text"
    value = f"nullif({name}, '')"
    return f"cast({value} as {kind}) as {name}" if kind else f"{value} as {name}"


def load(folder: Path) -> None:
    """A pull of the folder."""
    account = Account("benchmark", "files", "files", str(folder / "files"), "")
    settings = FilesSettings(kind="files", account="files", path=folder / "files")
    with Staging(folder / "staging.duckdb") as staging:
        context = PullContext(
            account,
            Landing(folder / "landing"),
            staging,
            "run",
            Transport(),
            clock=lambda: datetime(2027, 1, 1, tzinfo=UTC),
        )
        rejected = sum(result.rejected for result in pull(context, settings))
    if rejected:
        raise SystemExit(f"{rejected} rows were rejected")


def _cpu(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
