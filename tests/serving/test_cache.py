"""One question is computed once for all who ask it, kept for a minute, bounded in size, and forgotten at a publish."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from serving.cache import Cache

T = TypeVar("T")


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(work())


class Counting:
    """Makes a value, slowly, and counts how often."""

    def __init__(self, value: str = "value", seconds: float = 0.0, error: Exception | None = None) -> None:
        self.value, self.seconds, self.error, self.calls = value, seconds, error, 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            self.calls += 1
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        return self.value


def test_concurrent_readers_of_one_question_compute_it_once() -> None:
    make = Counting(seconds=0.05)

    async def read() -> list[str]:
        cache = Cache()
        return await asyncio.gather(*(cache.get("run", ("page",), make, len) for _ in range(50)))

    assert run(read) == ["value"] * 50
    assert make.calls == 1


def test_different_questions_do_not_wait_for_each_other() -> None:
    both = threading.Barrier(2, timeout=10)  # broken where one is computed after the other

    async def read() -> list[int]:
        cache = Cache()
        return await asyncio.gather(*(cache.get("run", (name,), both.wait, lambda _: 1) for name in "ab"))

    assert sorted(run(read)) == [0, 1]


def test_value_is_kept_for_a_minute_and_not_longer() -> None:
    clock, make = [0.0], Counting()

    async def read() -> None:
        cache = Cache(clock=lambda: clock[0])
        for clock[0], calls in ((0.0, 1), (59.9, 1), (60.1, 2), (119.0, 2), (121.0, 3)):
            await cache.get("run", ("page",), make, len)
            assert make.calls == calls, clock

    run(read)


def test_publish_drops_what_was_kept_of_the_last_build() -> None:
    first, second = Counting("first"), Counting("second")

    async def read() -> None:
        cache = Cache()
        assert await cache.get("run-1", ("page",), first, len) == "first"
        assert await cache.get("run-2", ("page",), second, len) == "second"
        assert cache.size == len("second")

    run(read)


def test_answer_that_a_publish_overtakes_is_not_kept() -> None:
    began, may_end = threading.Event(), threading.Event()

    def slow() -> str:
        began.set()
        may_end.wait(10)
        return "old"

    async def read() -> None:
        cache = Cache()
        old = asyncio.create_task(cache.get("run-1", ("page",), slow, len))
        while not began.is_set():
            await asyncio.sleep(0.001)
        assert await cache.get("run-2", ("page",), Counting("new"), len) == "new"
        may_end.set()
        assert await old == "old"
        assert cache.size == len("new")

    run(read)


def test_size_is_bounded_and_the_oldest_go_first() -> None:
    make = Counting("x" * 100)

    async def read() -> None:
        cache = Cache(most_bytes=250)
        for name in ("a", "b", "a", "c", "a", "b"):  # b is dropped for c
            await cache.get("run", (name,), make, len)
            assert cache.size <= 250
        assert make.calls == 4
        assert await cache.get("run", ("large",), Counting("y" * 300), len) == "y" * 300
        assert cache.size <= 250

    run(read)


def test_error_reaches_all_who_wait_and_is_not_kept() -> None:
    make = Counting(seconds=0.05, error=ValueError("broken"))

    async def read() -> list[Any]:
        cache = Cache()
        answers = [cache.get("run", ("page",), make, len) for _ in range(3)]
        errors: list[Any] = await asyncio.gather(*answers, return_exceptions=True)
        make.error = None
        return [*errors, await cache.get("run", ("page",), make, len)]

    *errors, value = run(read)
    assert [str(error) for error in errors] == ["broken"] * 3
    assert (value, make.calls) == ("value", 2)


def test_reader_that_leaves_does_not_end_the_computation_of_the_others() -> None:
    make = Counting(seconds=0.1)

    async def read() -> str:
        cache = Cache()
        first = asyncio.create_task(cache.get("run", ("page",), make, len))
        second = asyncio.create_task(cache.get("run", ("page",), make, len))
        await asyncio.sleep(0.02)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert run(read) == "value"
    assert make.calls == 1
