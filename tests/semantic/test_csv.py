"""The CSV writer: its bytes, and what other programs read from them."""

from __future__ import annotations

import csv as python_csv
import errno
import io
import os
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantic.errors import WriteError
from semantic.reports import csv

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', '""', ",", "\r\n", "\n", "=1+1", "-1", "+a", "@x", "\tx", "\rx", " =1", "'=1", "é,ß", "\ufeff"]
)
NUMBERS = st.integers(-(10**15), 10**15) | st.decimals(-(10**12), 10**12, places=2)


def guarded(value: str) -> str:
    """The expected cell for a text, by an independent rule."""
    return "'" + value if value[:1] in set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20") else value


def test_file_has_byte_order_mark_crlf_and_quotes_where_needed(tmp_path: Path) -> None:
    rows: list[list[csv.Cell]] = [["a,b", 'say "hi"', "two\nlines"], ["plain", None, "é"]]
    path = csv.write(tmp_path / "x.csv", ["one", "two", "three"], rows)
    expected = '\ufeffone,two,three\r\n"a,b","say ""hi""","two\nlines"\r\nplain,,é\r\n'
    assert path.read_bytes() == expected.encode("utf-8")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert csv.text(cell) == "'" + cell


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (-5, "-5"),
        (Decimal("-10.50"), "-10.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0E-2"), "0.00"),
        (-0.25, "-0.25"),
        (None, ""),
        (True, "true"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00+00:00"),
        ("it's = fine", "it's = fine"),
        ("", ""),
    ],
)
def test_other_cells_are_written_without_change(cell: csv.Cell, expected: str) -> None:
    assert csv.text(cell) == expected


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS, NUMBERS), max_size=6))
def test_python_reads_back_what_was_written(rows: list[tuple[str, str, Any]]) -> None:
    content = csv.dumps(["a", "b", "n"], rows)
    read = list(python_csv.reader(io.StringIO(content, newline=""), strict=True))
    assert read == [["a", "b", "n"], *([guarded(a), guarded(b), str(n)] for a, b, n in rows)]
    assert not any(cell[:1] in {"=", "+", "@"} for row in read[1:] for cell in row[:2])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(TEXTS.filter(lambda text: "\0" not in text), NUMBERS), min_size=1, max_size=5))
def test_duckdb_reads_the_same_texts_and_numbers(rows: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = csv.write(Path(folder) / "x.csv", ["text", "number"], rows)
        options = "header = true, all_varchar = true, quote = '\"', escape = '\"', delim = ',', auto_detect = false"
        kinds = "columns = {'text': 'VARCHAR', 'number': 'VARCHAR'}"
        query = f"SELECT * FROM read_csv('{path}', {options}, {kinds}, new_line = '\\r\\n')"
        read = duckdb.sql(query).fetchall()
    assert [(text or "", number) for text, number in read] == [(guarded(text), str(number)) for text, number in rows]


def test_file_name_is_report_first_and_last_day() -> None:
    days = date(2026, 1, 2), date(2026, 3, 4)
    assert csv.file_name("revenue-overview", *days) == "revenue-overview-2026-01-02-2026-03-04.csv"
    assert csv.file_name("../../etc/Pass wd\0", *days) == "etc-pass-wd-2026-01-02-2026-03-04.csv"
    assert csv.file_name("///", *days) == "report-2026-01-02-2026-03-04.csv"


def test_full_disk_leaves_the_old_file_and_no_partial_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv.write(tmp_path / "x.csv", ["a"], [["old"]])
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left on device"):
        csv.write(path, ["a"], [["new"]])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_row_that_cannot_be_read_leaves_no_file(tmp_path: Path) -> None:
    def rows() -> Any:
        yield ["first"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        csv.write(tmp_path / "x.csv", ["a"], rows())
    assert list(tmp_path.iterdir()) == []
