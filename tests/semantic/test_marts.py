"""The marts' YAML as dbt reads it: a mart that breaks its key, its columns or its contract does not pass."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.semantic import synthetic


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which metrics_daily has one row twice, with empty amounts, and build lacks a column."""
    folder = synthetic.stub_project(tmp_path_factory.mktemp("broken") / "project")
    marts = folder / "models" / "marts"
    sql = (marts / "metrics_daily.sql").read_text(encoding="utf-8")
    for key in ("tenant_id", "source", "channel"):
        sql = sql.replace(f"cast(null as varchar) as {key},", f"'one' as {key},")
    sql = sql.replace("cast(null as date) as date_day", "date '2026-01-01' as date_day").replace("where false", "")
    (marts / "metrics_daily.sql").write_text(f"{sql} from range(2)", encoding="utf-8")
    (marts / "build_info.sql").write_text("select 'one' as tenant_id", encoding="utf-8")
    return folder


def test_a_doubled_key_an_empty_column_and_a_missing_one_fail_the_build(project: Path) -> None:
    dbt = Path(sys.executable).with_name("dbt")
    command = [dbt, "build", "--profiles-dir", ".", "--select", "metrics_daily", "build_info", "cohorts"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    status = {item["unique_id"].split(".")[2]: item["status"] for item in results}
    assert done.returncode == 1, done.stdout
    assert status["metrics_daily_has_one_row_a_key"] == "fail"
    assert status["metrics_daily_has_no_gaps"] == "fail"
    assert status["build_info"] == "error"
    assert status["cohorts_has_one_row_a_key"] == status["cohorts_has_no_gaps"] == "pass"


def test_nothing_but_yaml_stands_among_the_metrics() -> None:
    assert {path.suffix for path in synthetic.METRICS.rglob("*") if path.is_file()} == {".yml"}


def test_every_mart_has_one_file_of_its_name() -> None:
    """Files without a mart hold metrics made of others, or how the families of metrics_daily are tested."""
    files = {path.stem: yaml.safe_load(path.read_text()) for path in synthetic.METRICS.glob("*.yml")}
    held = {name: [model["name"] for model in content.get("models", [])] for name, content in files.items()}
    assert set(synthetic.contracts()) == {name for name, models in held.items() if models == [name]}
    assert {name.split("_")[0] for name, models in held.items() if not models} == {"ratios", "daily"}
