"""Writes a report as an Excel workbook: the table, what its numbers are (About), the figures, and the charts' numbers.

Numbers and dates are typed; an amount has the format of its currency, a ratio that of a percentage. Texts are written
as texts, so that none of them is a formula. Excel keeps 15 digits of a number: a longer one is written as text, and
About says so. An unknown number is an empty cell.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from semantic.errors import WriteError
from semantic.reports import colours, shown, texts
from semantic.reports.brand import Brand
from semantic.reports.content import ChartData, Content
from semantic.warehouse import Currency

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_575
MANY_ROWS = 10_000
MOST_LETTERS = 32_767
DIGITS = 15
WIDEST = 60
FIRST_DAY = date(1900, 3, 1)
"""Excel has a February 29 of 1900; days before the one after it are written as text."""
_FORMAT = re.compile(r"(?P<times>\$?)(?P<comma>,?)\.(?P<places>\d)(?P<kind>[f%])")


@dataclass
class _Book:
    """A workbook that is being written, its formats, and whether a number had too many digits for Excel."""

    workbook: Workbook
    currency: Currency
    brand: Brand
    formats: dict[str, Format] = field(default_factory=dict)
    has_long_numbers: bool = False

    def format(self, code: str) -> Format:
        """The format of this code, made once."""
        if code not in self.formats:
            self.formats[code] = self.workbook.add_format({"num_format": code, "valign": "top"})
        return self.formats[code]


def dump(content: Content, brand: Brand) -> bytes:
    """The workbook's bytes; the same content gives the same bytes. Raises WriteError for more rows than Excel has."""
    import xlsxwriter  # noqa: PLC0415 (only this format needs it)

    rows = content.table.num_rows
    if rows > MOST_ROWS:
        raise WriteError(
            f"Cannot write {content.name} for Excel",
            f"it has {rows:,} rows, and a sheet has at most {MOST_ROWS:,} below its heading",
            "Choose a shorter period, or write it as csv or parquet",
        )
    out = io.BytesIO()
    options = {"constant_memory": rows > MANY_ROWS, "strings_to_urls": False, "strings_to_formulas": False}
    workbook = xlsxwriter.Workbook(out, {**options, "strings_to_numbers": False})
    workbook.set_properties(
        {"title": content.title, "author": brand.name, "created": content.as_of or datetime(2000, 1, 1)}
    )
    book = _Book(workbook, content.currency, brand)
    headings = [content.columns.get(name, name) for name in content.table.column_names]
    _table(book, "Report", content.table, headings)
    about = workbook.add_worksheet("About")
    if content.figures:
        _figures(book, content)
    for number, chart in enumerate(content.charts, start=1):
        if chart.chart.kind not in ("table", "figure"):
            _table(book, _sheet_name(number, chart.chart.title), *_with_before(chart))
    _about(book, about, content)
    workbook.close()
    return out.getvalue()


class Written(float):
    """A number that is written with its shortest text: 92905.68. XlsxWriter's 16 digits are 92905.67999999999."""

    def __format__(self, spec: str) -> str:
        return repr(float(self))


def number(value: Decimal | float) -> Written | None:
    """The number that Excel keeps for this one; None where that is another number, which has more digits."""
    if isinstance(value, Decimal) and len(value.normalize().as_tuple().digits) > DIGITS:
        return None
    return Written(value)


def code(unit: str, format: str, currency: Currency, places: int | None = None) -> str:
    """Excel's format of a metric: an amount with its currency, a percentage, a multiple (16.3×), or a plain number.

    `places`: the decimal places of the values, where these are more than the currency's. A format of money with places
    of its own has exactly these, as in every other kind of file; the cell keeps the whole value.
    """
    match = _FORMAT.fullmatch(format)
    if unit == "money":
        if match and int(match["places"]) != shown.USUAL_PLACES:
            return f"[${currency.code}] #,##0.{'0' * int(match['places'])}"
        more = "#" * max(0, (places or 0) - currency.digits)
        decimals = "." + "0" * currency.digits + more if currency.digits or more else ""
        return f"[${currency.code}] #,##0{decimals}"
    if match is None:
        return "#,##0" if unit == "count" else "General"
    decimals = "0" * int(match["places"])
    plain = ("#,##0" if match["comma"] else "0") + (f".{decimals}" if decimals else "")
    return plain + ("%" if match["kind"] == "%" else '"×"' if match["times"] else "")


