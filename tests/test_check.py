"""`make check`: which tools it runs, and that the cache of the SQL lint never hides a violation."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tools import check, lint_sql

ROOT = Path(__file__).resolve().parents[1]
CLEAN, SHOUTING = "select 1 as number\n", "SELECT 1 as number\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout: the real lint settings and macros, six models and one test."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "dbt_project" / "macros", tmp_path / "dbt_project" / "macros")
    for number in range(6):
        write(tmp_path / f"dbt_project/models/marts/model_{number}.sql", CLEAN)
    write(tmp_path / "dbt_project/tests/test.sql", CLEAN)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.slow
def test_sql_violation_fails_with_and_without_a_cache(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = checkout / "dbt_project/models/marts/model_3.sql"
    write(broken, SHOUTING)
    assert lint_sql.main(checkout) == 1
    assert "model_3.sql:1:10: CP01" in capsys.readouterr().out
    write(checkout / "dbt_project/tests/test.sql", SHOUTING)
    assert lint_sql.main(checkout) == 1
    output = capsys.readouterr().out
    assert "model_3.sql:1:10: CP01" in output, "a file that failed before was not linted again"
    assert "test.sql:1:10: CP01" in output, "a file that changed was not linted again"


def test_sql_lint_skips_only_what_was_clean_under_the_same_rules(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linted: list[int] = []

    def count(_: Path, files: list[Path]) -> dict[str, list[dict[str, str]]]:
        linted.append(len(files))
        return {}

    monkeypatch.setattr(lint_sql, "lint", count)
    settings = checkout / "pyproject.toml"
    changes = [
        lambda: None,
        lambda: write(checkout / "dbt_project/models/marts/model_6.sql", CLEAN),
        lambda: write(settings, settings.read_text().replace("max_line_length = 120", "max_line_length = 80")),
        lambda: write(checkout / "dbt_project/macros/another.sql", "{% macro another() %}1{% endmacro %}\n"),
    ]
    for change in changes:
        change()
        assert lint_sql.main(checkout) == 0
    assert linted == [7, 1, 8, 8]
    assert lint_sql.main(checkout) == 0
    assert linted == [7, 1, 8, 8], "nothing changed, so sqlfluff is not started"


def test_sqlfluff_that_cannot_lint_is_an_error(checkout: Path) -> None:
    with pytest.raises(SystemExit, match="sqlfluff stopped"):
        lint_sql.lint(checkout, [Path("dbt_project/models/marts/none.sql")])


def test_pre_commit_runs_the_tools_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    assert [hook["name"] for hook in hooks[0]["hooks"]] == list(check.TOOLS)
