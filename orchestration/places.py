"""Where readers find the published builds: in the files of TAKINGS_HOME, or in the PostgreSQL database.

Whoever published last decides: the build that `published/current` names says of which engine it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import builds, settings
from orchestration.home import Home
from orchestration.settings import Settings

if TYPE_CHECKING:
    from semantic.engine import Opened
    from semantic.warehouse import Published


def of_home() -> Published:
    """Where the current build of TAKINGS_HOME is. Reads the configuration only where that is a database."""
    home = Home(settings.home())
    return of_settings(settings.load()) if _is_in_postgres(home) else home.published


def of_settings(configuration: Settings) -> Published:
    """Where the current build of a configuration is. Raises ConfigurationError where its database is not configured."""
    home = Home(configuration.home)
    if not _is_in_postgres(home):
        return home.published
    from orchestration.postgres.warehouse import of_settings
    from semantic.postgres import InPostgres

    return InPostgres(home.published, of_settings(configuration).uri)


def for_server(configuration: Settings) -> Published:
    """The same for a program that goes on reading while builds are published, on either engine."""
    home = Home(configuration.home)
    return Current(configuration) if configuration.warehouse.secret else home.published


@dataclass(frozen=True)
class Current:
    """Looks for each question where the current build is: `semantic.engine.Place`."""

    configuration: Settings

    def current(self) -> Path:
        """The folder of the current build."""
        from semantic.warehouse import current

        return current(of_settings(self.configuration))

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """The current build."""
        from semantic.duckdb_files import InFiles

        place = of_settings(self.configuration)
        with (InFiles(place) if isinstance(place, Path) else place).opened() as build:
            yield build


def _is_in_postgres(home: Home) -> bool:
    return builds.about(home).get("engine") == builds.POSTGRES
