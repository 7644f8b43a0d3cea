"""How far each stream of an account has been loaded, and which days of it have been read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from connectors.base import Account, Days, Stream
from connectors.sync.control_tables import OF_STREAM, of_stream, rows_changed, utc_now
from connectors.sync.landing import LandedWindow


@dataclass(frozen=True)
class Cursor:
    """How far a stream has been loaded: until when (UTC; None where a window of days came first), by which window, and
    the `Stream.reading` by which its rows were read."""

    loaded_until: datetime | None
    window_id: str
    reading: str | None


class Cursors:
    """The cursors of one account. Writes happen inside the transaction that loads the rows."""

    def __init__(self, db: duckdb.DuckDBPyConnection, account: Account) -> None:
        self.db, self.account = db, account

    def of(self, stream: str) -> Cursor | None:
        """The stream's cursor; None before the first load."""
        sql = f"select loaded_until, window_id, reading from takings.cursors where {OF_STREAM}"
        row = self.db.execute(sql, of_stream(self.account, stream)).fetchone()
        return row and Cursor(row[0] and row[0].replace(tzinfo=UTC), row[1], row[2])

    def loaded_until(self, stream: str) -> datetime | None:
        """Until when a stream has been loaded, UTC; None before the first load."""
        cursor = self.of(stream)
        return cursor.loaded_until if cursor else None

    def move(self, stream: Stream, landed: LandedWindow, run_id: str) -> None:
        """Put the cursor to the window's end; a window that reads days again leaves it where it is."""
        scope = of_stream(self.account, stream.name)
        end = self.loaded_until(stream.name) if landed.manifest.again else landed.manifest.end
        values = [end and _naive(end), landed.folder.name, run_id, utc_now(), stream.reading]
        moved = rows_changed(
            self.db,
            "update takings.cursors set loaded_until = ?, window_id = ?, run_id = ?, loaded_at = ?, reading = ? "
            f"where {OF_STREAM}",
            [*values, *scope],
        )
        if not moved:
            self.db.execute("insert into takings.cursors values (?, ?, ?, ?, ?, ?, ?, ?, ?)", [*scope, *values])

    def remember_days(self, stream: str, landed: LandedWindow, run_id: str) -> None:
        """takings.days_read: as of when each day of a stream was read last."""
        if landed.manifest.days is None:
            return
        scope, days = of_stream(self.account, stream), list(landed.manifest.days)
        self.db.execute(f"delete from takings.days_read where {OF_STREAM} and day between ? and ?", [*scope, *days])
        self.db.execute(
            "insert into takings.days_read select ?, ?, ?, ?, unnest(generate_series(?::date, ?::date, "
            "interval 1 day))::date, ?, ?",
            [*scope, *days, _naive(landed.manifest.end), run_id],
        )

    def never_read(self, stream: str, first: date, last: date) -> list[Days]:
        """The ranges between two days, both included, that no window has read."""
        ranges: list[Days] = self.db.execute(
            f"""select min(day), max(day) from (
                select day, day - row_number() over (order by day)::integer as island from (
                    select unnest(generate_series(?::date, ?::date, interval 1 day))::date as day
                    except
                    select day from takings.days_read where {OF_STREAM}))
            group by island order by 1""",
            [first, last, *of_stream(self.account, stream)],
        ).fetchall()
        return ranges


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
