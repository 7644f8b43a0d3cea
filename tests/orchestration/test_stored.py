"""Tenants and accounts that takings.toml no longer names: what is said of them, and how they are renamed or removed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from common.collected import folder_of
from common.errors import ConfigurationError
from connectors.sync.staging import Staging
from orchestration import cli, pipeline, stored
from simulator import SimulatorServer, demo_world, serve
from tests.orchestration.installation import Installation

KINDS = ("shopify", "stripe", "files")
WORLD = demo_world(seed=4, start=date(2026, 1, 1), end=datetime(2026, 1, 12, 12, tzinfo=UTC), orders=30)
SHOP, OTHER = "aurora", "nordlicht"


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with serve(WORLD) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def pulled(server: SimulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both tenants with three sources each, pulled and not built."""
    place = Installation(tmp_path_factory.mktemp("pulled") / "place")
    place.configure(server, kinds=KINDS)
    assert not pipeline.pull_all(place.settings).failed
    return place.root


@pytest.fixture
def place(pulled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    place = Installation(tmp_path / "place")
    shutil.copytree(pulled, place.root)
    monkeypatch.setenv("TAKINGS_CONFIG", str(place.root / "takings.toml"))
    monkeypatch.setenv("TAKINGS_HOME", str(place.home.root))
    return place


def configure(place: Installation, old: str, new: str) -> None:
    path = place.root / "takings.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def without(place: Installation, tenant: str) -> None:
    """Remove a tenant from takings.toml."""
    path = place.root / "takings.toml"
    others = [part for part in path.read_text().split("[[tenants]]\n") if part and f'id = "{tenant}"' not in part]
    path.write_text("".join(f"[[tenants]]\n{part}" for part in others))


def rows(place: Installation) -> dict[tuple[str, str], int]:
    """Every staging table's rows by tenant, from the file itself."""
    counts = {}
    with Staging(place.home.staging) as staging:
        tables = staging.db.execute(
            "select table_schema, table_name from information_schema.columns where column_name = 'tenant_id'"
        ).fetchall()
        for schema, table in tables:
            for tenant, count in staging.db.execute(
                f"select tenant_id, count(*) from {schema}.{table} group by tenant_id"
            ).fetchall():
                counts[f"{schema}.{table}", tenant] = count
    return counts


def test_what_is_configured_is_left_alone(place: Installation) -> None:
    assert stored.left_behind(place.settings) == []
    with pytest.raises(ConfigurationError, match=f"takings.toml still names {OTHER}"):
        stored.remove(place.settings, OTHER, really=True)
    with pytest.raises(ConfigurationError, match=f"still names {OTHER}/shopify/{OTHER}"):
        stored.rename(place.settings, f"{OTHER}/shopify/{OTHER}", f"{OTHER}/shopify/new", really=True)


def test_check_says_what_happens_to_a_tenant_that_is_no_longer_configured(place: Installation) -> None:
    without(place, OTHER)
    answer = CliRunner().invoke(cli.app, ["check"])
    assert answer.exit_code == 0
    assert f"warning: The tenant {OTHER} is stored" in answer.stderr
    assert "the next build publishes nothing of it" in answer.stderr
    assert f"`takings tenants remove {OTHER}`" in answer.stderr


def test_check_says_what_happens_to_an_account_that_is_no_longer_configured(place: Installation) -> None:
    configure(place, f'kind = "shopify"\naccount = "{OTHER}"', 'kind = "shopify"\naccount = "moved"')
    (line,) = stored.left_behind(place.settings)
    assert line.startswith(f"The account {OTHER}/shopify/{OTHER} is stored, but ")
    assert f"`takings tenants rename {OTHER}/shopify/{OTHER} NEW`" in line


def test_dry_run_changes_nothing_and_counts_what_the_change_then_changes(place: Installation) -> None:
    without(place, OTHER)
    before = rows(place)
    answer = CliRunner().invoke(cli.app, ["tenants", "remove", OTHER])
    assert rows(place) == before
    assert (place.home.landing / OTHER).exists()
    configured = {"takings.tenants", "takings.accounts", "takings.targets", "takings.channels"}
    expected = sum(count for (table, tenant), count in before.items() if tenant == OTHER and table not in configured)
    assert f"{expected:,} staging rows" in answer.stdout
    assert "Add --yes to do it." in answer.stdout


def test_removed_tenant_leaves_nothing_and_the_other_keeps_everything(place: Installation) -> None:
    without(place, OTHER)
    before = {key: count for key, count in rows(place).items() if key[1] == SHOP}
    assert CliRunner().invoke(cli.app, ["tenants", "remove", OTHER, "--yes"]).exit_code == 0
    assert rows(place) == before
    assert [path.name for path in place.home.landing.iterdir()] == [SHOP]
    with pytest.raises(ConfigurationError, match=f"Nothing is stored of {OTHER}. Stored are: {SHOP}"):
        stored.remove(place.settings, OTHER, really=True)


def test_renamed_tenant_replays_from_its_landing_zone_and_pulls_only_what_is_new(place: Installation) -> None:
    before = {(table, {OTHER: "north"}.get(tenant, tenant)): count for (table, tenant), count in rows(place).items()}
    configure(place, f'id = "{OTHER}"', 'id = "north"')
    assert CliRunner().invoke(cli.app, ["tenants", "rename", OTHER, "north", "--yes"]).exit_code == 0
    assert rows(place) == before
    again = pipeline.pull_all(place.settings)
    assert not again.failed
    assert sum(pulled.changed for streams in again.pulled.values() for pulled in streams) == 0
    pipeline.replay(place.settings, really=True)
    assert {key: count for key, count in rows(place).items() if "." in key[0] and not key[0].startswith("takings")} == {
        key: count for key, count in before.items() if not key[0].startswith("takings")
    }


def test_renamed_account_keeps_its_rows_and_their_places_in_the_landing_zone(place: Installation) -> None:
    old, new = f"{OTHER}/shopify/{OTHER}", f"{OTHER}/shopify/moved"
    configure(place, f'kind = "shopify"\naccount = "{OTHER}"', 'kind = "shopify"\naccount = "moved"')
    stored.rename(place.settings, old, new, really=True)
    with Staging(place.home.staging) as staging:
        places = staging.db.execute(
            "select distinct source_account, landing_part from shopify.orders where tenant_id = ?", [OTHER]
        ).fetchall()
        others = staging.db.execute("select distinct source_account from files.events").fetchall()
    assert places and {account for account, _ in places} == {"moved"}
    assert all((place.home.landing / part).exists() for _, part in places)
    assert {account for (account,) in others} == {SHOP, OTHER}, "another source's account of the same name stays"


def test_new_name_that_was_pulled_already_is_not_overwritten(place: Installation) -> None:
    configure(place, f'id = "{OTHER}"', 'id = "north"')
    assert not pipeline.pull_all(place.settings).failed
    before = rows(place)
    with pytest.raises(ConfigurationError, match="north was pulled already"):
        stored.rename(place.settings, OTHER, "north", really=True)
    assert rows(place) == before


MISTAKES = (
    (OTHER, "nobody", "does not name nobody"),
    (OTHER, f"{SHOP}/shopify/{SHOP}", "cannot become"),
    (f"{OTHER}/shopify/{OTHER}", f"{SHOP}/stripe/{SHOP}", "cannot become"),
    ("a/b", "c/d", "names no tenant and no account"),
    ("../x/y", "c/d/e", "names no tenant and no account"),
    ("never", "north", "Nothing is stored of never"),
)


def test_mistaken_names_change_nothing(place: Installation) -> None:
    configure(place, f'id = "{OTHER}"', 'id = "north"')
    before = rows(place)
    for old, new, message in MISTAKES:
        with pytest.raises(ConfigurationError, match=message):
            stored.rename(place.settings, old, new, really=True)
    assert rows(place) == before


def test_one_shop_and_one_stripe_account_under_two_names_are_refused_before_anything_is_pulled(
    server: SimulatorServer, tmp_path: Path
) -> None:
    place = Installation(tmp_path)
    place.configure(server, kinds=("shopify", "stripe"), shops=[SHOP])
    config = place.root / "takings.toml"
    text = config.read_text()
    twice = text[text.index("[[tenants.sources]]") :]
    for kind in ("shopify", "stripe"):
        account = next(line for line in twice.split(f'kind = "{kind}"')[1].splitlines() if line.startswith("account"))
        twice = twice.replace(f'kind = "{kind}"\n{account}', f'kind = "{kind}"\naccount = "old-name"')
    config.write_text(text + twice.replace("http://127.0.0.1", "http://localhost"))  # two keys, as far as settings see
    result = pipeline.pull_all(place.settings)
    assert not any(result.pulled.values())
    for kind in ("shopify", "stripe"):
        messages = {str(error) for (_, source, _), error in result.failed.items() if source == kind}
        (message,) = messages
        assert "'old-name' (tenant aurora)" in message
        assert "are one account, so its" in message


def test_collected_files_move_and_go_with_their_tenant(place: Installation) -> None:
    """Also beside files that the web application has begun under the new name."""
    old, new = (folder_of(place.home.collected, tenant, "web") for tenant in (OTHER, "berlin"))
    for folder, name in ((old, "1.jsonl"), (new, "2.jsonl")):
        folder.mkdir(parents=True)
        (folder / name).write_text(name)
    configure(place, f'id = "{OTHER}"', 'id = "berlin"')
    stored.rename(place.settings, OTHER, "berlin", really=True)
    assert sorted(path.name for path in new.iterdir()) == ["1.jsonl", "2.jsonl"] and not old.exists()
    without(place, "berlin")
    assert any("berlin" in line and "collector/web" in line for line in stored.left_behind(place.settings))
    stored.remove(place.settings, "berlin", really=True)
    assert not new.exists() and ("berlin", "collector", "web") not in stored.accounts(place.home)
