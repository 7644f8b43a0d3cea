"""`takings event-log sample`: a sample with its pictures, or the pictures of one's own log, which is only read."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from common.errors import ConfigurationError
from orchestration import cli

PICTURES = (
    "revenue_by_niche.png", "refunds_by_niche.png", "ai_style_vs_revenue.png", "sales_vs_refunds_by_language.png",
    "sales_over_time_daily.png", "geo_based_sales.png", "customer_type_breakdown.png",
)  # fmt: skip
"""The names that people know from the description of the log."""
SAMPLE = Path(__file__).parents[1] / "event_log_sample.json"
Command = Callable[..., list[str]]
pytestmark = pytest.mark.worlds


@pytest.fixture
def sample() -> Command:
    """The command over a folder; returns the lines that it prints to stdout."""

    def run(folder: Path, *options: str) -> list[str]:
        result = CliRunner().invoke(cli.app, ["event-log", "sample", str(folder), *options])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout.splitlines()

    return run


def test_empty_folder_gets_the_log_in_two_forms_and_seven_pictures(sample: Command, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    names = ["event_log.json", "event_log.csv", *PICTURES]
    assert sample(folder, "--dry-run") == [f"would write {folder / name}" for name in names]
    assert not folder.exists()
    assert sample(folder)[-9:] == [str(folder / name) for name in names]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    text = (folder / "event_log.json").read_text()
    assert SAMPLE.read_text().rstrip() in text, "the entry of the document, byte for byte"
    assert len(json.loads(text)) == len((folder / "event_log.csv").read_text().splitlines()) - 1
    for name in PICTURES:
        content = (folder / name).read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        assert (content[:4], width, height > 300) == (b"\x89PNG", 1920, True)


def test_own_log_is_only_read_and_pictures_are_replaced_with_the_option(sample: Command, tmp_path: Path) -> None:
    log = tmp_path / "event_log.json"
    log.write_text(f"[{SAMPLE.read_text()}]")
    before = log.read_bytes()
    (tmp_path / "event_log.csv").touch()
    (tmp_path / PICTURES[0]).write_bytes(b"mine")
    with pytest.raises(ConfigurationError, match=r"holds revenue_by_niche\.png already.*Add --replace"):
        sample(tmp_path)
    plan = sample(tmp_path, "--dry-run")
    assert plan[:3] == [
        f"would read  {log}, which stays as it is", f"would not read {tmp_path / 'event_log.csv'}: one log is read",
        f"would replace {tmp_path / PICTURES[0]}",
    ]  # fmt: skip
    assert (tmp_path / PICTURES[0]).read_bytes() == b"mine"
    lines = sample(tmp_path, "--replace")
    assert lines[-9] == f"read {log}" and lines[-8].startswith(f"not read {tmp_path / 'event_log.csv'}")
    assert lines[-7:] == [str(tmp_path / name) for name in PICTURES]
    assert log.read_bytes() == before
    assert (tmp_path / PICTURES[0]).read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["event_log.csv", "event_log.json", *PICTURES])


def test_bad_row_of_a_log_is_named_with_file_and_line_and_nothing_is_written(sample: Command, tmp_path: Path) -> None:
    entry = " ".join(SAMPLE.read_text().split("\n"))
    lines = [entry, entry.replace("49.99", '"49,99 USD"'), entry.replace('"purchase"', '"bought"')]
    (tmp_path / "event_log.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigurationError) as error:
        sample(tmp_path)
    message = str(error.value)
    assert "2 rows of" in message
    assert [part for part in ("event_log.jsonl", "2: sale_amount", "3: funnel_stage") if part not in message] == []
    assert [path.name for path in tmp_path.iterdir()] == ["event_log.jsonl"]
