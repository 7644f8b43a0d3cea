"""Opens the published build for reading: in DuckDB files (duckdb_files.py), or in PostgreSQL (postgres.py).

    with open_build(published, "aurora") as build:
        build.rows(f"SELECT COUNT(*) FROM marts.orders WHERE {build.own}")

The current build is resolved once per question, which so sees one whole build while the next one is published.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from semantic import catalog as catalogs
from semantic.catalog import Catalog
from semantic.duckdb_files import InFiles
from semantic.engine import RUN, Engine, Place
from semantic.errors import UnknownNameError, UnknownTenantError
from semantic.filters import literal

Published = Path | Place
"""Where published builds are: their folder, whose files have the rows too, or another place."""


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
_CURRENCIES: dict[tuple[Path, str | None, Hashable], Currency | None] = {}
"""By build, tenant and stamp of its rows: to read one asks every mart."""


@dataclass(frozen=True)
class Build:
    """A published build, open for reading. `tenant` is None where the question covers all tenants."""

    folder: Path
    catalog: Catalog
    engine: Engine
    tenant: str | None
    stamp: Hashable = None
    """`semantic.engine.Opened.stamp` of a published one; None while it is being made."""

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


def _place(published: Published) -> Place:
    return InFiles(published) if isinstance(published, Path) else published


def current(published: Published) -> Path:
    """The folder of the published build, which is named as its run. Raises a SemanticError."""
    return _place(published).current()


def definitions(published: Published) -> Catalog:
    """The definitions of the current build. Raises a SemanticError."""
    return catalogs.load(current(published))


@contextmanager
def open_build(
    published: Published, tenant: str | None = None, *, every: bool = False, definitions: Catalog | None = None
) -> Iterator[Build]:
    """Open the current build for one tenant (by default the only one), or with `every` for all tenants.

    `definitions` replace those of the build. Raises NoBuildError, UnknownTenantError, CatalogError, UnreachableError,
    or SemanticError where the engine cannot answer.
    """
    with _place(published).opened() as build:
        if tenant is not None or not every:
            tenant = _known(tenant, build.tenants)
        catalog = definitions or catalogs.load(build.folder)
        with build.reading(tenant, catalog) as engine:
            yield Build(build.folder, catalog, engine, tenant, build.stamp(tenant))


def _known(tenant: str | None, known: Sequence[str]) -> str:
    """This tenant of a build, or its only one."""
    if tenant is None and len(known) == 1:
        return known[0]
    if tenant is None:
        why = f"the build holds {len(known)} tenants" + (f": {', '.join(known)}" if known else "")
        raise UnknownTenantError("No tenant is named", why, "Name one with --tenant" if known else RUN)
    if tenant not in known:
        advice = UnknownNameError("tenant", tenant, known).next_step
        raise UnknownTenantError(f"Unknown tenant {tenant!r}", "the published build has no such tenant", advice)
    return tenant
