"""Tenants are independent: what goes wrong with one leaves the others exactly as if it did not exist.

A blocked tenant keeps what was published last, and its readers see since when and why.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner, Result

from connectors.http import Transport
from connectors.registry import BY_KIND
from connectors.sync.staging import Staging
from orchestration import cli, pipeline, stored
from orchestration.blocked import BlockedError
from orchestration.dbt_build import BuildFailedError
from simulator import SimulatorServer, demo_world, serve
from tests.orchestration.installation import Installation, ask, marts

pytestmark = pytest.mark.worlds
START = datetime(2026, 1, 20, 12, tzinfo=UTC)
EARLY, NOW = START + timedelta(days=12), START + timedelta(days=13)
KINDS = ("shopify", "files")
SOUND, OTHER = "aurora", "nordlicht"
Marts = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with serve(demo_world(seed=3, start=START.date(), end=NOW, orders=60), now=EARLY) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is tested in the connectors."""
    monkeypatch.setattr(Transport, "wait", lambda self, seconds: None)


@pytest.fixture(scope="module")
def first(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Both tenants after a first run, which was yesterday."""
    place = Installation(tmp_path_factory.mktemp("first") / "place")
    place.configure(server, kinds=KINDS)
    place.run()
    return place


@pytest.fixture(scope="module")
def alone(first: Installation, server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Marts:
    """The marts of the sound tenant after runs of yesterday and of today without the other one."""
    place = Installation(tmp_path_factory.mktemp("alone"))
    place.configure(server, kinds=KINDS, shops=[SOUND])
    place.run()
    server.set_now(NOW)
    place.run()
    return place.marts(f"tenant-{SOUND}")


@pytest.fixture
def place(first: Installation, alone: Marts, tmp_path: Path) -> Installation:
    """Both tenants, today, before the second run."""
    return copied(first, tmp_path)


def copied(place: Installation, folder: Path) -> Installation:
    copy = Installation(folder / "place")
    shutil.copytree(place.root, copy.root, symlinks=True)
    return copy


def rows(place: Installation, tenant: str) -> Marts:
    """What a tenant reads, without the freshness of the build."""
    return {mart: content for mart, content in place.marts(f"tenant-{tenant}").items() if mart != "build_info"}


def notice(place: Installation, tenant: str, file: str = "all") -> tuple[datetime | None, str]:
    """Since when the tenant is blocked, and why, as a reader of a file sees it."""
    sql = "select blocked_since, coalesce(blocked_reason, '') from marts.build_info where tenant_id = ?"
    ((since, reason),) = place.ask(sql, [tenant], file)
    return since, reason


def wrong_token(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.root / f"{OTHER}.token").write_text("wrong")


def missing_secret(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.root / f"{OTHER}.token").unlink()


def mistake_of_takings(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    shopify = BY_KIND["shopify"]

    def pull(context: Any, settings: Any) -> Iterator[Any]:
        if context.account.account == OTHER:
            raise KeyError("totals")
        yield from shopify.pull(context, settings)

    monkeypatch.setitem(BY_KIND, "shopify", dataclasses.replace(shopify, pull=pull))


class Refused(NamedTuple):
    """A run of the command in which the other tenant's token was wrong, and its place: only to be read."""

    place: Installation
    result: pipeline.Run
    command: Result


@pytest.fixture(scope="module")
def refused(first: Installation, alone: Marts, tmp_path_factory: pytest.TempPathFactory) -> Refused:
    """Both tenants after a second run."""
    place, results, run = copied(first, tmp_path_factory.mktemp("refused")), list[pipeline.Run](), pipeline.run
    (place.root / f"{OTHER}.token").write_text("wrong")

    def run_and_note(*arguments: Any, **settings: Any) -> pipeline.Run:
        results.append(run(*arguments, **settings))
        return results[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "wait", lambda self, seconds: None)
        patch.setattr(pipeline, "run", run_and_note)
        use(place, patch)
        command = CliRunner().invoke(cli.app, ["run"])
    (result,) = results
    return Refused(place, result, command)


def use(place: Installation, patch: pytest.MonkeyPatch) -> None:
    """Commands in this process are about this place."""
    patch.setenv("TAKINGS_CONFIG", str(place.root / "takings.toml"))
    patch.setenv("TAKINGS_HOME", str(place.home.root))


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (wrong_token, "token"),
        pytest.param(missing_secret, "is missing", marks=pytest.mark.deep),
        (mistake_of_takings, "KeyError: 'totals'"),
    ],
)
def test_account_that_cannot_be_pulled_blocks_its_tenant_alone(
    trouble: Callable[..., None],
    words: str,
    place: Installation,
    alone: Marts,
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = rows(place, OTHER)
    if trouble is wrong_token:
        place, result = refused.place, refused.result
    else:
        trouble(place, monkeypatch)
        result = pipeline.run(place.settings)
    assert list(result.failed) == [(OTHER, "shopify", OTHER)]
    assert words in str(result.failed[OTHER, "shopify", OTHER])
    assert [block.tenant_id for block in result.blocked] == [OTHER]
    assert place.marts(f"tenant-{SOUND}") == alone
    assert rows(place, OTHER) == before
    for file in ("all", f"tenant-{OTHER}"):
        since, reason = notice(place, OTHER, file)
        assert since
        assert words in reason
    assert notice(place, SOUND) == (None, "")
    both = place.ask("select tenant_id, count(*) from marts.orders group by all order by all")
    assert both == [(SOUND, len(alone["orders"])), (OTHER, len(before["orders"]))]


def test_tenant_is_published_again_once_its_account_can_be_pulled(
    first: Installation, refused: Refused, tmp_path: Path
) -> None:
    place, token = copied(refused.place, tmp_path), (first.root / f"{OTHER}.token").read_text()
    since, _ = notice(place, OTHER)
    pipeline.rebuild(place.settings)
    assert notice(place, OTHER)[0] == since, "the time of the first failure stays"
    (place.root / f"{OTHER}.token").write_text(token)
    result = place.run()
    assert (result.failed, result.blocked) == ({}, [])
    assert notice(place, OTHER) == (None, "")
    ((as_of,),) = place.ask("select as_of from marts.build_info", [], f"tenant-{OTHER}")
    assert as_of > EARLY.replace(tzinfo=None)


def test_rows_that_fail_a_check_block_their_tenant_alone(place: Installation, alone: Marts) -> None:
    pipeline.pull_all(place.settings)
    before = rows(place, OTHER)
    with Staging(place.home.staging) as staging:
        staging.db.execute(
            "insert into takings.rejects values "
            "(?, 'shopify', ?, 'orders', 'orders', '1001', 'total_price is no amount: 12,x', 'r', 'p', current_date)",
            [OTHER, OTHER],
        )
    result = pipeline.rebuild(place.settings)
    (block,) = result.blocked
    assert block.tenant_id == OTHER
    assert "no_row_was_rejected: 1 row" in block.reason
    assert "total_price is no amount: 12,x" in notice(place, OTHER)[1]
    assert place.marts(f"tenant-{SOUND}") == alone
    assert rows(place, OTHER) == before
    assert result.built
    assert [node["failures"] for node in result.built.nodes if node["status"] == "fail"] == [1]


def test_failure_that_is_not_about_a_tenant_blocks_all(place: Installation) -> None:
    before = place.current
    with Staging(place.home.staging) as staging:
        staging.db.execute("alter table shopify.orders alter processed_at type varchar")
        staging.db.execute("update shopify.orders set processed_at = 'yesterday' where tenant_id = ?", [OTHER])
    with pytest.raises(BuildFailedError) as raised:
        pipeline.rebuild(place.settings)
    assert not isinstance(raised.value, BlockedError)
    assert place.current == before


def test_nothing_is_published_where_every_tenant_is_blocked(place: Installation) -> None:
    before = place.current
    for shop in (SOUND, OTHER):
        (place.root / f"{shop}.token").write_text("wrong")
    with pytest.raises(BlockedError) as raised:
        pipeline.run(place.settings)
    for shop in (SOUND, OTHER):
        assert f"{shop}: The pull of shopify / {shop} has failed since" in str(raised.value)
    assert place.current == before


def test_renamed_tenant_is_not_published_empty_in_silence(place: Installation) -> None:
    path = place.root / "takings.toml"
    path.write_text(path.read_text().replace(f'id = "{OTHER}"', 'id = "nordlicht-gmbh"'))
    result = pipeline.rebuild(place.settings)
    (block,) = result.blocked
    assert block.tenant_id == "nordlicht-gmbh"
    assert f"Nothing was ever pulled for shopify / {OTHER}" in block.reason
    file = place.current / "tenant-nordlicht-gmbh.duckdb"
    assert ask(file, "select tenant_id, blocked_reason from marts.build_info") == [("nordlicht-gmbh", block.reason)]
    assert marts(file)["orders"] == []


def test_renamed_tenant_goes_on_with_what_is_stored_under_its_new_name(
    first: Installation, place: Installation
) -> None:
    path = place.root / "takings.toml"
    path.write_text(path.read_text().replace(f'id = "{OTHER}"', 'id = "nordlicht-gmbh"'))
    (line,) = stored.left_behind(place.settings)
    assert line.startswith(f"The tenant {OTHER} is stored (files/{OTHER}, shopify/{OTHER})")
    stored.rename(place.settings, OTHER, "nordlicht-gmbh", really=True)
    assert stored.left_behind(place.settings) == []
    result = pipeline.rebuild(place.settings)
    assert result.blocked == []
    expected = first.marts(f"tenant-{OTHER}")
    for mart, rows in place.marts("tenant-nordlicht-gmbh").items():
        assert len(rows) == len(expected[mart]), mart
        pairs = {pair for row, old in zip(rows, expected[mart], strict=True) for pair in zip(old, row, strict=True)}
        assert {pair for pair in pairs if pair[0] != pair[1]} <= {(OTHER, "nordlicht-gmbh")}, mart


def test_run_ends_with_code_1_and_names_account_and_tenant(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused.command.exit_code == 1
    assert f"failed: {OTHER} / shopify / {OTHER}: " in refused.command.stderr
    assert f"blocked: {OTHER} keeps what was published last." in refused.command.stderr
    use(refused.place, monkeypatch)
    answer = CliRunner().invoke(cli.app, ["query", "--metrics", "orders_placed", "--tenant", OTHER])
    assert answer.exit_code == 0
    assert f"{OTHER} shows older numbers: blocked since " in answer.stderr
