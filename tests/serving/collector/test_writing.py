"""What is confirmed is on the disk: shared fsyncs, full disks, files that are never continued after a failure."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common import collected
from serving.collector import writing
from serving.collector.writing import BusyError, Writer
from tests.serving.asgi import loop


def records(folder: Path) -> list[bytes]:
    """Every whole record of a folder, in the order of its files."""
    return [line.record or b"damaged" for path in collected.files(folder) for line in collected.lines(path)]


def append(writer: Writer, *parts: bytes) -> None:
    loop().run_until_complete(writer.append(parts))


def outcomes(writer: Writer, parts: list[bytes]) -> list[BaseException | None]:
    """What happened to records that were sent at once, one request each."""

    async def at_once() -> list[BaseException | None]:
        return await asyncio.gather(*(writer.append([part]) for part in parts), return_exceptions=True)

    return loop().run_until_complete(at_once())


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Files of this process cannot grow beyond a size: a write is cut off there, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_records_are_written_in_order_with_their_checksum(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a" / "b")
    append(writer, b'{"n":1}', b'{"n":2}')
    append(writer, b'{"n":3}')
    writer.close()
    (path,) = collected.files(tmp_path / "a" / "b")
    assert path.read_bytes().splitlines()[0] == b'd44b3b7e {"n":1}'  # the CRC-32 that gzip writes
    assert records(path.parent) == [b'{"n":1}', b'{"n":2}', b'{"n":3}']
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_requests_at_once_share_an_fsync_and_none_returns_before_it(tmp_path: Path) -> None:
    synced: list[int] = []

    def sync(descriptor: int) -> None:
        os.fsync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    writer = Writer(tmp_path / "x", sync)
    append(writer, b"{}")
    synced.clear()
    sizes: list[int] = []

    async def one(number: int) -> None:
        await writer.append([b'{"n":%d}' % number])
        sizes.append(synced[-1])

    async def at_once() -> None:
        await asyncio.gather(*map(one, range(200)))

    loop().run_until_complete(at_once())
    writer.close()
    assert len(synced) <= 3, "200 requests that arrive at once need one or two fsyncs"
    assert len(records(tmp_path / "x")) == 201 and sizes[-1] == collected.files(tmp_path / "x")[0].stat().st_size


def test_write_that_is_cut_off_refuses_its_requests_and_the_next_record_goes_to_a_new_file(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "x")
    append(writer, b'{"n":1}')
    with largest_file(20):
        (failure,) = outcomes(writer, [b'{"n":2}'])
        assert isinstance(failure, OSError) and failure.errno == errno.EFBIG
    append(writer, b'{"n":3}')
    append(writer, b'{"n":4}')
    writer.close()
    first, second = collected.files(tmp_path / "x")
    assert first.stat().st_size == 20, "a part of the line is there"
    assert records(tmp_path / "x") == [b'{"n":1}', b'{"n":3}', b'{"n":4}']
    assert len(list(collected.lines(second))) == 2


def test_fsync_that_fails_confirms_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    failing = [False]

    def sync(descriptor: int) -> None:
        if failing[0]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fsync(descriptor)

    writer = Writer(tmp_path / "x", sync)
    append(writer, b'{"n":1}')
    failing[0] = True
    assert all(isinstance(outcome, OSError) for outcome in outcomes(writer, [b'{"n":2}', b'{"n":3}']))
    assert all(isinstance(outcome, OSError) for outcome in outcomes(writer, [b'{"n":4}']))
    failing[0] = False
    append(writer, b'{"n":5}')
    writer.close()
    texts = [record.message for record in caplog.records]
    assert len(texts) == 2 and "cannot be written" in texts[0] and "written to" in texts[1], "once, and when it is over"
    assert {b'{"n":1}', b'{"n":5}'} <= set(records(tmp_path / "x"))


def test_file_is_locked_while_it_is_written_and_complete_afterwards(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "x")
    append(writer, b"{}")
    (path,) = collected.files(tmp_path / "x")
    assert not collected.is_complete(path)
    writer.close()
    assert collected.is_complete(path)


def test_file_ends_after_an_hour_and_when_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [datetime(2026, 11, 20, 12, tzinfo=UTC)]
    writer = Writer(tmp_path / "x", now=lambda: now[0])
    append(writer, b"{}")
    now[0] += timedelta(minutes=59)
    append(writer, b"{}")
    assert len(collected.files(tmp_path / "x")) == 1
    now[0] += timedelta(minutes=1)
    append(writer, b"{}")
    assert len(collected.files(tmp_path / "x")) == 2
    monkeypatch.setattr(writing, "MOST_BYTES", 10)
    now[0] += timedelta(seconds=1)
    append(writer, b"{}")
    writer.close()
    assert len(collected.files(tmp_path / "x")) == 3 and len(records(tmp_path / "x")) == 4


def test_folder_that_is_removed_while_the_server_runs_is_made_again(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "x")
    append(writer, b'{"n":1}')
    for path in collected.files(tmp_path / "x"):
        path.unlink()
    (tmp_path / "x").rmdir()
    append(writer, b'{"n":2}')
    writer.close()
    assert records(tmp_path / "x") == [b'{"n":2}']


def test_more_than_the_disk_can_take_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_WAITING", 30)
    writer = Writer(tmp_path / "x")
    refused = [outcome for outcome in outcomes(writer, [b'{"n":1}'] * 5) if outcome]
    assert len(refused) == 4 and all(isinstance(outcome, BusyError) for outcome in refused)
    append(writer, b'{"n":2}')
    writer.close()
    assert records(tmp_path / "x") == [b'{"n":1}', b'{"n":2}']


def test_request_that_was_given_up_does_not_disturb_the_others(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "x")

    async def one_leaves() -> None:
        leaving = asyncio.create_task(writer.append([b'{"n":1}']))
        staying = asyncio.create_task(writer.append([b'{"n":2}']))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying

    loop().run_until_complete(one_leaves())
    writer.close()
    assert b'{"n":2}' in records(tmp_path / "x")


def test_damaged_and_cut_off_lines_are_recognized(tmp_path: Path) -> None:
    path = tmp_path / "20261120T120000000000Z-aaaaaa.jsonl"
    whole = collected.encoded(b'{"n":1}')
    damaged = whole.replace(b'"n":1', b'"n":7')
    path.write_bytes(whole + damaged + whole + whole[:-1])
    assert [(line.number, line.record) for line in collected.lines(path)] == [
        (1, b'{"n":1}'), (2, None), (3, b'{"n":1}'),
    ]  # fmt: skip
    *_, last = collected.lines(path)
    assert [line.number for line in collected.lines(path, last.end, last.number)] == []
