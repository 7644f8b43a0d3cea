"""Writes a report's table as Parquet: typed decimals, dates and counts, with unit and label of each column.

The file's own metadata say what the report is (title, question, tenant, days, currency), how fresh it is, and what each
metric means (`definitions` and `caveats`, as JSON).
"""

from __future__ import annotations

import json

import pyarrow as pa

from semantic.reports import texts
from semantic.reports.content import Content


def dump(content: Content) -> bytes:
    """The file's bytes; the same content gives the same bytes."""
    from pyarrow import parquet  # noqa: PLC0415 (only this format needs it)

    sink = pa.BufferOutputStream()
    parquet.write_table(content.table.replace_schema_metadata(facts(content)), sink, compression="zstd")
    return bytes(sink.getvalue())


def facts(content: Content) -> dict[str, str]:
    """What the file says about itself."""
    return {
        "report": content.name,
        "title": content.title,
        "question": content.question,
        "tenant": content.tenant,
        "from": content.days[0].isoformat(),
        "to": content.days[1].isoformat(),
        "time_zone": content.time_zone,
        "currency": content.currency.code,
        "digits": str(content.currency.digits),
        "as_of": f"{content.as_of.isoformat()}Z" if content.as_of else "",
        "reconciliation": texts.reconciliation(content)[1],
        "run_id": content.run_id,
        "definitions_version": content.definitions_version,
        "definitions": json.dumps(dict(content.definitions), ensure_ascii=False),
        "caveats": json.dumps(content.caveats, ensure_ascii=False),
    }