def _table(book: _Book, name: str, table: pa.Table, headings: Sequence[str]) -> None:
    """A sheet of its own with a heading that stays, filters, and columns as wide as their texts."""
    sheet = book.workbook.add_worksheet(name)
    heading = _heading(book)
    codes = [_code_of(field, book.currency) for field in table.schema]
    columns = [column.to_pylist() for column in table.columns]
    for position, (text, values) in enumerate(zip(headings, columns, strict=True)):
        width = max([len(text) + 3, *(len(_shown(value)) + 2 for value in values[:1000])])
        sheet.set_column(position, position, min(width, WIDEST))
        _write(book, sheet, 0, position, text, heading)
    for row, cells in enumerate(zip(*columns, strict=True), start=1):
        for position, (value, code_name) in enumerate(zip(cells, codes, strict=True)):
            _write(book, sheet, row, position, value, book.format(code_name))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, table.num_rows, max(0, table.num_columns - 1))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _code_of(field: pa.Field, currency: Currency) -> str:
    about = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    if pa.types.is_date(field.type):
        return "yyyy-mm-dd"
    places = field.type.scale if pa.types.is_decimal(field.type) else None
    return code(about.get("unit", ""), about.get("format", ""), currency, places)


def _write(book: _Book, sheet: Worksheet, row: int, column: int, value: Any, format: Format) -> None:
    """Write a cell by its type."""
    match value:
        case None:
            sheet.write_blank(row, column, None, format)
        case bool():
            sheet.write_boolean(row, column, value, format)
        case int() | float() | Decimal():
            exact = number(Decimal(value) if isinstance(value, int) else value)
            if exact is None:
                book.has_long_numbers = True
                sheet.write_string(row, column, _shown(value), format)
            else:
                sheet.write_number(row, column, exact, format)
        case date() if value >= FIRST_DAY:
            sheet.write_datetime(row, column, datetime.combine(value, time()), format)
        case _:
            sheet.write_string(row, column, _shown(value)[:MOST_LETTERS], format)


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _figures(book: _Book, content: Content) -> None:
    """A row per figure, each in the format of its metric, with the days that it is of."""
    sheet = book.workbook.add_worksheet("Figures")
    heading = _heading(book)
    for column, text in enumerate(("Figure", "Value", "Before", "Change", "Rating", "First day", "Last day")):
        sheet.set_column(column, column, 34 if column == 0 else 18)
        _write(book, sheet, 0, column, text, heading)
    whole = content.comparison.now if content.comparison else content.days
    for row, figure in enumerate(content.figures, start=1):
        metric = figure.metric
        places = -figure.value.as_tuple().exponent if isinstance(figure.value, Decimal) else None  # type: ignore[operator]
        own = book.format(code(metric.unit, metric.format, book.currency, places))
        day = book.format("yyyy-mm-dd")
        first, last = figure.days or whole
        cells = (
            (metric.label, book.format("General")), (figure.value, own), (figure.previous, own),
            (figure.change, book.format("+0.0%;-0.0%;0.0%")), (figure.badge, book.format("General")),
            (first, day), (last, day),
        )  # fmt: skip
        for column, (value, format) in enumerate(cells):
            _write(book, sheet, row, column, value, format)
    sheet.freeze_panes(1, 0)


def _about(book: _Book, sheet: Worksheet, content: Content) -> None:
    """Whose numbers these are and of which days, how fresh, whether they agree with the source, what each one means."""
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 100)
    bold = book.workbook.add_format({"bold": True, "valign": "top"})
    wrapped = book.workbook.add_format({"text_wrap": True, "valign": "top"})
    tone, agreement = texts.reconciliation(content)
    lines: list[tuple[str, str]] = [
        (content.title, content.question),
        ("Shop", content.tenant_name),
        ("Days", f"{content.days[0]} to {content.days[1]}, both included ({content.time_zone})"),
        *([("Comparison", content.comparison.describe())] if content.comparison else []),
        ("Currency", content.currency.code),
        ("Freshness", texts.as_of(content)),
        ("Reconciliation" if tone != "bad" else "Reconciliation: differs", agreement),
        ("Run", f"{content.run_id}, definitions {content.definitions_version}"),
        *(("Note", text) for text in content.caveats),
    ]
    if book.has_long_numbers:
        lines.append(("Note", f"Numbers of more than {DIGITS} digits are texts here, since Excel would round them."))
    lines += content.definitions.items()
    for row, (name, text) in enumerate(lines):
        _write(book, sheet, row, 0, name, bold)
        _write(book, sheet, row, 1, text, wrapped)


def _heading(book: _Book) -> Format:
    return book.workbook.add_format(
        {
            "bold": True,
            "font_color": "#ffffff",
            "bg_color": colours.theme(book.brand.accent, "light").accent,
            "text_wrap": True,
            "valign": "top",
        }
    )


def _sheet_name(number: int, title: str) -> str:
    """A chart's title as Excel allows it for a sheet, with its number, so that no two are the same."""
    return f"{number} {re.sub(r'[^A-Za-z0-9 _.-]+', ' ', title)}"[:31].strip()


def _with_before(chart: ChartData) -> tuple[pa.Table, list[str]]:
    """A chart's table with the earlier period's numbers as further columns, and the headings."""
    table = chart.table
    names = [shown.label(field, {}) for field in table.schema]
    if chart.before is None:
        return table, names
    for name in chart.chart.metrics:
        table = table.append_column(
            chart.before.schema.field(name).with_name(f"{name} before"), chart.before.column(name)
        )
        names.append(f"{names[table.column_names.index(name)]}, before")
    return table, names
