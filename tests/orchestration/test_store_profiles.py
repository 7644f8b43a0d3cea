"""What an assistant's database says of its store becomes the first version of the settings; each publish is noted."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.base import Account
from connectors.sync.staging import Staging
from orchestration import audit, store_profiles
from orchestration.home import Home
from serving.audit.event import Event
from serving.audit.records import Records
from serving.tenant_api.history import Author, History
from serving.tenant_api.profile import Profile
from tests.orchestration.installation import published_shops

ROW = {
    "tenant_id": "aurora", "source_account": "assistant", "store_id": "1", "description": "Tents", "brand_voice": None,
    "store_url": "https://aurora.example.com", "logo_url": "http://aurora.example.com/logo.png",
    "temperature": Decimal("0.700000"), "max_products": 500,
}  # fmt: skip


TYPES = "varchar, varchar, varchar, varchar, varchar, varchar, varchar, decimal(32, 6), bigint, boolean"


def configuration(home: Path) -> Any:
    accounts = [Account("aurora", "postgres", "assistant", "", ""), Account("nordlicht", "files", "assistant", "", "")]
    tenants = [SimpleNamespace(id="aurora"), SimpleNamespace(id="nordlicht")]
    return SimpleNamespace(home=home, tenants=tenants, without_secrets=lambda: accounts)


def note(root: Path, *rows: dict[str, Any]) -> list[str]:
    """Store these profiles in a staging file, and take them over."""
    home = Home(root)
    home.staging.parent.mkdir(exist_ok=True)
    names = [*ROW, "is_deleted"]
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, re.split(r", (?!6)", TYPES), strict=True))
    with Staging(home.staging) as staging:
        staging.db.execute("create schema if not exists postgres")
        staging.db.execute(f"create or replace table postgres.store_profile ({columns})")
        for row in rows:
            values = [{"is_deleted": False, **row}[name] for name in names]
            staging.db.execute(f"insert into postgres.store_profile values ({', '.join('?' * len(values))})", values)
    return store_profiles.note(configuration(root))


def test_values_that_are_allowed_are_taken_over_and_the_others_are_named(tmp_path: Path) -> None:
    warnings = note(tmp_path, ROW)
    version = History(Home(tmp_path).serving).newest("aurora")
    assert version.after == Profile("Tents", None, "https://aurora.example.com", None, Decimal("0.7"), None)
    assert version.author == Author("source", "postgres / assistant")
    assert len(warnings) == 2 and "logo_url is not an address that begins with https" in warnings[0]
    assert "max_products is not a whole number from 1 to 100" in warnings[1]
    assert note(tmp_path, ROW) == warnings and History(Home(tmp_path).serving).newest("aurora").number == 1


def test_several_stores_and_other_accounts_fill_in_nothing(tmp_path: Path) -> None:
    assert note(tmp_path, {**ROW, "tenant_id": "nordlicht"}, {**ROW, "source_account": "old"}) == []
    (warning,) = note(tmp_path, ROW, {**ROW, "store_id": "2"}, {**ROW, "store_id": "3", "is_deleted": True})
    assert "several stores (1, 2)" in warning
    assert History(Home(tmp_path).serving).versions() == []


@pytest.mark.worlds
def test_publish_is_noted_with_the_version_of_its_definitions() -> None:
    place = published_shops()
    noted = [row for row in Records(place.home.serving).runs() if isinstance(row, Event)]
    assert noted[-1].object == f"run {place.current.name}" and noted[-1].action == "publish"
    (reading,) = (item for item in audit.read_all(place.settings, audit.Choice()) if item.store.name == "runs")
    assert '"definitions": "' in reading.rows[-1][1] and reading.problem == ""


def test_publish_that_cannot_be_noted_is_a_warning(tmp_path: Path) -> None:
    folder = tmp_path / "published" / "run-1"
    folder.mkdir(parents=True)
    (folder / "build.json").write_text(
        '{"published_at": "2026-11-30T10:00:00+00:00", "definitions": "x", "tenants": [], "blocked": {}}'
    )
    (tmp_path / "serving").write_text("a file in place of the folder")
    (warning,) = audit.note_publish(configuration(tmp_path), folder)
    assert "the publish of run-1 is not in the audit records" in warning
