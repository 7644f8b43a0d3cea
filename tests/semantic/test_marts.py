"""The marts' YAML as dbt reads it: a mart that breaks its key, its columns or its contract does not pass."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.semantic import synthetic

FLOW = re.compile(r"\{\w+: .*\{")  # a flow mapping in a flow mapping: only settings are written so
SETTINGS = re.compile(r" +config: \{.*\}")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which metrics_daily has one row twice, with empty amounts, and build_info lacks columns.

    dbt has built three of its marts, after a parse of all of them in which a warning or a deprecation is an error.
    """
    folder = synthetic.stub_project(tmp_path_factory.mktemp("broken") / "project")
    marts = folder / "models" / "marts"
    sql = (marts / "metrics_daily.sql").read_text(encoding="utf-8")
    for key in ("tenant_id", "source", "channel"):
        sql = sql.replace(f"cast(null as varchar) as {key},", f"'one' as {key},")
    sql = sql.replace("cast(null as date) as date_day", "date '2026-01-01' as date_day").replace("where false", "")
    (marts / "metrics_daily.sql").write_text(f"{sql} from range(2)", encoding="utf-8")
    (marts / "build_info.sql").write_text("select 'one' as tenant_id", encoding="utf-8")
    dbt = Path(sys.executable).with_name("dbt")
    command = [dbt, "--warn-error", "--show-all-deprecations", "build", "--profiles-dir", "."]
    command += ["--select", "metrics_daily", "build_info", "cohorts"]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert process.returncode == 1, process.stdout
    assert (folder / "target" / "run_results.json").exists(), f"a warning or an error of the parse: {process.stdout}"
    return folder


@pytest.mark.slow
def test_duplicate_key_null_column_and_missing_column_fail_the_build(project: Path) -> None:
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    status = {item["unique_id"].split(".")[2]: item["status"] for item in results}
    assert status["metrics_daily_has_one_row_per_key"] == "fail"
    assert status["metrics_daily_has_no_nulls"] == "fail"
    assert status["build_info"] == "error"
    assert status["cohorts_has_one_row_per_key"] == status["cohorts_has_no_nulls"] == "pass"


def test_the_metrics_folder_holds_only_yaml() -> None:
    assert {path.suffix for path in synthetic.METRICS.rglob("*") if path.is_file()} == {".yml"}


def test_every_mart_has_one_file_of_its_name_and_ratios_have_one_per_family() -> None:
    files = {path.stem: yaml.safe_load(path.read_text()) for path in synthetic.METRICS.glob("*.yml")}
    models = {name: [model["name"] for model in content.get("models", [])] for name, content in files.items()}
    assert set(synthetic.contracts()) == {name for name, names in models.items() if names == [name]}
    assert {name.split("_")[0] for name, names in models.items() if not names} == {"ratios"}


def test_metric_files_hold_unit_tests_of_their_own_mart_only() -> None:
    for path in synthetic.METRICS.glob("*.yml"):
        content = yaml.safe_load(path.read_text())
        assert {test["model"] for test in content.get("unit_tests", [])} <= {path.stem}, path.name


def test_every_yaml_file_of_the_dbt_project_is_in_block_style_and_folded_at_120_characters() -> None:
    """Flow style is for leaf settings and rows only. Tables in `rows: |` may be wider; anchors are not used."""
    for path in (*synthetic.METRICS.glob("*.yml"), *(synthetic.DBT / "models").rglob("*.yml")):
        table = None  # the indent of an open `rows: |`
        for number, line in enumerate(path.read_text().splitlines(), 1):
            indent = len(line) - len(line.lstrip())
            table = None if line and table is not None and indent <= table else table
            if table is None:
                place = f"{path.name}:{number}: {line}"
                assert len(line) <= 120, place
                assert not FLOW.search(line) or SETTINGS.fullmatch(line), place
                assert not re.search(r": [&*]\w", line), place
            table = indent if line.endswith("rows: |") else table
