"""Databases for marts on a PostgreSQL server of the test's process, each with a login of its own."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from orchestration.home import Home
from orchestration.postgres.warehouse import Warehouse
from tests.connectors.postgres.database import server

LOCALE = "template template0 encoding 'UTF8' locale_provider builtin locale 'C' builtin_locale 'C.UTF-8'"
PASSWORD = "p@ss word"
_NAMES = count()


def new_database(options: str = LOCALE) -> str:
    """An empty database that a new login owns; its URI."""
    name = f"warehouse{next(_NAMES)}"
    with server().connect() as admin:
        admin.execute(f"create role {name} login password '{PASSWORD}'")
        admin.execute(f"create database {name} {options}")
        admin.execute(f"alter database {name} owner to {name}")
    return server().address(name, "p%40ss%20word").rpartition("/")[0] + f"/{name}"


def new_warehouse(home: Path) -> Warehouse:
    """A database that can hold marts, for the installation in this folder."""
    return Warehouse(new_database(), Home(home))
