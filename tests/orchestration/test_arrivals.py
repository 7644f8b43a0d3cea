"""A file that is put into a tenant's folder makes the tenant due once it is complete, whatever its pace."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from connectors.files.settings import FilesSettings
from orchestration import arrivals
from orchestration.defs.common import TENANTS
from orchestration.defs.schedules import tenants_are_due
from orchestration.settings import Settings
from orchestration.tenant_settings import TenantSettings


def settings(folder: Path) -> Settings:
    """Two tenants with a folder each; that of `late` does not exist yet."""
    return Settings(
        config_path=folder / "takings.toml",
        tenants=tuple(
            TenantSettings(
                id=name, name=name, time_zone="UTC", currency="USD",
                sources=(FilesSettings(kind="files", account=name, path=Path("files", name)),),
            )
            for name in ("lumen", "late")
        ),
    )  # fmt: skip


class Looks:
    """The looks of the sensor, one after the other; a run follows at once for the tenants that are due."""

    def __init__(self, folder: Path) -> None:
        self.settings, self.cursor = settings(folder), ""

    def due(self) -> list[str]:
        now = arrivals.look(self.settings)
        names = arrivals.due(self.cursor, now)
        self.cursor = arrivals.moved(self.cursor, now, names)
        return names


def test_new_changed_and_removed_file_makes_its_tenant_due_once_after_two_equal_looks(tmp_path: Path) -> None:
    log = tmp_path / "files" / "lumen" / "event_log" / "june.json"
    log.parent.mkdir(parents=True)
    looks = Looks(tmp_path)
    assert [looks.due(), looks.due()] == [[], []]  # what was there before is read at the tenant's pace
    log.write_text("[")
    assert looks.due() == []
    log.write_text("[]")  # it was still being copied
    assert [looks.due(), looks.due(), looks.due()] == [[], ["lumen"], []]
    about = log.stat()
    log.write_text("{}")
    os.utime(log, ns=(about.st_atime_ns, about.st_mtime_ns + 1))  # the same size, another time
    assert [looks.due(), looks.due(), looks.due()] == [[], ["lumen"], []]
    log.unlink()
    assert [looks.due(), looks.due(), looks.due()] == [[], ["lumen"], []]


def test_sensor_asks_for_a_run_of_the_tenant_whose_files_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = [f"""[[tenants]]
        id = "{name}"
        name = "{name}"
        time_zone = "UTC"
        currency = "USD"
        every_minutes = 1440
        [[tenants.sources]]
        kind = "files"
        account = "{name}"
        path = "files/{name}"
        """ for name in ("lumen", "late")]  # fmt: skip
    (tmp_path / "takings.toml").write_text("\n".join(tenants))
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    folder, cursor, tags = tmp_path / "files" / "lumen", None, []
    folder.mkdir(parents=True)
    with dg.DagsterInstance.ephemeral() as instance:
        for look in range(4):
            if look == 1:
                (folder / "event_log.json").write_text("[]")
            result = tenants_are_due(dg.build_sensor_context(instance=instance, cursor=cursor))
            assert isinstance(result, dg.SensorResult)
            cursor = result.cursor
            tags.append([dict(request.tags) for request in result.run_requests or []])
    assert tags == [[], [], [{TENANTS: "lumen"}], []]


def test_folder_that_appears_and_run_at_the_tenants_pace_count_too(tmp_path: Path) -> None:
    looks = Looks(tmp_path)
    looks.due()
    folder = tmp_path / "files" / "late"
    folder.mkdir(parents=True)
    (folder / "event_log.csv").write_text("vault_id\n")
    assert looks.due() == []
    now = arrivals.look(looks.settings)
    looks.cursor = arrivals.moved(looks.cursor, now, ["late"])  # a run at its pace has read the file
    assert looks.due() == []
