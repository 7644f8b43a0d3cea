"""What the server's processes know together, in a folder that only its owner may read.

rights      one byte per change of a role: what a process read before the last one is out of date
queries/    a file for each query that a login may run at a time, locked while one runs
shared.db   attempts to log in, and the questions of the last days
"""

import fcntl
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

folder = Path()  # superset_config.py sets it
TABLES = """
    create table if not exists attempts (whose text, at real);
    create table if not exists questions (key text primary key, at real, login integer, body blob);
"""


@contextmanager
def _transaction() -> Iterator[sqlite3.Connection]:
    """One writer at a time; others wait for it. What is lost in a power failure is not missed."""
    with closing(sqlite3.connect(folder / "shared.db", timeout=30, isolation_level=None)) as db:
        db.executescript(f"pragma journal_mode = wal; pragma synchronous = off; {TABLES}")
        db.execute("begin immediate")
        with db:
            yield db


def prepare(at: Path) -> None:
    """Make the folder."""
    global folder  # noqa: PLW0603 (the one place that sets it)
    folder = at
    (folder / "queries").mkdir(mode=0o700, parents=True, exist_ok=True)


def rights_version() -> int:
    """A number that grows with each change of a role."""
    try:
        return (folder / "rights").stat().st_size
    except FileNotFoundError:
        return 0


def rights_changed() -> None:
    with (folder / "rights").open("ab") as file:
        file.write(b".")


def begin_query(login: str, most: int) -> int | None:
    """A descriptor to close when the query ends; None where the login runs so many already, in all processes.

    The kernel releases the lock of a process that ends.
    """
    name = hashlib.sha256(login.encode()).hexdigest()[:32]
    for number in range(most):
        slot = os.open(folder / "queries" / f"{name}.{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(slot)
        else:
            return slot
    return None


def attempt(whose: str, most: int, seconds: float) -> bool:
    """Count an attempt; False, and not counted, where there were so many in the last `seconds`."""
    now = time.time()
    with _transaction() as db:
        db.execute("delete from attempts where at < ?", [now - seconds])
        ((count,),) = db.execute("select count(*) from attempts where whose = ?", [whose])
        if count >= most:
            return False
        db.execute("insert into attempts values (?, ?)", [whose, now])
    return True


def forget_attempts(whose: str) -> None:
    with _transaction() as db:
        db.execute("delete from attempts where whose = ?", [whose])


def remember_question(key: str, login: int, body: bytes, most: int) -> None:
    """Keep a question as the newest one; of more than `most`, the oldest go."""
    with _transaction() as db:
        db.execute("insert or replace into questions values (?, ?, ?, ?)", [key, time.time(), login, body])
        db.execute(
            "delete from questions where key not in (select key from questions order by at desc limit ?)", [most]
        )


def questions(since: float) -> list[tuple[int, bytes]]:
    """The questions that were asked since then, with the login that asked, the newest first."""
    with _transaction() as db:
        return db.execute("select login, body from questions where at > ? order by at desc", [since]).fetchall()
