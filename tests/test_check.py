"""`make check`: which tools it runs, and that the SQL lint finds what breaks a rule."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tools import check

ROOT = Path(__file__).resolve().parents[1]
CLEAN = "select number as count\nfrom {{ ref('orders') }}\n"
BROKEN = {
    "a keyword in capitals": (CLEAN.replace("select", "SELECT"), "CP01"),
    "an alias without as": (CLEAN.replace(" as ", " "), "AL02"),
    "a CTE that nothing reads": (f"with unused as (select 1 as one)\n\n{CLEAN}", "ST03"),
    "a line of more than 120 characters": (CLEAN.replace("number", "n" * 121), "LT05"),
    "SQL that cannot be parsed": (CLEAN.replace("number", "(number"), "????"),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout: the real settings and macros, one model."""
    shutil.copy(ROOT / ".sqruff", tmp_path)
    shutil.copytree(ROOT / "dbt_project" / "macros", tmp_path / "dbt_project" / "macros")
    (tmp_path / "dbt_project" / "tests").mkdir()
    (tmp_path / "dbt_project" / "models").mkdir()
    return tmp_path


def lint(checkout: Path, sql: str) -> subprocess.CompletedProcess[str]:
    (checkout / "dbt_project/models/model.sql").write_text(sql)
    return subprocess.run(check.TOOLS["sqruff"], cwd=checkout, capture_output=True, text=True, check=False)


def test_sql_that_keeps_the_rules_passes(checkout: Path) -> None:
    result = lint(checkout, CLEAN)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", BROKEN)
def test_sql_that_breaks_a_rule_fails_with_file_and_rule(checkout: Path, name: str) -> None:
    sql, rule = BROKEN[name]
    result = lint(checkout, sql)
    assert result.returncode != 0
    assert "model.sql" in result.stdout + result.stderr and rule in result.stdout + result.stderr


@pytest.mark.parametrize("changed", [".sqruff", "dbt_project/models/model.sql", "dbt_project/macros/new.sql"])
def test_sql_that_passed_is_linted_again_after_any_change(checkout: Path, changed: str) -> None:
    (checkout / "dbt_project/models/model.sql").write_text(CLEAN)
    before = check.sql_hash(checkout)
    assert check.sql_hash(checkout) == before
    with (checkout / changed).open("a") as file:
        file.write("\n")
    assert check.sql_hash(checkout) != before


def test_pre_commit_runs_the_tools_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    assert [hook["name"] for hook in hooks[0]["hooks"]] == list(check.TOOLS)
