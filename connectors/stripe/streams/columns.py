"""Builders of columns, tables and streams: how a value is read from one of Stripe's records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from connectors.base import Column, Stream, Table, fields_read
from connectors.sync.reader import Question

AMOUNTS = "STRUCT(amount VARCHAR)[]"
DISCOUNT = (
    'STRUCT(id VARCHAR, "start" VARCHAR, "end" VARCHAR, subscription_item VARCHAR, source STRUCT(coupon VARCHAR))'
)


@dataclass(frozen=True)
class Feed:
    """How a stream is requested: its resource, and how far back a sweep by `created` looks each time.

    `kind` is the object's name in events; fields in `expand` come as whole objects; `sweeps` are the parameters of its
    lists, which together show all objects if `lists_all`; `children` names the list inside the object; `deletable`
    objects can vanish. `out_of_date` asks for the ids of objects that other staging rows show to be out of date,
    `unknown` for the ids that other staging rows name and staging does not have.
    """

    stream: Stream
    kind: str
    lookback: timedelta = timedelta(days=1)
    expand: tuple[str, ...] = ()
    sweeps: tuple[tuple[tuple[str, str], ...], ...] = ((),)
    lists_all: bool = True
    children: str | None = None
    deletable: bool = False
    out_of_date: Question | None = None
    unknown: Question | None = None


def text(name: str, read: str | None = None) -> Column:
    return Column(name, "VARCHAR", read or f"r.{name}")


def minor(name: str, read: str | None = None) -> Column:
    """Minor units of the row's currency, as Stripe gives them, or a count."""
    return Column(name, "BIGINT", read or f"r.{name}")


def epoch(name: str, read: str) -> Column:
    return Column(name, "EPOCH", read)


def rate(name: str, read: str) -> Column:
    return Column(name, "DECIMAL", read)


def flag(name: str, read: str) -> Column:
    return Column(name, "BOOLEAN", read)


def currency(read: str = "r.currency") -> Column:
    return Column("currency", "VARCHAR", f"upper({read})")


def created() -> Column:
    return epoch("created_at", "r.created")


def total(name: str, read: str) -> Column:
    """The sum of a list's amounts; 0 for an empty list."""
    sums = f"list_sum([try_cast(entry.amount as bigint) for entry in {read}])"
    return Column(name, "BIGINT", f"cast(coalesce({sums}, 0) as varchar)")


def make_stream(
    name: str, tables: tuple[Table, ...], shapes: dict[str, str] | None = None, extra_fields: tuple[str, ...] = ()
) -> Stream:
    """A stream of Stripe. Its record has the fields that its columns read.

    `shapes` gives the types of nested fields, `extra_fields` names those that only a table's FROM clause reads.
    """
    columns = [column for table in tables if table.source == Table.source for column in table.columns]
    return Stream(
        name=name,
        query=name,
        cursor="created",
        record=dict.fromkeys(("id", "object", "created", *fields_read(columns), *extra_fields), "VARCHAR")
        | (shapes or {}),
        tables=tables,
    )


def single_table_stream(
    name: str, key: str, columns: tuple[Column, ...], shapes: dict[str, str] | None = None
) -> Stream:
    """A stream of one table, one row per object."""
    table = Table(name=name, key=(key,), where="true", columns=(text(key, "r.id"), created(), *columns))
    return make_stream(name, (table,), shapes)
