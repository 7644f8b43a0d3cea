"""A real Superset on a free port over a small published folder, one per worker; skipped only without it."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from supersetapiclient.client import SupersetClient

from semantic.catalog import Catalog
from superset_assets import access, bundle, sync
from superset_assets.client import connect
from superset_assets.process import DEFAULT_PYTHON, Login, Server
from tests.superset_assets import marts

ROOT = Path(__file__).resolve().parents[2]
TENANTS = tuple(marts.TENANTS)
COLLEAGUES = (access.analyst("aurora", "maria"), access.analyst("nordlicht", "nils"), access.operator("ola"))
"""Logins beside those of the tenants."""


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return marts.catalog()


@dataclass
class Running:
    """A Superset with our assets and two tenants, and the folder that it reads."""

    server: Server
    published: Path
    admin: SupersetClient
    bundle: bytes
    clients: dict[Login, SupersetClient] = field(default_factory=dict)

    def user(self, name: str) -> SupersetClient:
        """A client that is logged in, the same one as long as the password is the same: a login costs 0.15 s of CPU."""
        login = self.server.credentials.login(name)
        if login not in self.clients:
            self.clients[login] = self.log_in(name)
        return self.clients[login]

    def log_in(self, name: str) -> SupersetClient:
        """A client of a new login."""
        return connect(self.server.url, name, self.server.credentials.login(name).password)


@contextmanager
def running_superset(folder: Path) -> Iterator[Running]:
    """The fixture `superset` of tests/conftest.py. Skips the test without Superset's environment."""
    _environment()
    marts.publish(folder / "published", "first")
    server = Server(
        folder / "home", folder / "published", free_port(), https=True, web=f":{free_port()}"
    )  # the stricter
    server.start()
    try:
        server.wait_ready()
        admin = connect(server.url, "admin", server.credentials.admin.password)
        zipped = bundle.to_zip(marts.catalog())
        sync.apply(admin, zipped)
        access.grant(admin, TENANTS, server.credentials, COLLEAGUES)
        yield Running(server, folder / "published", admin, zipped)
    finally:
        server.stop()


@pytest.fixture
def restored(superset: Running) -> Iterator[Running]:
    """For tests that break a wall: the original build and all rules are restored after them."""
    original = (superset.published / "current").resolve()
    yield superset
    point_to(superset, original.name)
    access.grant(superset.admin, TENANTS, superset.server.credentials, COLLEAGUES)


def point_to(superset: Running, build: str | Path) -> None:
    """Point `current` to a published build, by its name or path, and flush the cached answers of the previous one."""
    link = superset.published / ".again"
    link.symlink_to(build)
    os.replace(link, superset.published / "current")  # noqa: PTH105
    superset.server.flush_data_cache()


def copied(superset: Running, name: str) -> Path:
    """A copy of the build, to be changed before `current` points to it."""
    return Path(shutil.copytree((superset.published / "current").resolve(), superset.published / name))


def _environment() -> None:
    if DEFAULT_PYTHON.exists():
        return
    command = [str(ROOT / "tools" / "setup"), str(DEFAULT_PYTHON.parents[1].relative_to(ROOT))]
    setup = subprocess.run(
        [*command, "superset_assets/server/requirements.lock"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if setup.returncode != 0 or not DEFAULT_PYTHON.exists():
        pytest.skip(f"Superset's environment is missing and cannot be installed: {setup.stderr[-300:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
