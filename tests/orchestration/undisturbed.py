"""Installations of one tenant that nobody kills: what runs that are killed are compared with."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from simulator import SimulatorServer, write_files
from tests.orchestration.installation import Installation
from tests.orchestration.killed import Nursery

SHOP = "aurora"
PHASES = ("first", "increment")
START = datetime(2026, 1, 15, 10, tzinfo=UTC)
EARLY, END = START + timedelta(days=30), START + timedelta(days=32)


class Undisturbed:
    """A tenant with some sources: before and after a first run, and before and after one of two days later."""

    def __init__(
        self,
        folder: Path,
        server: SimulatorServer,
        nursery: Nursery,
        kinds: Collection[str],
    ) -> None:
        """`kinds` of one source are pulled; those of several are also built and published."""
        self.folder, self.server, self.steps, self.seconds = folder, server, dict[str, list[str]](), dict[str, float]()
        place = Installation(folder / "place")
        place.configure(server, kinds=kinds, shops=[SHOP])
        for phase in PHASES:
            self.set_clock(phase)
            if "files" in kinds:
                write_files(server.world, SHOP, place.root / "files" / SHOP, server.now)
            before = self.before(phase).root
            shutil.copytree(place.root, before, symlinks=True)
            configuration = before / "takings.toml"
            configuration.write_text(configuration.read_text().replace(str(place.root), str(before)))
            self.steps[phase], self.seconds[phase] = nursery.succeed(place, "pull" if len(kinds) == 1 else "run")
            shutil.copytree(place.root, self.after(phase).root, symlinks=True)

    def set_clock(self, phase: str) -> None:
        self.server.set_now(EARLY if phase == "first" else END)

    def before(self, phase: str) -> Installation:
        return Installation(self.folder / f"before-{phase}")

    def after(self, phase: str) -> Installation:
        return Installation(self.folder / f"after-{phase}")


class Built(NamedTuple):
    """A home with as many builds as stay; the steps and the CPU seconds of the next one, which removes the oldest."""

    place: Installation
    steps: list[str]
    seconds: float


@contextmanager
def copied(place: Installation) -> Iterator[Installation]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Installation(Path(folder) / "place")
        shutil.copytree(place.root, copy.root, symlinks=True)
        yield copy


def differences(actual: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """The tables that are not as in an undisturbed run."""
    return [name for name in sorted(actual.keys() | expected.keys()) if actual.get(name) != expected.get(name)]
