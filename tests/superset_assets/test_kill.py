"""Superset and the program that fills it are killed; the next start and the next apply heal what they left.

Killed are: the preparation of Superset's metadata before each file that it writes, renames or removes; the program
after each of its writing requests; Superset itself at random instants of an import. All are `deep`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests

from common.errors import TakingsError
from semantic.catalog import Catalog
from superset_assets import access, bundle, sync
from superset_assets.client import connect, listing
from superset_assets.errors import StartFailedError
from superset_assets.process import DEFAULT_PYTHON, Server
from tests.superset_assets import marts
from tests.superset_assets.conftest import ROOT, TENANTS, _environment, free_port

pytestmark = [pytest.mark.deep, pytest.mark.superset]
DYING = """#!{python}
# Python that dies before the n-th step on a file of the home, where `before` says a number.
import os, runpy, signal, sys
before, count = {before}, 0
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect")
def audit(event, arguments):
    global count
    if event in EVENTS and isinstance(arguments[0], (str, os.PathLike)) and {home!r} in os.fspath(arguments[0]):
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if count == before:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
sys.addaudithook(audit)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
APPLY = """
import os, signal, sys
from pathlib import Path
from superset_assets import access, sync
from superset_assets.client import connect
from superset_assets.process import Credentials
from tests.superset_assets.conftest import TENANTS
url, credentials, zipped = sys.argv[1], Credentials(Path(sys.argv[2])), Path(sys.argv[3]).read_bytes()
client = connect(url, "admin", credentials.admin.password)
written = 0
def audit(event, arguments):
    global written
    if event == "http.client.send" and bytes(arguments[1][:5]).split(b" ")[0] in (b"POST", b"PUT", b"DELET"):
        written += 1
        if written == 2:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(audit)
sync.apply(client, zipped)
access.grant(client, TENANTS, credentials)
"""


@pytest.fixture
def server(tmp_path: Path, catalog: Catalog) -> Iterator[Server]:
    """A Superset that was never started."""
    _environment()
    marts.publish(tmp_path / "published", "first")
    (tmp_path / "bundle.zip").write_bytes(bundle.to_zip(catalog))
    server = Server(tmp_path / "home", tmp_path / "published", free_port())
    try:
        yield server
    finally:
        server.stop()


def check_applied(server: Server, zipped: bytes) -> None:
    """Everything is there, once."""
    admin = connect(server.url, "admin", server.credentials.admin.password)
    assert sync.apply(admin, zipped).empty
    assert access.grant(admin, TENANTS, server.credentials) == []
    assets = bundle.unpack(zipped)
    for kind in ("chart", "dashboard", "dataset", "database"):
        files = sum(path.startswith(f"{kind}s/") for path in assets)
        assert len(list(listing(admin, f"{kind}/", ["id", "uuid"]))) == files, kind
    names = [row["name"] for row in listing(admin, "rowlevelsecurity/")]
    assert len(names) == len(set(names)) == 1 + len(TENANTS)
    for tenant in TENANTS:
        assert connect(server.url, tenant, server.credentials.login(tenant).password).session


def metadata(server: Server) -> dict[str, int]:
    """The number of rows of each table of the metadata."""
    with closing(sqlite3.connect(server.home / "metadata.db")) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table' order by name")]
        return {name: db.execute(f'select count(*) from "{name}"').fetchone()[0] for name in tables}


def test_first_start_killed_before_any_step_is_healed_by_the_next_one(server: Server, tmp_path: Path) -> None:
    """The homes are prepared from the template, as a second home on a machine is."""

    def prepare(name: str, before: int | None) -> Server:
        home = tmp_path / name
        program = tmp_path / f"python-{name}"
        program.write_text(DYING.format(python=DEFAULT_PYTHON, before=before, home=f"/{name}/"))
        program.chmod(0o755)
        one = Server(home, tmp_path / "published", server.port, program if before is not None else DEFAULT_PYTHON)
        for folder in (one.home, one.log.parent, one.home / "cache"):
            folder.mkdir(parents=True, exist_ok=True)
        one.credentials.login("admin")
        with suppress(StartFailedError):
            one._bootstrap(lambda count, total, detail: None)
        return one

    prepare("template", None)
    expected = metadata(prepare("undisturbed", None))
    kills = 0
    while True:
        name = f"killed-{kills}"
        prepare(name, kills)
        if (tmp_path / name / "metadata.version").exists() and (tmp_path / name / "metadata.version").read_text():
            break
        healed = prepare(name, None)
        assert metadata(healed) == expected, f"killed before step {kills}"
        assert (healed.home / "metadata.version").read_text()
        kills += 1
    assert kills >= 4


def test_apply_killed_after_any_of_its_requests_is_finished_by_the_next_one(server: Server, tmp_path: Path) -> None:
    server.start()
    server.wait_ready()
    command = [sys.executable, "-c", APPLY, server.url, str(server.credentials.path), str(tmp_path / "bundle.zip")]
    codes = list[int]()
    while 0 not in codes:
        codes.append(subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode)
        assert codes[-1] in (0, -signal.SIGKILL)
    assert len(codes) > 2 * len(TENANTS)
    check_applied(server, (tmp_path / "bundle.zip").read_bytes())


@pytest.mark.parametrize("seed", range(6))
def test_superset_killed_during_an_import_is_healed_by_the_next_apply(
    seed: int, server: Server, tmp_path: Path
) -> None:
    zipped = (tmp_path / "bundle.zip").read_bytes()
    server.start()
    server.wait_ready()
    assert server._child is not None
    admin = connect(server.url, "admin", server.credentials.admin.password)
    import_ended = threading.Event()

    def apply() -> None:
        with suppress(TakingsError, requests.RequestException, json.JSONDecodeError):
            sync.apply(admin, zipped)
        import_ended.set()

    threading.Thread(target=apply, daemon=True).start()
    until = time.monotonic() + random.Random(seed).uniform(0, 6)  # noqa: S311 - the seed is the test's id
    while time.monotonic() < until and not import_ended.is_set():
        import_ended.wait(0.01)
    os.killpg(server._child.pid, signal.SIGKILL)
    assert import_ended.wait(60)
    server._child.wait()
    again = Server(server.home, server.published, free_port())
    try:
        assert again.start()
        again.wait_ready()
        client = connect(again.url, "admin", again.credentials.admin.password)
        sync.apply(client, zipped)
        access.grant(client, TENANTS, again.credentials)
        check_applied(again, zipped)
    finally:
        again.stop()
