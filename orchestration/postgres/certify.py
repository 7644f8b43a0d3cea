"""Builds the same staging on DuckDB and on PostgreSQL, and compares every cell of every mart, and random questions."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from psycopg import sql

from common import database
from common.errors import ConfigurationError
from connectors.base import Progress
from connectors.postgres.connection import Connection
from orchestration import dbt_build, pipeline, tenant_files
from orchestration.full_build import Difference, differences_of
from orchestration.home import Home, quoted
from orchestration.postgres import build, load
from orchestration.postgres.warehouse import Warehouse
from orchestration.settings import Settings
from semantic import catalog
from semantic.catalog import Catalog, Mart
from semantic.compiler import GRAINS, compile_query
from semantic.errors import SemanticError

PREFIX = "certify_"
QUESTIONS = 500
TOLERANCE = 1e-12  # relative, of floats alone
OF_THE_RUN = {"build_info": {"run_id", "published_at"}}
MOST_METRICS, MOST_DIMENSIONS, MOST_ROWS = 3, 2, 200


@dataclass(frozen=True)
class Certificate:
    """What was compared: rows and differing cells of each mart, and the questions with their differing cells."""

    rows: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    questions: int = 0
    cells: int = 0
    wrong_answers: list[str] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.differences or self.wrong_answers)


def certify(settings: Settings, warehouse: Warehouse, progress: Progress, *, seed: int = 0) -> Certificate:
    """Build what staging holds of every tenant on both engines and compare them.

    Questions are random: metrics, groupings, ranges, filters and orders by `seed`. Both builds are scratch: what
    readers see stays. The caller holds the writer's lock of the home. Raises BuildFailedError or StopError where a
    build fails.
    """
    home = Home(settings.home)
    if not home.staging.exists():
        raise ConfigurationError(
            "There is nothing to compare yet", f"{home.staging} does not exist", "Run `takings run` first"
        )
    build.require_adapter()
    pipeline.record_run(settings, pipeline.new_run_id())  # the last run may have built a part of the tenants, or none
    with warehouse.writing() as db:
        load.load(home.staging, db, progress)
        build.build_sound(warehouse, db, PREFIX, lambda count, total, name: progress("postgres", count, total, name))
        built = dbt_build.build(
            home, "certify", lambda count, total, name: progress("duckdb", count, total, name), full=True
        )
        result = _compared(db, built.path, progress)
        definitions = catalog.load(home.dbt_target)
        result = _asked(db, built.path, definitions, result, random.Random(seed), progress)  # noqa: S311 (no secret)
        built.path.unlink()
        build.drop(db, PREFIX)
        return result


def _compared(db: Connection, local: Path, progress: Progress) -> Certificate:
    """Every mart, cell by cell."""
    result = Certificate()
    with database.connect() as both, tempfile.TemporaryDirectory(prefix="takings-certify-") as folder:
        both.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        both.execute(f"attach {quoted(local)} as before (read_only)")
        both.execute("attach ':memory:' as after; create schema after.marts")
        marts = tenant_files.columns(both, "before")
        for number, mart in enumerate(marts, start=1):
            types = dict(
                both.execute(f"select column_name, column_type from (describe before.marts.{mart})").fetchall()
            )
            rows = _fetch(db, both, mart, types, Path(folder) / "rows.csv")
            shown = [name for name in types if name not in OF_THE_RUN.get(mart, ())]
            result.rows[mart] = rows
            result.differences.extend(_differences(both, mart, {name: types[name] for name in shown}))
            progress("compare", number, len(marts), f"{mart}: {rows:,} rows")
    return result


def _fetch(db: Connection, both: duckdb.DuckDBPyConnection, mart: str, types: dict[str, str], path: Path) -> int:
    """Bring PostgreSQL's rows of a mart beside DuckDB's, as `after`; returns their number."""
    columns = sql.SQL(", ").join(map(sql.Identifier, types))
    query = sql.SQL("copy (select {} from {}) to stdout (format csv, force_quote *)").format(
        columns, sql.Identifier(f"{PREFIX}marts", mart)
    )
    with db.cursor() as cursor, path.open("wb") as file, cursor.copy(query) as rows:
        for chunk in rows:
            file.write(chunk)
    both.execute(f"create table after.marts.{mart} as from before.marts.{mart} limit 0")
    kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    ((count,),) = both.execute(
        f"insert into after.marts.{mart} select * from read_csv({quoted(path)}, header = false, columns = {{{kinds}}}, "
        "delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, auto_detect = false)"
    ).fetchall()
    return int(count)


def _differences(both: duckdb.DuckDBPyConnection, mart: str, types: dict[str, str]) -> Iterator[Difference]:
    """What differs in a mart: floats by more than TOLERANCE, everything else at all."""
    floats = [name for name, kind in types.items() if kind == "DOUBLE"]
    exact = [name for name in types if name not in floats]
    yield from differences_of(both, "(all)", mart, exact)
    if floats:
        yield from _differences_of_floats(both, mart, exact, floats)


def _differences_of_floats(
    both: duckdb.DuckDBPyConnection, mart: str, exact: list[str], floats: list[str]
) -> Iterator[Difference]:
    """Rows are paired by their exact columns, equal ones in the order of their floats."""
    sides = [
        f"select *, row_number() over (partition by {', '.join(exact)} order by {', '.join(floats)}) as pair "
        f"from {side}.marts.{mart}"
        for side in ("before", "after")
    ]
    same = " and ".join(f"b.{name} is not distinct from a.{name}" for name in (*exact, "pair"))
    for name in floats:
        far = f"abs(b.{name} - a.{name}) > {TOLERANCE} * greatest(1, abs(b.{name}))"
        ((count,),) = both.execute(
            f"select count(*) from ({sides[0]}) as b join ({sides[1]}) as a on {same} "
            f"where (b.{name} is null) <> (a.{name} is null) or {far}"
        ).fetchall()
        if count:
            yield Difference("(all)", mart, name, int(count))


def _asked(
    db: Connection, local: Path, definitions: Catalog, result: Certificate, chance: random.Random, progress: Progress
) -> Certificate:
    """The same questions to both, compared cell by cell."""
    count, cells, wrong = 0, 0, list[str]()
    with database.connect(local, read_only=True) as duck:
        duck.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        questions = _questions(duck, definitions, chance)
        while count < QUESTIONS:
            text = next(questions)
            ours = duck.execute(text).fetchall()
            theirs = db.execute(_of_certificate(text)).fetchall()
            count, cells = count + 1, cells + sum(len(row) for row in ours)
            if not (len(ours) == len(theirs) and all(map(_same_row, ours, theirs))):
                wrong.append(text)
            progress("questions", count, QUESTIONS, f"{len(wrong)} differ")
    return Certificate(result.rows, result.differences, count, cells, wrong)


def _of_certificate(text: str) -> bytes:
    """The compiler's text for the scratch schema: it names a mart at the begin of a line."""
    return text.replace("\nFROM marts.", f"\nFROM {PREFIX}marts.").encode()


