"""`takings pictures`, and the formats of `takings report` that are seen: pdf, html, png, svg."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration import cli
from orchestration.cli_pictures import PICTURES

FILES = (
    "revenue-line-chart.png", "top-products-bar-chart.png", "top-customers-table.png", "conversion-funnel.png",
    "refund-rate-kpi.png",
)  # fmt: skip
TOML = """
[[tenants]]
id = "acme"
name = "Acme Tools"
time_zone = "UTC"
currency = "USD"
[[tenants.sources]]
kind = "files"
account = "acme"
path = "files"
"""
Command = Callable[..., list[str]]


@pytest.fixture
def takings(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line over the two shops of shop.py; returns the lines that it prints."""
    (tmp_path / "takings.toml").write_text(TOML)
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    monkeypatch.setenv("TAKINGS_HOME", str(published.parent))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> list[str]:
        days = ("--from", "2026-03-01", "--to", "2026-03-04", "--tenant", "acme")
        result = CliRunner().invoke(cli.app, [*arguments, *days])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout.splitlines()

    return run


def test_five_pictures_have_the_names_of_the_documentation(takings: Command, tmp_path: Path) -> None:
    assert takings("pictures", "--folder", "out") == [str(Path("out") / name) for name in FILES]
    assert [f"{name}.png" for name in PICTURES] == list(FILES)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    for name in FILES:
        content = (tmp_path / "out" / name).read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        assert content.startswith(b"\x89PNG")
        assert width in (1200, 1920)
        assert height > 200


def test_dark_pictures_are_others(takings: Command, tmp_path: Path) -> None:
    takings("pictures", "--folder", "light")
    takings("pictures", "--folder", "dark", "--theme", "dark")
    for name in FILES:
        assert (tmp_path / "light" / name).read_bytes() != (tmp_path / "dark" / name).read_bytes()


@pytest.mark.parametrize(
    ("format", "start"), [("pdf", b"%PDF-"), ("html", b"<!DOCTYPE html>"), ("png", b"\x89PNG"), ("svg", b"<svg ")]
)
def test_report_is_written_in_every_format_that_is_seen(
    takings: Command, tmp_path: Path, format: str, start: bytes
) -> None:
    (line,) = takings("report", "revenue-by-day", "--format", format)
    assert line == f"revenue-by-day-2026-03-01-2026-03-04.{format}"
    assert (tmp_path / line).read_bytes().startswith(start)


def test_page_has_the_numbers_of_the_week(takings: Command, tmp_path: Path) -> None:
    """Of shop.py: two orders of together 30.00 on March 2, of which 20.00 were refunded."""
    (line,) = takings("report", "revenue-by-day", "--format", "html")
    html = (tmp_path / line).read_text()
    row = html[html.index("2026-03-02") :].partition("</tr>")[0]
    assert [part for part in ("$30.00", ">2<", "$20.00") if part not in row] == []
    assert "Acme Tools" in html
