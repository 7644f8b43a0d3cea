"""Opens the published build for reading. A question about one tenant opens that tenant's file, which has no other rows.

    published/current ──▶ published/<run_id>/{all,tenant-<id>}.duckdb, catalog.json

A question about all tenants opens all.duckdb, whose views need the tenants' files attached.
`current` is resolved once per question, so that a question sees one whole build while the next one is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from semantic import catalog as catalogs
from semantic import duckdb_files
from semantic.catalog import Catalog
from semantic.duckdb_files import EVERY, DuckDB
from semantic.engine import Engine
from semantic.errors import NoBuildError, SemanticError, UnknownNameError, UnknownTenantError
from semantic.filters import literal

_RUN = "Build and publish with `takings run`, or try `make demo`"


@dataclass(frozen=True)
class Currency:
    """ISO 4217 code, and the number of minor units in one unit (100 for USD, 1 for JPY)."""

    code: str
    minor_units: int

    @property
    def digits(self) -> int:
        """Decimal places of an amount."""
        return len(str(self.minor_units)) - 1


MOST_CURRENCIES = 1_000
_CURRENCIES: dict[tuple[Path, str | None, int | None], Currency | None] = {}
"""By build, tenant and the time of its file: to read one asks every mart."""


@dataclass(frozen=True)
class Build:
    """A published build, open for reading. `tenant` is None where the question covers all tenants."""

    folder: Path
    catalog: Catalog
    engine: Engine
    tenant: str | None
    stamp: int | None = None
    """When its file was written, of a published one: what is read once of it holds for all who open it."""

    @property
    def run_id(self) -> str:
        """The run that published it."""
        return self.folder.name

    @property
    def own(self) -> str:
        """SQL: the condition of the tenant's rows."""
        return "true" if self.tenant is None else f"tenant_id = {literal(self.tenant)}"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a question over the schema `marts`, as `semantic.engine.Engine` has them."""
        return self.engine.rows(sql)

    def table(self, sql: str) -> pa.Table:
        """The same as an Arrow table."""
        return self.engine.table(sql)

    def as_of(self) -> datetime | None:
        """The time up to which all sources had been read (UTC, the oldest of the tenants); None where unknown."""
        as_of: datetime | None = self.rows(f"SELECT MIN(as_of) FROM marts.build_info WHERE {self.own}")[0][0]
        return as_of

    def blocked(self) -> list[tuple[str, datetime, str]]:
        """The tenants of which newer data are not published: (tenant, since when in UTC, why)."""
        rows: list[Any] = self.rows(
            "SELECT tenant_id, blocked_since, blocked_reason FROM marts.build_info "
            f"WHERE blocked_since IS NOT NULL AND {self.own} ORDER BY tenant_id"
        )
        return rows

    def currency(self) -> Currency | None:
        """The currency of all rows; None where there are no rows, or several currencies."""
        return self._currency

    @cached_property
    def _currency(self) -> Currency | None:  # every answer needs it, and a published build does not change
        key = (self.folder, self.tenant, self.stamp)
        if self.stamp is None or key not in _CURRENCIES:
            if len(_CURRENCIES) > MOST_CURRENCIES:
                _CURRENCIES.clear()
            _CURRENCIES[key] = self._read_currency()
        return _CURRENCIES[key]

    def _read_currency(self) -> Currency | None:
        marts = [mart.name for mart in self.catalog.marts.values() if mart.has("currency") and mart.has("minor_units")]
        parts = " UNION ".join(
            f"SELECT DISTINCT currency, minor_units FROM marts.{name} WHERE {self.own}" for name in marts
        )
        rows = self.rows(f"{parts} LIMIT 2") if parts else []
        return Currency(*rows[0]) if len(rows) == 1 else None


def current(published: Path) -> Path:
    """The folder of the published build. Raises NoBuildError."""
    link = published / "current"
    folder = link.resolve()
    if not link.is_symlink() and not link.exists():
        raise NoBuildError(f"Nothing is published in {published}", "no build has finished yet", _RUN)
    if not (folder / EVERY).is_file():
        raise NoBuildError(f"The published build {folder} is incomplete", f"it has no {EVERY}", _RUN)
    return folder


def definitions(published: Path) -> Catalog:
    """The definitions of the current build. Raises NoBuildError."""
    return catalogs.load(current(published))


def _stamp(path: Path) -> int | None:
    """When a file was written; None where a later publish has just removed it."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


@contextmanager
def open_build(
    published: Path, tenant: str | None = None, *, every: bool = False, definitions: Catalog | None = None
) -> Iterator[Build]:
    """Open the current build for one tenant (by default the only one), or with `every` for all tenants.

    `definitions` replace those of the build. Raises NoBuildError, UnknownTenantError, CatalogError, or SemanticError
    where DuckDB cannot answer.
    """
    folder = current(published)
    known = duckdb_files.tenants(folder)
    if tenant is None and not every:
        if len(known) != 1:
            why = f"the build holds {len(known)} tenants" + (f": {', '.join(known)}" if known else "")
            raise UnknownTenantError("No tenant is named", why, "Name one with --tenant" if known else _RUN)
        tenant = known[0]
    if tenant is not None and tenant not in known:
        advice = UnknownNameError("tenant", tenant, known).next_step
        raise UnknownTenantError(f"Unknown tenant {tenant!r}", "the published build has no such tenant", advice)
    catalog = definitions or catalogs.load(folder)
    path = folder / (EVERY if tenant is None else f"tenant-{tenant}.duckdb")
    connection = duckdb_files.connect(path)
    try:
        yield Build(folder, catalog, DuckDB(connection), tenant, _stamp(path))
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
        raise SemanticError(f"Cannot query {path}", why, "Build and publish again with `takings run`") from error
    finally:
        connection.close()