def _same_row(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    return len(ours) == len(theirs) and all(map(_same, ours, theirs))


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal: where one is a float, within TOLERANCE."""
    if one is None or other is None or not isinstance(one, float):
        return bool(one == other)
    return abs(one - float(other)) <= TOLERANCE * max(1.0, abs(one))


def _questions(duck: duckdb.DuckDBPyConnection, definitions: Catalog, chance: random.Random) -> Iterator[str]:
    """Questions that have an answer, as the compiler writes them, without end."""
    names = sorted(name for name, metric in definitions.metrics.items() if metric.kind != "other")
    while True:
        first = definitions.metrics[chance.choice(names)]
        mart = definitions.marts[first.mart]
        others = [name for name in names if definitions.metrics[name].mart == mart.name or chance.random() < 0.02]
        metrics = list(
            dict.fromkeys([first.name, *chance.sample(others, min(len(others), chance.randrange(MOST_METRICS)))])
        )
        by = chance.sample(mart.dimensions, min(len(mart.dimensions), chance.randrange(MOST_DIMENSIONS + 1)))
        if mart.time_column and chance.random() < 0.6:
            by.insert(0, chance.choice(GRAINS))
        start, end = _range(duck, mart, chance)
        filters = _filter(duck, mart, chance)
        order = [chance.choice(("", "-")) + chance.choice([*metrics, *by])] if chance.random() < 0.5 else []
        try:
            yield compile_query(
                definitions, metrics, by=by, start=start, end=end, filters=filters, order=order,
                limit=chance.choice((None, MOST_ROWS)),
            )  # fmt: skip
        except SemanticError:  # a question that has no answer, such as one by a dimension that two marts do not share
            continue


def _range(duck: duckdb.DuckDBPyConnection, mart: Mart, chance: random.Random) -> tuple[date | None, date | None]:
    if not mart.time_column or chance.random() < 0.3:
        return None, None
    days = [day for (day,) in duck.execute(
        f"select distinct {mart.time_column} from marts.{mart.name} where {mart.time_column} is not null order by 1"
    ).fetchall()]  # fmt: skip
    if not days:
        return None, None
    first, last = sorted(chance.choices(days, k=2))
    return first, last


def _filter(duck: duckdb.DuckDBPyConnection, mart: Mart, chance: random.Random) -> dict[str, list[str]]:
    if not mart.dimensions or chance.random() < 0.6:
        return {}
    name = chance.choice(mart.dimensions)
    values = duck.execute(f"select distinct {name} from marts.{mart.name} order by 1").fetchall()
    known = ["" if value is None else str(value) for (value,) in values]
    return {name: chance.sample(known, min(len(known), 3))} if known else {}
