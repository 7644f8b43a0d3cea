"""Declarations of reports: the form is strict, and each mistake is named with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from semantic.catalog import Catalog
from semantic.errors import ReportError, UnknownNameError
from semantic.reports import library
from semantic.reports.check import check
from semantic.reports.loader import load

GOOD = """\
title: Returns by channel
question: Where do goods come back?
figures: [returns, orders_placed]
by: [channel]
order: [-returns]
limit: 5
columns:
  channel: channel
  returns_{currency}: returns
  share: {of: returns, show: share}
charts:
  - {kind: bars, title: Returns, metrics: [returns], by: [channel]}
  - {kind: line, title: Returns, metrics: [returns], by: [time]}
caveats: [A return is on its own day.]
"""


def written(folder: Path, text: str, name: str = "returns-by-channel.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, catalog: Catalog, text: str) -> list[str]:
    """The lines of the error that this text causes, without the folder."""
    path = written(folder, text)
    with pytest.raises(ReportError) as error:
        check(load(path), catalog)
    head, *lines, last = str(error.value).splitlines()
    assert head.startswith(f"The report returns-by-channel has {len(lines)} mistake") and last == "Correct the file."
    return [line.strip().rstrip(".").removeprefix(f"{path}, ") for line in lines]


def test_good_declaration_is_read_whole(tmp_path: Path, catalog: Catalog) -> None:
    declared = load(written(tmp_path, GOOD))
    check(declared, catalog)
    report = declared.report
    assert (report.name, report.title, report.by, report.limit) == (
        "returns-by-channel",
        "Returns by channel",
        ("channel",),
        5,
    )
    assert [(column.name, column.of, column.show) for column in report.columns] == [
        ("channel", "channel", "value"), ("returns_{currency}", "returns", "value"), ("share", "returns", "share"),
    ]  # fmt: skip
    assert [chart.kind for chart in report.charts] == ["bars", "line"]


def test_every_report_of_takings_agrees_with_the_metrics(catalog: Catalog) -> None:
    assert len(library.built_in()) == 19
    for declared in library.built_in().values():
        check(declared, catalog)
        assert declared.report.figures and declared.report.charts and declared.report.caveats
        assert declared.report.question.endswith("?")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("limit: 5", "limmit: 5"), "line 6: unknown setting 'limmit' (did you mean limit?)"),
        (("title: Returns by channel", 'title: "Half \\ud83d"'), "line 1: title has control characters"),
        (("title: Returns by channel", 'title: "\\0"'), "line 1: title has control characters"),
        (("limit: 5", "limit: 0"), "line 6: limit has to be a whole number above 0"),
        (("limit: 5", "limit: 5\nlimit: 6"), "line 7: 'limit' is there twice"),
        (("limit: 5", "without_empty: perhaps"), "line 6: without_empty has to be true or false"),
        (("limit: 5", "period: 30 weeks"), "line 6: Unknown period '30 weeks'"),
        (("title: Returns by channel", "subtitle: x"), "line 1: `title` is missing"),
        (("by: [channel]", "by: channel"), "line 4: by has to be a list, such as [one, another]"),
        (("by: [channel]", "by: [channel, channel]"), "line 4: by names 'channel' twice"),
        (("  share: {of", "  channel: {of"), "line 10: 'channel' is there twice in columns"),
        (("  share: {of", "  Share of it: {of"), "line 10: 'Share of it' is no name for a column"),
        (("show: share", "show: shares"), "line 10: columns.share.show cannot be 'shares' (did you mean share"),
        (("of: returns, ", ""), "line 10: `of` is missing in columns.share"),
        (("kind: bars", "kind: pie"), "line 12: charts[0].kind cannot be 'pie'"),
        (("title: Returns, metrics: [returns], by: [time]", "metrics: [returns], by: [time]"),
         "line 13: `title` is missing"),
        (("[A return is on its own day.]", "[A: b]"), "line 14: caveats[0] has to be a text"),
        (("figures: [returns, orders_placed]", "figures: [retuns]"),
         "line 3: there is no metric 'retuns' (did you mean"),
        (("figures: [returns, orders_placed]", "figures: [ltv]"),
         "line 3: ltv is not one number: it has to be asked by"),
        (("by: [channel]\no", "by: [chanel]\no"), "line 4: there is no dimension 'chanel' (did you mean channel"),
        (("order: [-returns]", "order: [-net_sales]"), "line 5: rows cannot be sorted by 'net_sales'"),
        (("limit: 5", "only: net_sales"), "line 6: rows cannot be kept by 'net_sales': no column has it"),
        (("limit: 5", "where: {colour: red}"), "line 6: there is no dimension 'colour'"),
        (("  channel: channel", "  channel: canal"), "line 8: 'canal' is neither a metric nor in `by` or `labels`"),
        (("  channel: channel", "  rate: {of: roas, show: share}"),
         "line 8: roas is a ratio, and ratios are not added up"),
        (("  channel: channel", "  pace: {of: returns, show: pace}"),
         "line 8: a pace needs a row for each day: `by: [day]`"),
        (("  channel: channel", "  rate: {of: returns, show: percent}"), "line 8: returns is not a ratio"),
        (("  channel: channel", "  rate: {of: returns, show: badge}"), "line 8: returns has no thresholds for a badge"),
        (("  channel: channel", "  sold: product_quantity"),
         "line 8: product_quantity cannot be asked by channel: product_daily"),
        (("  channel: channel", "  cash: cash_balance"),
         "line 8: cash_balance cannot be asked by channel: finance_monthly"),
        (("  channel: channel", "  one: {of: returns, where: {channel: Web}}"),
         "line 8: `where` picks one group of a report without"),
        (("kind: bars, title: Returns, metrics: [returns], by: [channel]", "kind: line, title: R, metrics: [returns]"),
         "line 12: a chart of the kind line needs `by: [time]`"),
        (("title: Returns, metrics: [returns], by: [channel]", "title: R, metrics: [], by: [channel]"),
         "line 12: a chart of the kind bars needs one metric, or two to compare"),
        (("title: Returns, metrics: [returns], by: [time]", "title: R, metrics: [returns, refund_rate], by: [time]"),
         "line 13: the lines of a chart have one axis, and these have different units: returns (money), refund_rate"),
        (("metrics: [returns], by: [channel]}", "metrics: [retuns], by: [channel]}"),
         "line 12: there is no metric 'retuns'"),
        (("metrics: [returns], by: [channel]}", "metrics: [returns], by: [product_key]}"),
         "line 12: there is no dimension"),
        (("kind: bars, title: Returns, metrics: [returns], by: [channel]", "kind: table, title: R, by: [channel]"),
         "line 12: a chart of the kind table needs no metrics"),
    ],
)  # fmt: skip
def test_mistake_is_named_with_its_line(
    tmp_path: Path, catalog: Catalog, change: tuple[str, str], expected: str
) -> None:
    assert change[0] in GOOD
    lines = mistakes(tmp_path, catalog, GOOD.replace(*change))
    assert any(line.startswith(expected) for line in lines), lines


def test_several_mistakes_are_named_at_once_in_the_order_of_the_file(tmp_path: Path, catalog: Catalog) -> None:
    text = (
        GOOD.replace("limit: 5", "limit: many")
        .replace("kind: bars", "kind: pie")
        .replace("title: Ret", "titel: Ret", 1)
    )
    assert [line.split(":")[0] for line in mistakes(tmp_path, catalog, text)] == [
        "line 1",
        "line 1",
        "line 6",
        "line 12",
    ]
    names = GOOD.replace("figures: [returns,", "figures: [retuns,").replace("order: [-returns]", "order: [sales]")
    assert [line.split(":")[0] for line in mistakes(tmp_path, catalog, names)] == ["line 3", "line 5"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1: the file is empty"),
        ("- title", "line 1: the file has to be settings with names"),
        ("title: [a\nquestion: b", "line 2: it is not valid YAML"),
        (GOOD[: GOOD.index("columns:")] + "columns:\n", "line 7: columns has to be settings with names"),
        (GOOD[: GOOD.index("columns:")] + "columns: {}\n", "line 7: columns has no column"),
        (GOOD[: GOOD.index("columns:")], "line 1: `columns` is missing"),
        (GOOD + "  ? [a, b]\n  : c\n", "line 15: it is not valid YAML"),
        (f"title: {'[' * 5000}{']' * 5000}\n", "line 1: it has too many brackets within each other"),
    ],
)
def test_file_that_is_no_declaration_is_refused(tmp_path: Path, catalog: Catalog, text: str, expected: str) -> None:
    assert any(line.startswith(expected) for line in mistakes(tmp_path, catalog, text))


def test_file_that_is_no_text_or_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "own.yml"
    path.write_bytes(b"title: \xff")
    with pytest.raises(ReportError, match="Save the file as UTF-8"):
        load(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ReportError, match="Cannot read the report"):
        load(path)


def test_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    columns = "".join(f"  c{number}: returns\n" for number in range(6000))
    with pytest.raises(ReportError, match="more than 100,000 bytes"):
        load(written(tmp_path, GOOD[: GOOD.index("columns:")] + f"columns:\n{columns}"))


def test_own_report_is_found_beside_those_of_takings(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    written(tmp_path, "notes", "notes.txt")
    reports, errors = library.every(tmp_path)
    assert errors == [] and list(reports) == [*library.built_in(), "returns-by-channel"]
    assert library.find("returns-by-channel", tmp_path).report.title == "Returns by channel"
    with pytest.raises(UnknownNameError, match="Did you mean returns-by-channel"):
        library.find("return-by-channel", tmp_path)
    assert library.every(tmp_path / "missing")[0].keys() == library.built_in().keys()


def test_own_report_cannot_take_the_name_of_another(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "top-products.yml")
    written(tmp_path, GOOD)
    written(tmp_path, GOOD, "returns-by-channel.yaml")
    reports, errors = library.every(tmp_path)
    assert reports.keys() == library.built_in().keys()
    taken, twice = map(str, errors)
    assert "returns-by-channel.yaml" in taken and "declares the same report" in taken
    assert "top-products.yml" in twice and "has a report top-products of its own" in twice
    assert library.find("top-products", tmp_path).path.parent == library.FOLDER


def test_name_of_a_file_is_the_name_of_the_report(tmp_path: Path, catalog: Catalog) -> None:
    path = written(tmp_path, GOOD, "My Report.yml")
    with pytest.raises(ReportError, match="is no name for a report"):
        load(path)
