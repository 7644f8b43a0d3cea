"""What an assistant has stored as files of the record contracts, in one of three forms.

<folder>/chat_sessions.jsonl     or .csv, or .parquet
<folder>/chat_messages.jsonl
<folder>/product_events.jsonl
<folder>/model_prices.csv        the shop's own prices

Instants are written in UTC, costs in US dollars. An unknown field is absent (JSON), empty (CSV) or null (Parquet).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulator.apis.decimals import micros_text
from simulator.apis.replaced import replace_file
from simulator.books import Instant
from simulator.scenarios.assistant.books import Assistant, ModelPrice, Stored
from simulator.world import seconds

FORMS = ("jsonl", "csv", "parquet")
INSTANTS = {"started_at", "ended_at", "updated_at", "created_at", "occurred_at"}
COST = "reported_cost"
COUNTS = {
    "satisfaction", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "embedding_tokens",
    "latency_ms", "position",
}  # fmt: skip
Record = Mapping[str, Any]


def write_chat_files(assistant: Assistant, folder: Path, at: datetime, form: str = "jsonl") -> None:
    """Writes all files as of an instant. Raises ValueError for an unknown form."""
    if form not in FORMS:
        raise ValueError(f"{form!r} is not a form of the chat files: it is one of {', '.join(FORMS)}.")
    folder.mkdir(parents=True, exist_ok=True)
    encode: Callable[[Sequence[Record]], bytes] = {"jsonl": _lines, "csv": _csv, "parquet": _parquet}[form]
    for contract, records in records_of(assistant.stored(seconds(at))).items():
        replace_file(folder / f"{contract}.{form}", encode(records))
    write_model_prices(assistant, folder)


def write_model_prices(assistant: Assistant, folder: Path) -> None:
    """Writes the shop's own prices."""
    rows = [[value if value is not None else "" for value in price] for price in assistant.prices]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([ModelPrice._fields, *rows])
    replace_file(folder / "model_prices.csv", text.getvalue().encode())


def records_of(stored: Stored) -> dict[str, list[dict[str, Any]]]:
    """The records of each contract. Instants are seconds since 1970, costs are micros."""
    messages = []
    for message in stored.messages:
        record = message._asdict()
        record["updated_at"] = record.pop("stored_at")
        messages.append(record)
    return {
        "chat_sessions": [session._asdict() for session in stored.sessions],
        "chat_messages": messages,
        "product_events": [event._asdict() for event in stored.events],
    }


def _iso(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(name: str, value: Any) -> str:
    if name in INSTANTS:
        return _iso(value)
    return micros_text(value) if name == COST else str(value)


def _lines(records: Sequence[Record]) -> bytes:
    lines = []
    for record in records:
        members = (
            f"{json.dumps(name)}: {_text(name, value) if name in COUNTS or name == COST else _quoted(name, value)}"
            for name, value in record.items()
            if value is not None
        )
        lines.append("{" + ", ".join(members) + "}\n")
    return "".join(lines).encode()


def _quoted(name: str, value: Any) -> str:
    return json.dumps(_text(name, value), ensure_ascii=False)


def _csv(records: Sequence[Record]) -> bytes:
    text = io.StringIO()
    names = list(records[0]) if records else []
    rows = (["" if record[name] is None else _text(name, record[name]) for name in names] for record in records)
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    return text.getvalue().encode()


def _parquet(records: Sequence[Record]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 (only this form needs it)
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns = {}
    for name in records[0] if records else ():
        values = [record[name] for record in records]
        if name in INSTANTS:
            columns[name] = pa.array(values, pa.int64()).cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC"))
        elif name == COST:
            dollars = [None if value is None else Decimal(value) / 1_000_000 for value in values]
            columns[name] = pa.array(dollars, pa.decimal128(18, 6))
        else:
            columns[name] = pa.array(values, pa.int64() if name in COUNTS else pa.string())
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()
