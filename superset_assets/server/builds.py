"""The published files that Superset reads: open between queries, each answer computed once per build.

Superset 6.1.0 opens the database for each query, asks DuckDB for its reserved words, version and schema each time,
parses the query to split it, and asks for the currency of each chart in a query of its own. Together that is more than
half of what a chart costs.
"""

import functools
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

import duckdb
from duckdb_engine import ConnectionWrapper, DuckDBIdentifierPreparer
from flask import has_request_context
from flask_caching.backends import FileSystemCache
from sqlalchemy.dialects.postgresql.base import PGIdentifierPreparer

# superset_config.py sets both
published = Path()  # the folder of published builds
own_file: Callable[[], Path] = Path  # the file that the current user reads
OPEN_FILES = 8  # each may use the memory limit below
QUERIES = 500  # that stay parsed: a new build is asked what the last one was
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "lock_configuration": True,
    "allow_community_extensions": False,
    "python_enable_replacements": False,  # a missing table is an error, never a Python variable of that name
    "memory_limit": "1GB",
    "threads": 2,
}

_File = tuple[Path, int]
"""A file by its path and inode."""
_open: OrderedDict[_File, duckdb.DuckDBPyConnection] = OrderedDict()
_one_at_a_time = threading.Lock()


def newest() -> Path:
    """The folder of the newest build, which the symlink `current` names; `current` itself before the first publish."""
    link = published / "current"
    try:
        return published / os.readlink(link)  # noqa: PTH115 (Path.readlink makes another Path for each query)
    except OSError:
        return link


def connect(file: Path) -> ConnectionWrapper:
    """A connection of its own to a published file, for Superset."""
    return ConnectionWrapper(cursor(file))


def cursor(file: Path) -> duckdb.DuckDBPyConnection:
    """A connection of its own to a published file, which is read-only and has access to nothing else.

    The file stays open for the next query. Files of other builds are closed once their last query has ended.
    """
    key = (file, file.stat().st_ino)
    with _one_at_a_time:
        for other in [name for name in _open if name[0].parent != file.parent or (name[0] == file and name != key)]:
            _open.pop(other).close()
        if key not in _open:
            _open[key] = _connect(file)
        _open.move_to_end(key)
        while len(_open) > OPEN_FILES:
            _open.popitem(last=False)[1].close()
        return _open[key].cursor()


def _connect(file: Path) -> duckdb.DuckDBPyConnection:
    """Open a published file. That of all tenants has views over their files, which are attached first."""
    if file.name != "all.duckdb":
        return duckdb.connect(str(file), read_only=True, config=CONFIG)
    later = ("enable_external_access", "lock_configuration")
    config = {name: value for name, value in CONFIG.items() if name not in later}
    db = duckdb.connect(str(file), read_only=True, config=config)
    for tenant in sorted(file.parent.glob("tenant-*.duckdb")):
        db.execute(f"""attach '{str(tenant).replace("'", "''")}' as "{tenant.stem}" (read_only)""")
    for name in later:
        db.execute(f"set {name} = {CONFIG[name]}")
    return db


class BuildCache(FileSystemCache):  # type: ignore[misc]
    """Answers are kept until the next build is published, for all logins that read the same file.

    Their days (days.py) and the rules for their rows are part of their key. Superset checks rights before it asks.
    Each process counts its own entries in memory: cachelib writes a second file for each answer, with their number.
    """

    _count = 0

    @property
    def _file_count(self) -> int:
        return self._count

    def _update_count(self, delta: int | None = None, value: int | None = None) -> None:
        self._count = self._count + delta if delta else value or 0

    def _get_filename(self, key: str) -> str:
        is_answer = key != self._fs_count_file and has_request_context()
        name: str = super()._get_filename(f"{own_file()} {key}" if is_answer else key)
        return name


def ask_once() -> None:
    """Ask for the reserved words and DuckDB's own facts once, split a query once, and ask for the currency once per
    dataset and file where the file has only one."""
    import superset.common.query_actions as actions  # noqa: PLC0415 (it imports the configuration)
    import superset.models.core as databases  # noqa: PLC0415
    from sqlalchemy.dialects import registry  # noqa: PLC0415

    dialect = registry.load("duckdb")
    dialect().identifier_preparer  # noqa: B018 (it puts the words into a set of the class)
    DuckDBIdentifierPreparer.__init__ = PGIdentifierPreparer.__init__
    _initialize_once(dialect)
    _split_once(databases)
    known: dict[tuple[Path, int], str | None] = {}
    detect = actions.detect_currency

    def detect_once(datasource: Any, **narrowed: Any) -> str | None:
        key = (own_file(), int(datasource.id))
        only = known.get(key, "")
        if only == "":
            only = detect(datasource)
            for old in tuple(known):  # a copy: several threads come here at once
                if old[0].parent != key[0].parent:
                    known.pop(old, None)
            known[key] = only
        return only or detect(datasource, **narrowed)

    actions.detect_currency = detect_once


def _split_once(databases: Any) -> None:
    """Split a query into statements once, where it is executed. Elsewhere scripts are changed (a limit is put in), so
    each caller keeps parsing one of its own."""
    parse, name = databases.SQLScript, "_execute_sql_with_mutation_and_logging"
    execute = getattr(databases.Database, name)

    @functools.lru_cache(QUERIES)
    def split(sql: str, engine: str) -> SimpleNamespace:
        texts = [statement.format() for statement in parse(sql, engine).statements]
        return SimpleNamespace(statements=[SimpleNamespace(format=functools.partial(str, text)) for text in texts])

    with_split = FunctionType(execute.__code__, {**vars(databases), "SQLScript": split}, name, execute.__defaults__)
    setattr(databases.Database, name, with_split)


def _initialize_once(dialect: Any) -> None:
    """Every query has an engine of its own, whose first connection asks for what is the same in all of them."""
    initialize, facts = dialect.initialize, dict[str, Any]()

    def initialized(self: Any, connection: Any) -> None:
        if not facts:
            before = dict(vars(self))
            initialize(self, connection)
            facts.update({name: value for name, value in vars(self).items() if before.get(name, facts) is not value})
        vars(self).update(facts)

    dialect.initialize = initialized
