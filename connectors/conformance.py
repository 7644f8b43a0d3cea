"""What any connector must do, ours or somebody else's: checks that run over an account of your own making.

    from connectors.conformance import CHECKS, Subject

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_conformance(check, subject, tmp_path):
        check(subject, tmp_path)

A `Subject` names the connector, an account that can be synced (a simulator, a recorded server, a folder) with its
settings, and one record that staging cannot type. Each check raises AssertionError with what differs. It syncs into a
landing zone and a staging file below the folder that it is given, waits for nothing and needs no test framework.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import zstandard

from connectors.base import Account, Progress, Pulled, Stream, no_progress
from connectors.connector import Connector
from connectors.errors import ConfigurationError, TakingsError
from connectors.http import Transport
from connectors.settings import SourceSettings
from connectors.sync.cursors import Cursors
from connectors.sync.landing import LandedWindow, Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging

Rows = list[tuple[Any, ...]]
Tables = dict[str, Rows]
UNKNOWN_FIELD = "field_of_a_later_version"
INTERRUPTED_AFTER = (1, 2, 4, 8, 16)
"""Steps of progress after which a sync is interrupted."""
CLOCK = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Subject:
    """A connector over one account. The account must not change while a check runs.

    `broken` is a stream and fields of its records with values that staging cannot type. `ignored` are tables whose
    rows depend on when a sync looked and not on the account alone.
    """

    connector: Connector
    account: Account
    settings: SourceSettings
    broken: tuple[str, dict[str, Any]]
    ignored: frozenset[str] = frozenset()

    def of_tenant(self, tenant: str) -> Subject:
        """The same account, configured for another tenant."""
        return replace(self, account=replace(self.account, tenant_id=tenant))

    def stream(self, name: str) -> Stream:
        return next(stream for stream in self.connector.streams if stream.name == name)


class _InterruptedError(Exception):
    """Stands for whatever ends a process."""


class Workspace:
    """A landing zone and a staging file; every sync is a minute after the one before."""

    def __init__(self, folder: Path) -> None:
        self.landing, self.file = Landing(folder / "landing"), folder / "staging.duckdb"
        self.now = CLOCK

    def sync(self, subject: Subject, run_id: str = "run", progress: Progress = no_progress) -> dict[str, Pulled]:
        """One pull of all streams; pauses are skipped."""
        self.now += timedelta(minutes=1)
        transport = Transport((subject.account.secret,), sleep=lambda seconds: None)
        with Staging(self.file) as staging:
            context = PullContext(
                subject.account, self.landing, staging, run_id, transport, progress, clock=lambda: self.now
            )
            return {result.stream: result for result in subject.connector.pull(context, subject.settings)}

    def replay(self, subject: Subject, landing: Landing | None = None) -> dict[str, Pulled]:
        """Load all sealed windows of the landing zone (default: the own one), without a source."""
        results = {}
        with Staging(self.file) as staging:
            staging.prepare(subject.account.source, subject.connector.streams)
            for stream in subject.connector.streams:
                for landed in (landing or self.landing).windows(subject.account, stream.name):
                    if landed.manifest.sealed:
                        numbers = staging.load(subject.account, stream, landed, landed.manifest.run_id)
                        results[stream.name] = Pulled(stream.name, *numbers)
        return results

    def tables(self, subject: Subject, lineage: bool = False) -> Tables:
        """Every row of the account in every staging table; the run and part that wrote it only with `lineage`."""
        source, without = subject.account.source, "" if lineage else "exclude (run_id, landing_part)"
        names = {table.name for stream in subject.connector.streams for table in stream.tables} - subject.ignored
        scope = [subject.account.tenant_id, subject.account.account]
        where = "where tenant_id = ? and source_account = ?"
        with Staging(self.file) as staging:
            staging.prepare(source, subject.connector.streams)
            return {
                name: staging.db.execute(
                    f"select * {without} from {source}.{name} {where} order by all", scope
                ).fetchall()
                for name in sorted(names)
            }

    def cursors(self, subject: Subject) -> dict[str, datetime | None]:
        with Staging(self.file) as staging:
            cursors = staging.cursors(subject.account)
            return {stream.name: cursors.loaded_until(stream.name) for stream in subject.connector.streams}

    def parts(self) -> Iterator[Path]:
        """Every landed part of every account."""
        yield from sorted(self.landing.root.rglob("part-*"))


def repeat_changes_nothing(subject: Subject, folder: Path) -> None:
    """A second sync of an unchanged account writes no row again."""
    place = Workspace(folder)
    place.sync(subject, "first")
    before = place.tables(subject, lineage=True)
    assert any(before.values()), "the account of the subject is empty: nothing can be checked with it"
    place.sync(subject, "second")
    _same(place.tables(subject, lineage=True), before)


def interrupted_sync_resumes(subject: Subject, folder: Path) -> None:
    """A sync that is interrupted anywhere and then repeated ends with the rows of one that was not."""
    expected = _undisturbed(subject, folder)
    for steps in INTERRUPTED_AFTER:
        place = Workspace(folder / f"after-{steps}")
        try:
            place.sync(subject, progress=_interruption(steps))
        except _InterruptedError:
            place.sync(subject, "resumed")
        _same(place.tables(subject), expected)


def rows_and_cursor_commit_together(subject: Subject, folder: Path) -> None:
    """When the cursor of a stream cannot be written, none of its rows is; the next sync brings both."""
    expected = _undisturbed(subject, folder)
    place, broken = Workspace(folder / "failing"), subject.stream(subject.broken[0])
    move = Cursors.move

    def fail(cursors: Cursors, stream: Stream, landed: LandedWindow, run_id: str) -> None:
        if stream.name == broken.name:
            raise _InterruptedError
        move(cursors, stream, landed, run_id)

    try:
        with mock.patch.object(Cursors, "move", fail):
            place.sync(subject)
    except _InterruptedError:
        pass
    else:
        raise AssertionError(f"stream {broken.name} was loaded and its cursor was not moved")
    tables, names = place.tables(subject), {table.name for table in broken.tables}
    assert place.cursors(subject)[broken.name] is None
    assert not any(tables.get(name) for name in names), f"rows of {broken.name} without its cursor"
    place.sync(subject)
    _same(place.tables(subject), expected)


def landing_zone_replays_to_the_same_rows(subject: Subject, folder: Path) -> None:
    """The landing zone alone gives the same staging tables, with no network."""
    place, fresh = Workspace(folder), Workspace(folder / "fresh")
    place.sync(subject)
    fresh.replay(subject, place.landing)
    _same(fresh.tables(subject, lineage=True), place.tables(subject, lineage=True))


def rejected_row_names_its_place(subject: Subject, folder: Path) -> None:
    """A row that staging cannot type is counted and listed with its table, its reason and its landed part."""
    place, fresh = Workspace(folder), Workspace(folder / "fresh")
    place.sync(subject)
    stream, fields = subject.stream(subject.broken[0]), subject.broken[1]
    for part in place.parts():
        if stream.name in part.parts:
            _change(part, lambda record: record | (fields if fields.keys() <= record.keys() else {}))
    result = fresh.replay(subject, place.landing)[stream.name]
    with Staging(fresh.file) as staging:
        rejects = staging.rejects()
    assert result.rejected >= 1 and rejects, f"no row of {stream.name} was rejected"
    for reject in rejects:
        assert reject["table_name"] in {table.name for table in stream.tables}, reject
        assert reject["source_account"] == subject.account.account, reject
        assert reject["reason"] and reject["row_key"] and reject["landing_part"], reject


def unknown_field_stays_in_the_landing_zone(subject: Subject, folder: Path) -> None:
    """A field that no table reads is kept as it arrived, and the rows are the same."""
    place, fresh = Workspace(folder), Workspace(folder / "fresh")
    place.sync(subject)
    expected = place.tables(subject)
    changed = [part for part in place.parts() if _change(part, lambda record: record | {UNKNOWN_FIELD: "new"})]
    assert changed, "nothing has landed"
    fresh.replay(subject, place.landing)
    _same(fresh.tables(subject), expected)
    assert all(UNKNOWN_FIELD in record for part in changed for record in _records(part)[:1])


def secret_is_written_nowhere(subject: Subject, folder: Path) -> None:
    """Neither the landing zone nor staging nor the message about a wrong secret holds a secret."""
    secret = subject.account.secret
    if not secret:
        return
    assert secret not in repr(subject.account)
    place = Workspace(folder)
    place.sync(subject)
    files = [path for path in folder.rglob("*") if path.is_file()]
    exposed = [str(path) for path in files if secret.encode() in _content(path)]
    assert not exposed, f"the secret is in {exposed}"
    wrong = f"wrong-{secret}"
    try:
        Workspace(folder / "wrong").sync(replace(subject, account=replace(subject.account, secret=wrong)))
    except ConfigurationError as error:
        assert secret not in str(error), "the message about a wrong secret holds it"
    except TakingsError as error:
        raise AssertionError(f"a wrong secret is a ConfigurationError, not {type(error).__name__}") from error
    else:
        raise AssertionError("a wrong secret was accepted")


def two_tenants_do_not_touch_each_other(subject: Subject, folder: Path) -> None:
    """The same account under two tenants: each has all of its rows, and the second sync leaves the first as it was."""
    one, other, place = subject.of_tenant("one"), subject.of_tenant("other"), Workspace(folder)
    place.sync(one)
    before = place.tables(one, lineage=True)
    place.sync(other)
    _same(place.tables(one, lineage=True), before)
    as_one = {name: [("one", *row[1:]) for row in rows] for name, rows in place.tables(other).items()}
    _same(as_one, place.tables(one))


CHECKS: tuple[Callable[[Subject, Path], None], ...] = (
    repeat_changes_nothing,
    interrupted_sync_resumes,
    rows_and_cursor_commit_together,
    landing_zone_replays_to_the_same_rows,
    rejected_row_names_its_place,
    unknown_field_stays_in_the_landing_zone,
    secret_is_written_nowhere,
    two_tenants_do_not_touch_each_other,
)
"""All checks; each is called with a subject and an empty folder."""


def _undisturbed(subject: Subject, folder: Path) -> Tables:
    place = Workspace(folder / "undisturbed")
    place.sync(subject)
    return place.tables(subject)


def _interruption(steps: int) -> Progress:
    """A progress that ends the sync at its n-th call."""
    left = steps

    def progress(stream: str, count: int, total: int | None, detail: str) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            raise _InterruptedError

    return progress


def _same(actual: Tables, expected: Tables) -> None:
    """Equal tables; otherwise the first rows that differ."""
    for name in sorted({*actual, *expected}):
        ours, theirs = actual.get(name, []), expected.get(name, [])
        if ours != theirs:
            more, fewer = [row for row in ours if row not in theirs], [row for row in theirs if row not in ours]
            raise AssertionError(f"table {name}: {len(ours)} rows, {len(theirs)} expected; {more[:2]} for {fewer[:2]}")


def _content(path: Path) -> bytes:
    """A file's bytes, unpacked where it is packed."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as reader:
            return reader.read()
    return content


def _records(part: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _content(part).splitlines()]


def _change(part: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
    """Write a landed part again with each record changed; False where it holds none."""
    records = _records(part)
    content = b"".join(json.dumps(change(record)).encode() + b"\n" for record in records)
    pack = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}.get(part.suffix, bytes)
    part.write_bytes(pack(content))
    return bool(records)
