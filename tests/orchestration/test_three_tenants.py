"""Three tenants, one of which fails: what the other two publish is what they publish without it.

Each trouble of troubles.py happens to the third tenant between two runs of all three. The rows of every table of the
others' files are the same as after two runs of those two alone. The files themselves are not the same bytes, because
DuckDB writes a random identifier into each, and two builds of the same rows order rows with equal keys in another way:
so the rows are compared sorted, and their keys in the order of the file.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors import http
from connectors.http import Transport
from orchestration import pipeline
from simulator import SimulatorServer, demo_world, serve, write_files
from simulator.scenarios.demo.shops import AURORA, PROFILES
from tests.faults import kinds
from tests.orchestration.installation import Installation
from tests.orchestration.troubles import APIS, TENANT, TROUBLES, ForOne, Place, Trouble

pytestmark = [pytest.mark.worlds, pytest.mark.deep]
START = datetime(2026, 1, 20, 12, tzinfo=UTC)
EARLY, NOW = START.replace(month=2, day=2), START.replace(month=2, day=3)
KINDS = ("shopify", "stripe", "meta_ads", "tiktok_ads", "files")
SOUND = ("aurora", "nordlicht")
KEYS = ("tenant_id", "date_day", "cohort_month", "order_id")
Marts = dict[str, list[tuple[Any, ...]]]
Content = tuple[Marts, Marts]


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    third = replace(AURORA, shop=replace(AURORA.shop, account=TENANT, name="Meridian", token=f"simulated_{TENANT}"))
    world = demo_world(seed=3, start=START.date(), end=NOW, orders=90, profiles=(*PROFILES, third))
    with serve(world, now=EARLY) as server:
        yield server


@pytest.fixture(scope="module")
def apis(server: SimulatorServer) -> dict[str, ForOne]:
    served: Any = server._http.apis
    wrapped = {kind: ForOne(served[name], lambda: server.now) for kind, name in APIS.items()}
    served.update({APIS[kind]: api for kind, api in wrapped.items()})
    return wrapped


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is tested in the connectors."""
    monkeypatch.setattr(Transport, "wait", lambda self, seconds: None)


@pytest.fixture(scope="module")
def first(server: SimulatorServer, apis: dict[str, ForOne], tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """All three after a run of yesterday."""
    place = Installation(tmp_path_factory.mktemp("first") / "place")
    place.configure(server, kinds=KINDS)
    place.run()
    return place


@pytest.fixture(scope="module")
def alone_place(first: Installation, server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The two after runs of yesterday and of today without the third."""
    place = Installation(tmp_path_factory.mktemp("alone"))
    place.configure(server, kinds=KINDS, shops=SOUND)
    place.run()
    server.set_now(NOW)
    for root, shops in ((place.root, SOUND), (first.root, (*SOUND, TENANT))):
        for shop in shops:
            write_files(server.world, shop, root / "files" / shop, NOW)
    place.run()
    return place


@pytest.fixture(scope="module")
def alone(alone_place: Installation) -> dict[str, Content]:
    """What the two publish then."""
    return {name: content(alone_place, name) for name in SOUND}


@pytest.fixture
def place(
    first: Installation, alone: dict[str, Content], apis: dict[str, ForOne], server: SimulatorServer, tmp_path: Path
) -> Iterator[Place]:
    """All three, today, before the second run."""
    copy = Installation(tmp_path / "place")
    shutil.copytree(first.root, copy.root, symlinks=True)
    path = copy.root / "takings.toml"
    path.write_text(path.read_text().replace(str(first.root), str(copy.root)))
    yield Place(copy, server, apis)
    server.faults.clear()
    for api in apis.values():
        api.change = None


def content(place: Installation, tenant: str) -> Content:
    """The rows of every mart of a tenant, sorted, and its keys in the order in which the file has them."""
    rows = place.marts(f"tenant-{tenant}")
    with duckdb.connect(str(place.current / f"tenant-{tenant}.duckdb"), read_only=True) as db:
        db.execute("set threads = 1")
        keys = {}
        for mart in rows:
            names = [name for name in db.sql(f"select * from marts.{mart} limit 0").columns if name in KEYS]
            keys[mart] = db.execute(f"select {', '.join(names) or 'null'} from marts.{mart}").fetchall()
    return rows, keys


def check(place: Place, trouble: Trouble, alone: dict[str, Content]) -> None:
    trouble.happens(place)
    installation = place.installation
    result = pipeline.run(installation.settings)
    heard = {
        "account": "\n".join(map(str, result.failed.values())),
        "tenant": "\n".join(block.reason for block in result.blocked),
        "word": "\n".join([
            *(result.built.warnings if result.built else []),
            *(warning for streams in result.pulled.values() for pulled in streams for warning in pulled.warnings),
            *(f"denied {path}" for streams in result.pulled.values() for pulled in streams for path in pulled.denied),
            *(block.reason for block in result.blocked),
        ]),
    }  # fmt: skip
    for name in SOUND:
        assert content(installation, name) == alone[name], name
    loudest = next((kind for kind in ("account", "tenant", "word") if heard[kind]), "nothing")
    assert loudest == trouble.heard, heard
    assert {tenant for tenant, _, _ in result.failed} <= {TENANT}
    assert {block.tenant_id for block in result.blocked} <= {TENANT, "renamed"}
    for word in trouble.words:
        assert word in heard[trouble.heard]


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_of_one_tenant_leaves_the_others_as_without_it(
    name: str, place: Place, alone: dict[str, Content]
) -> None:
    check(place, TROUBLES[name], alone)


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_wrong_answers_to_one_tenant_leave_the_others_rows_as_without_it(
    kind: str, place: Place, alone_place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All four APIs answer the third tenant in this way, to every request."""
    monkeypatch.setattr(http, "BODY_SECONDS", 0.2)
    for api in place.apis.values():
        api.change = kinds.KINDS[kind]
    result = pipeline.pull_all(place.installation.settings)
    assert {tenant for tenant, _, _ in result.failed} <= {TENANT}
    assert place.installation.staged(SOUND) == alone_place.staged(SOUND)
