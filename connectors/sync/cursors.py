"""How far each stream of an account has been loaded, and which days of it have been read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import duckdb

from connectors.base import Account, Days, Stream
from connectors.sync.control_tables import OF_STREAM, of_stream, utc_now
from connectors.sync.landing import LandedWindow


class Cursors:
    """The cursors of one account. Writes happen inside the transaction that loads the rows."""

    def __init__(self, db: duckdb.DuckDBPyConnection, account: Account) -> None:
        self.db, self.account = db, account

    def loaded_until(self, stream: str) -> datetime | None:
        """Until when a stream has been loaded, UTC; None before the first load."""
        until: datetime | None = self._value(stream, "loaded_until")
        return until and until.replace(tzinfo=UTC)

    def loaded_window(self, stream: str) -> str | None:
        """The id of the window that was loaded last."""
        window_id: str | None = self._value(stream, "window_id")
        return window_id

    def reading(self, stream: str) -> str | None:
        """The `Stream.reading` by which its rows were read; None before the first load."""
        reading: str | None = self._value(stream, "reading")
        return reading

    def move(self, stream: Stream, landed: LandedWindow, run_id: str) -> None:
        """Put the cursor to the window's end; a window that reads days again leaves it where it is."""
        scope = of_stream(self.account, stream.name)
        end = self.loaded_until(stream.name) if landed.manifest.again else landed.manifest.end
        self.db.execute(f"delete from takings.cursors where {OF_STREAM}", scope)
        self.db.execute(
            "insert into takings.cursors values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*scope, end and _naive(end), landed.folder.name, run_id, utc_now(), stream.reading],
        )

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

    def _value(self, stream: str, column: str) -> Any:
        """A value of the stream's cursor; None before the first load."""
        sql = f"select {column} from takings.cursors where {OF_STREAM}"
        row = self.db.execute(sql, of_stream(self.account, stream)).fetchone()
        return row and row[0]


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
