"""Reports as Excel workbooks: typed cells, formats, texts that are no formulas, and numbers that Excel cannot keep."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from semantic.errors import WriteError
from semantic.reports import xlsx
from semantic.reports.brand import Brand
from semantic.reports.content import Content
from semantic.reports.fill import fill
from semantic.warehouse import Currency
from tests.semantic.report_files import Sheet, workbook
from tests.semantic.test_report_content import ACME, LATER, MARCH

BRAND = Brand("Acme", "#0f766e")


@pytest.fixture
def content(published: Path) -> Content:
    return fill(published, "product-performance", *MARCH, tenant="acme", now=LATER, subject=ACME)


def with_table(content: Content, *columns: tuple[str, Any, pa.DataType, dict[str, str]]) -> Content:
    """The report with another table: (name, values, type, metadata)."""
    fields = [pa.field(name, kind, metadata=about) for name, _, kind, about in columns]
    table = pa.table([pa.array(values, kind) for _, values, kind, _ in columns], schema=pa.schema(fields))
    return replace(content, table=table, columns={name: name.title() for name, *_ in columns}, charts=())


def about(sheets: dict[str, Sheet]) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for name, text in ((row[0].value, row[1].value) for row in sheets["About"]):
        lines.setdefault(str(name), []).append(str(text))
    return lines


def test_workbook_has_the_table_first_and_then_what_it_is(content: Content) -> None:
    sheets = workbook(xlsx.dump(content, BRAND))
    assert list(sheets) == ["Report", "About", "Figures", "1 Products by revenue", "2 Products by returns"]
    assert [cell.value for cell in sheets["Report"][0]][:5] == [
        "Product ID",
        "Product",
        "SKU",
        "Quantity sold",
        "Product revenue",
    ]
    lines = about(sheets)
    assert lines["Shop"] == ["Acme & Söhne"] and lines["Currency"] == ["USD"]
    assert lines["Days"] == ["2026-03-01 to 2026-03-04, both included (UTC)"]
    assert lines["Comparison"] == ["2026-03-01 to 2026-03-04, compared with 2026-02-25 to 2026-02-28"]
    assert lines["Freshness"][0].startswith("Data as of 9 Mar 2026, 06:00")
    assert lines["Return rate"] == [content.definitions["Return rate"]]
    assert lines["Note"] == list(content.caveats)
    assert [row[0].value for row in sheets["Figures"]][1:] == [figure.metric.label for figure in content.figures]


def test_cells_are_typed_and_have_the_format_of_their_unit(content: Content) -> None:
    product, _ = workbook(xlsx.dump(content, BRAND))["Report"][1:]
    assert [type(cell.value) for cell in product] == [str, str, str] + [Decimal] * 6
    assert [cell.format for cell in product[3:]] == [
        "#,##0", "[$USD] #,##0.00", "[$USD] #,##0.00", "#,##0", "0.0%", "0.0%",
    ]  # fmt: skip


def test_text_that_looks_like_a_formula_or_an_address_stays_a_text(content: Content) -> None:
    texts = ["=SUM(A1)", "+1", "-2", "@cmd", "https://example.com", "{=1}", "00123", "a\x00b\x0bc", "<b>&", ""]
    sheet = workbook(xlsx.dump(with_table(content, ("name", texts, pa.string(), {})), BRAND))["Report"]
    assert [row[0].value for row in sheet[1:8]] == texts[:7]
    assert sheet[9][0].value == "<b>&"


@pytest.mark.parametrize(("code", "minor_units", "format"), [
    ("USD", 100, "[$USD] #,##0.00"), ("JPY", 1, "[$JPY] #,##0"), ("KWD", 1000, "[$KWD] #,##0.000"),
])  # fmt: skip
def test_amount_has_the_places_of_its_currency(content: Content, code: str, minor_units: int, format: str) -> None:
    currency = Currency(code, minor_units)
    amount = Decimal(12345678).scaleb(-currency.digits)
    column = ("amount", [amount], pa.decimal128(38, currency.digits), {"unit": "money", "format": ",.2f"})
    cell = workbook(xlsx.dump(replace(with_table(content, column), currency=currency), BRAND))["Report"][1][0]
    assert (cell.value, cell.format) == (amount, format)


def test_advertising_below_a_cent_keeps_its_parts(content: Content) -> None:
    column = ("spend", [Decimal("2059.171229")], pa.decimal128(38, 6), {"unit": "money", "format": ",.2f"})
    cell = workbook(xlsx.dump(with_table(content, column), BRAND))["Report"][1][0]
    assert (cell.value, cell.format) == (Decimal("2059.171229"), "[$USD] #,##0.00####")


def test_cost_of_a_model_is_shown_with_four_places_as_elsewhere_and_kept_whole(content: Content) -> None:
    column = ("cost", [Decimal("0.012345")], pa.decimal128(38, 6), {"unit": "money", "format": ",.4f"})
    cell = workbook(xlsx.dump(with_table(content, column), BRAND))["Report"][1][0]
    assert (cell.value, cell.format) == (Decimal("0.012345"), "[$USD] #,##0.0000")


@pytest.mark.parametrize("amount", ["9999999999999.99", "-1234567890123.45", "0.01", "123456789012345.00"])
def test_amount_of_fifteen_digits_is_a_number(content: Content, amount: str) -> None:
    column = ("amount", [Decimal(amount)], pa.decimal128(38, 2), {"unit": "money"})
    sheets = workbook(xlsx.dump(with_table(content, column), BRAND))
    assert sheets["Report"][1][0].value == Decimal(amount)
    assert not any("digits" in text for text in about(sheets)["Note"])


@pytest.mark.parametrize("amount", ["12345678901234.56", "-99999999999999.99"])
def test_amount_that_excel_would_round_is_a_text_and_about_says_so(content: Content, amount: str) -> None:
    columns = (
        ("amount", [Decimal(amount)], pa.decimal128(38, 2), {"unit": "money"}),
        ("number", [1234567890123456789], pa.int64(), {"unit": "count"}),
    )
    sheets = workbook(xlsx.dump(with_table(content, *columns), BRAND))
    assert [cell.value for cell in sheets["Report"][1]] == [amount, "1234567890123456789"]
    assert any("more than 15 digits are texts" in text for text in about(sheets)["Note"])


def test_days_truths_and_unknown_numbers_have_their_own_cells(content: Content) -> None:
    columns = (
        ("day", [date(2026, 3, 1), None, date(1899, 1, 1)], pa.date32(), {}),
        ("over", [True, False, None], pa.bool_(), {}),
        ("months", [Decimal("7.5"), None, Decimal(0)], pa.decimal128(38, 6), {"unit": "ratio", "format": ",.1f"}),
        ("roas", [Decimal("16.25"), None, Decimal(0)], pa.decimal128(38, 6), {"unit": "ratio", "format": "$,.1f"}),
    )
    first, second, third = workbook(xlsx.dump(with_table(content, *columns), BRAND))["Report"][1:]
    assert [cell.value for cell in first] == [Decimal(46082), True, Decimal("7.5"), Decimal("16.25")]
    assert [cell.format for cell in first] == ["yyyy-mm-dd", "General", "#,##0.0", '#,##0.0"×"']
    assert [cell.value for cell in second] == [None, False, None, None]
    assert third[0].value == "1899-01-01" and third[1].value is None


def test_heading_stays_in_sight_and_rows_can_be_filtered(content: Content) -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx.dump(content, BRAND))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert 'state="frozen"' in sheet and 'ySplit="1"' in sheet
    assert '<autoFilter ref="A1:I3"/>' in sheet
    assert sheet.count("<col ") >= 1


def test_same_report_is_the_same_file_and_many_rows_are_written_row_by_row(content: Content) -> None:
    assert xlsx.dump(content, BRAND) == xlsx.dump(content, BRAND)
    rows = xlsx.MANY_ROWS + 5
    columns = (
        ("name", [f"=n{number}" for number in range(rows)], pa.string(), {}),
        ("amount", [Decimal(number).scaleb(-2) for number in range(rows)], pa.decimal128(38, 2), {"unit": "money"}),
    )
    sheet = workbook(xlsx.dump(with_table(content, *columns), BRAND))["Report"]
    assert len(sheet) == rows + 1
    assert [cell.value for cell in sheet[-1]] == [f"=n{rows - 1}", Decimal(rows - 1).scaleb(-2)]


def test_report_without_rows_has_its_heading(content: Content) -> None:
    empty = replace(content, table=content.table.slice(0, 0))
    assert len(workbook(xlsx.dump(empty, BRAND))["Report"]) == 1


def test_more_rows_than_a_sheet_has_are_refused_with_advice(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 1)
    with pytest.raises(WriteError, match="Choose a shorter period, or write it as csv or parquet"):
        xlsx.dump(content, BRAND)
