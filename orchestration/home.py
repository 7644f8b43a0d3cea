"""The folders under TAKINGS_HOME, and the lock that allows one writer at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.errors import ConfigurationError, RetryError


def quoted(path: Path) -> str:
    """A path as an SQL literal."""
    return "'" + str(path).replace("'", "''") + "'"


@dataclass(frozen=True)
class Home:
    """The folders of one installation."""

    root: Path

    @property
    def landing(self) -> Path:
        """Everything received, as it came."""
        return self.root / "landing"

    @property
    def removed(self) -> Path:
        """What the landing zone held of a tenant or account that is being removed; no tenant has such a name."""
        return self.landing / ".removed"

    @property
    def collected(self) -> Path:
        """What pages and programs sent, until it has been pulled; the web application writes it."""
        return self.root / "collected"

    @property
    def staging(self) -> Path:
        """Typed tables and cursors. One writer."""
        return self.root / "warehouse" / "staging.duckdb"

    @property
    def builds(self) -> Path:
        """dbt's scratch files, which no reader opens."""
        return self.root / "builds"

    @property
    def dbt_target(self) -> Path:
        """dbt's artefacts: manifest, semantic manifest, compiled SQL."""
        return self.root / "dbt"

    @property
    def published(self) -> Path:
        """Immutable builds and the symlink `current`."""
        return self.root / "published"

    @property
    def failed_build(self) -> Path:
        """Why nothing could be published since the last build; absent where something could."""
        return self.root / "failed_build.json"

    @property
    def superset(self) -> Path:
        """Superset's metadata, secrets, cache."""
        return self.root / "superset"

    @property
    def superset_metadata(self) -> Path:
        """Superset's own database: logins, what people saved, and its log."""
        return self.superset / "metadata.db"

    @property
    def serving(self) -> Path:
        """The keys and the ledger of links."""
        return self.root / "serving"

    @property
    def dagster(self) -> Path:
        """Dagster's history."""
        return self.root / "dagster"

    @property
    def logs(self) -> Path:
        """Output of the servers."""
        return self.root / "logs"

    def make(self) -> None:
        """Make the folder, for its owner only: it holds names, addresses and secrets. Raises ConfigurationError."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if self.root.stat().st_uid == os.getuid():
                self.root.chmod(0o700)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise ConfigurationError(
                f"TAKINGS_HOME, the folder of all state, cannot be used: {self.root}",
                error.strerror or str(error),
                "Make it writable, or set TAKINGS_HOME to another folder",
            ) from None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writer's lock. The kernel releases it when this process ends, however it ends.

        Raises RetryError when another run holds it.
        """
        self.make()
        lock = self.root / "writer.lock"
        if lock.is_dir():
            raise ConfigurationError(
                f"The lock {lock} is a folder", "it has to be a file", "Remove that folder, then run again"
            )
        with lock.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise RetryError(
                    f"Another run is writing to {self.root} (process {holder})",
                    next_step="Wait for it to end, then run again",
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
