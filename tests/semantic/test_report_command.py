"""`takings report`: the list, the files, what it says about them, and the check of one's own reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from common.errors import TakingsError
from orchestration import cli
from semantic.errors import ReportError, UnknownNameError
from semantic.periods import resolve
from semantic.reports.library import built_in
from tests.semantic.test_pictures_command import TOML
from tests.semantic.test_report_declarations import GOOD

DAYS = ("--from", "2026-03-01", "--to", "2026-03-04", "--tenant", "acme")
Command = Callable[..., Result]


@pytest.fixture
def takings(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line over the two shops of shop.py, in the folder of takings.toml."""
    (tmp_path / "takings.toml").write_text(TOML)
    (tmp_path / "reports").mkdir()
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    monkeypatch.setenv("TAKINGS_HOME", str(published.parent))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(cli.app, ["report", *arguments])
        if isinstance(result.exception, TakingsError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def test_list_has_every_report_with_its_question_and_ones_own_last(takings: Command, tmp_path: Path) -> None:
    (tmp_path / "reports" / "returns-by-channel.yml").write_text(GOOD)
    (tmp_path / "reports" / "broken.yml").write_text("title: x\n")
    result = takings()
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert list(lines) == [*built_in(), "returns-by-channel"]
    assert lines["customer-spend"] == "Who spends the most, and how much of our revenue depends on them?"
    assert "The report broken has 2 mistakes" in result.stderr


def test_file_that_is_replaced_is_named_as_such(takings: Command, tmp_path: Path) -> None:
    first, second = (takings("revenue-by-day", *DAYS, "--format", "xlsx") for _ in range(2))
    assert first.stdout == second.stdout == "revenue-by-day-2026-03-01-2026-03-04.xlsx\n"
    assert (first.stderr, second.stderr) == ("", "It replaces the file that was there.\n")
    assert [path.name for path in tmp_path.glob("*.xlsx")] == [first.stdout.strip()]


def test_own_report_is_written_like_the_others(takings: Command, tmp_path: Path) -> None:
    (tmp_path / "reports" / "returns-by-channel.yml").write_text(GOOD)
    takings("returns-by-channel", *DAYS, "--format", "json", "--folder", "out")
    document = json.loads((tmp_path / "out" / "returns-by-channel-2026-03-01-2026-03-04.json").read_text())
    assert document["tenant"] == {"id": "acme", "name": "Acme Tools", "time_zone": "UTC"}
    assert document["rows"] == [
        {"channel": "Online store", "returns_usd": "10.01", "share": 1.0},
        {"channel": "Point of sale", "returns_usd": "0.00", "share": 0.0},
    ]
    assert [figure["value"] for figure in document["figures"]] == ["10.01", 3]


def test_money_in_a_json_file_is_text_with_all_its_places(takings: Command, tmp_path: Path) -> None:
    takings("revenue-overview", *DAYS, "--format", "json")
    text = (tmp_path / "revenue-overview-2026-03-01-2026-03-04.json").read_text()
    assert json.loads(text)["rows"][1]["net_sales_usd"] == "42.50"


def test_report_without_days_has_its_own_period(takings: Command) -> None:
    first, last = resolve("365d", "UTC", datetime.now(UTC))
    assert takings("financial-health", "--tenant", "acme").stdout == f"financial-health-{first}-{last}.csv\n"
    first, last = resolve("30d", "UTC", datetime.now(UTC))
    assert takings("top-products", "--tenant", "acme").stdout == f"top-products-{first}-{last}.csv\n"
    assert date.fromisoformat(str(last))


def test_check_names_every_mistake_of_every_file_and_fails(takings: Command, tmp_path: Path) -> None:
    own = tmp_path / "reports"
    assert takings("--check").stdout == f"There are no reports in {own}.\n"
    (own / "returns-by-channel.yml").write_text(GOOD)
    assert takings("--check").stdout == "No mistakes: returns-by-channel\n"
    (own / "wrong.yml").write_text(GOOD.replace("limit: 5", "limit: no").replace("kind: bars", "kind: pie"))
    (own / "unknown.yml").write_text(GOOD.replace("[returns, orders_placed]", "[retuns]"))
    result = takings("--check")
    assert result.exit_code == 1 and not result.stdout
    for place in ("wrong.yml, line 6", "wrong.yml, line 12", "unknown.yml, line 3: there is no metric 'retuns'"):
        assert f"{own}/{place}" in result.stderr
    assert takings("returns-by-channel", "--check").stdout == "No mistakes: returns-by-channel\n"


def test_mistake_in_one_file_does_not_keep_other_reports_from_being_written(takings: Command, tmp_path: Path) -> None:
    (tmp_path / "reports" / "wrong.yml").write_text("title: x\n")
    assert takings("refund-rate", *DAYS).exit_code == 0
    with pytest.raises(ReportError, match=r"wrong.yml, line 1: `columns` is missing"):
        takings("wrong", *DAYS)


@pytest.mark.parametrize(
    ("arguments", "near"), [(("refund-rates",), "refund-rate"), (("refund-rate", "--format", "xls"), "xlsx")]
)
def test_unknown_report_or_format_is_named_with_similar_ones(
    takings: Command, tmp_path: Path, arguments: tuple[str, ...], near: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean.* {near}"):
        takings(*arguments, *DAYS)
    assert {path.name for path in tmp_path.iterdir()} == {"takings.toml", "reports"}
