"""Pictures of reports: their numbers are the report's, their specifications valid, and no name is interpreted."""

from __future__ import annotations

import csv
import re
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import altair
import pytest

from semantic.errors import CompileError
from semantic.reports import colours, shown
from semantic.reports.brand import Brand
from semantic.reports.content import Chart, ChartData, Content
from semantic.reports.pictures import draw, marks, series, sheet, world
from semantic.reports.pictures.look import DOCUMENT, NARROW, PICTURE, WIDE, Look, Size
from tests.semantic import contents
from tests.semantic.contents import EUR, JPY, KWD, NET_SALES, ORDERS, REFUND_RATE, REFUNDED, wave

BRAND = Brand("Aurora Outdoor")
SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("Alpine tent with a name that is much longer than the space that any picture has for it", "Stove", "Stove")
COUNTRIES = [
    ("US", "United States", 900.5), ("DE", "Germany", 225.0), ("SG", "Singapore", 12.0), (None, "(unknown)", 33.25),
    ("FR", "France", 0), ("LS", "Lesotho", 4.0), ("ZA", "South Africa", 9.0),
]  # fmt: skip
LOSS = [value - 800 for value in wave(30)]
CASES: dict[str, tuple[ChartData, Content]] = {
    "line": (contents.line(), contents.content()),
    "two lines": (contents.line((NET_SALES, wave(30)), (REFUNDED, wave(30, 90, 0))), contents.content()),
    "one day": (contents.line(count=1), contents.content(count=1)),
    "two years": (contents.line(count=730), contents.content(count=730, as_of=datetime(2029, 1, 1, tzinfo=UTC))),
    "losses": (contents.line((NET_SALES, LOSS)), contents.content()),
    "yen": (contents.line(currency=JPY), contents.content(currency=JPY)),
    "dinars": (contents.line(currency=KWD), contents.content(currency=KWD)),
    "euros": (contents.line((NET_SALES, [v * 10000 for v in wave(30)]), currency=EUR), contents.content(currency=EUR)),
    "rate": (contents.line((REFUND_RATE, [n % 7 / 100 for n in range(30)]), before=False), contents.content()),
    "bars": (contents.bars(NAMES, [9331.1, 204, 12.4]), contents.content()),
    "bars of losses": (contents.bars(NAMES, [500, -20.5, -300]), contents.content()),
    "hostile bars": (contents.bars(contents.HOSTILE, range(len(contents.HOSTILE))), contents.content()),
    "emoji bars": (contents.bars([f"{'a' * n}{'😀' * 60}" for n in (0, 1)], [2, 1]), contents.content()),
    "funnel": (contents.funnel(), contents.content()),
    "unknown funnel": (contents.funnel((0, None, 12, 10)), contents.content()),
    "heatmap": (contents.heatmap(), contents.content()),
    "large heatmap": (contents.heatmap(24), contents.content()),
    "map": (contents.countries(*COUNTRIES), contents.content()),
    "empty map": (contents.countries(("SG", "Singapore", 0), ("US", "United States", None)), contents.content()),
    "table": (contents.customers(NAMES, [1201.5, 880, None]), contents.content()),
    "figure": (contents.rate(), contents.content()),
    "no rows": (contents.bars([], []), contents.content()),
    "unknown": (contents.line((NET_SALES, [None] * 30)), contents.content()),
}
SIZES = {"wide": WIDE, "narrow": NARROW, "document": DOCUMENT, "picture": PICTURE}


def look(content: Content, size: Size = PICTURE, mode: colours.Mode = "light") -> Look:
    return Look(content, colours.theme(BRAND.accent, mode), size, titled=size is PICTURE)


def layers(case: str, size: Size = PICTURE) -> list[dict[str, Any]]:
    data, content = CASES[case]
    return list(draw.spec(data, look(content, size))["layer"])


def parsed(svg: str) -> ElementTree.Element:
    """A picture of ours as a tree. Raises ParseError where it is not well formed."""
    return ElementTree.fromstring(svg)  # noqa: S314


def plain(text: str) -> str:
    """A text without control characters and repeated blanks."""
    return " ".join(re.sub(r"[\x00-\x1f]", " ", text).split())


def rows(drawn: list[dict[str, Any]], *keys: str) -> Iterator[tuple[Any, ...]]:
    """The data of all layers that have these keys."""
    for layer in drawn:
        for row in layer["data"]["values"]:
            if all(key in row for key in keys):
                yield tuple(row[key] for key in keys)


def texts(drawn: list[dict[str, Any]]) -> list[str]:
    return [text for (text,) in rows(drawn, "text")]


@pytest.mark.parametrize("case", CASES)
def test_specification_is_valid_vega_lite_and_draws(case: str) -> None:
    """A schema says the same of each row of data, and takes long for many of them."""
    data, content = CASES[case]
    for size in (PICTURE, NARROW):
        spec = draw.spec(data, look(content, size))
        for layer in spec["layer"]:
            layer["data"]["values"] = layer["data"]["values"][:2]
        altair.Chart.from_dict(spec)
    parsed(draw.svg(data, content, BRAND))


@pytest.mark.parametrize(
    "case", ["line", "two lines", "one day", "two years", "losses", "yen", "dinars", "euros", "rate"]
)
@pytest.mark.parametrize("size", SIZES)
def test_numbers_behind_a_line_are_those_of_the_report(case: str, size: str) -> None:
    data, _ = CASES[case]
    drawn: dict[str, dict[str, float]] = {}
    for label, day, value in rows(layers(case, SIZES[size]), "series", "day", "value"):
        drawn.setdefault(label, {})[day] = value
    for name in data.chart.metrics:
        label = data.table.schema.field(name).metadata[b"label"].decode()
        expected = {str(row["day"]): float(row[name]) for row in data.table.to_pylist()}
        assert drawn.pop(label) == expected
    if data.before is not None:
        first = data.chart.metrics[0]
        assert list(drawn.values()) == [{str(row["day"]): float(row[first]) for row in data.before.to_pylist()}]


@pytest.mark.parametrize("size", SIZES)
def test_bars_have_the_numbers_of_the_report_longest_first(size: str) -> None:
    drawn = layers("bars of losses", SIZES[size])
    assert list(rows(drawn, "name", "value")) == [(NAMES[0], 500), ("Stove", -20.5), ("Stove", -300)]
    assert {"$500.00", "−$20.50", "−$300.00"} <= set(texts(drawn))


def test_bars_of_rows_in_any_order_begin_with_the_longest_and_end_with_the_unknown() -> None:
    data = contents.bars(["a", "b", "c", "d"], [3, None, 20, 1])
    drawn = list(draw.spec(data, look(contents.content()))["layer"])
    assert list(rows(drawn, "name", "value")) == [("c", 20), ("a", 3), ("d", 1), ("b", None)]
    assert "unknown" in texts(drawn)


def test_funnel_has_the_counts_and_the_share_of_the_step_before() -> None:
    drawn = layers("funnel")
    assert [value for _, value in rows(drawn, "name", "value")] == [4812, 1930, 1702, 1544]
    # 1930 / 4812 = 0.40108, 1702 / 1930 = 0.88187, 1544 / 1702 = 0.90717
    shares = [text for text in texts(drawn) if "step before" in text]
    assert shares == [f"{share} % of the step before" for share in ("40.1", "88.2", "90.7")]


def test_funnel_says_no_share_of_an_unknown_or_empty_step() -> None:
    drawn = layers("unknown funnel")
    assert [value for _, value in rows(drawn, "name", "value")] == [0, None, 12, 10]
    assert [text for text in texts(drawn) if "step before" in text] == ["83.3 % of the step before"]


def test_heatmap_has_each_cell_of_the_report() -> None:
    data, _ = CASES["heatmap"]
    expected = {
        (f"{row['cohort_month']:%b %Y}", str(row["month_number"])): row["retention"] for row in data.table.to_pylist()
    }
    assert {
        (row, column): value for row, column, value in rows(layers("heatmap"), "row", "column", "value")
    } == expected


def test_map_has_each_country_and_names_what_has_no_shape() -> None:
    drawn = layers("map")
    expected = {"United States": 900.5, "Germany": 225.0, "South Africa": 9.0, "Lesotho": 4.0}
    assert {name: value for name, value in rows(drawn, "name", "value") if value is not None} == expected
    sentences = " ".join(texts(drawn))
    assert "United States has the most, $900.50, Lesotho the least, $4.00" in sentences
    assert "Not on the map: (unknown) $33.25, Singapore $12.00." in sentences
    shapes = [feature for layer in drawn for feature in layer["data"]["values"] if feature.get("type") == "Feature"]
    shades = {feature["name"]: feature["opacity"] for feature in shapes if "value" in feature}
    assert shades["United States"] == 1 > shades["Germany"] > shades["South Africa"] > shades["Lesotho"] > 0
    names = [feature.get("name") for feature in shapes]
    assert names.index("Lesotho") > names.index("South Africa"), "a country inside another one is drawn after it"
    places = [point for feature in shapes for point in feature["geometry"]["coordinates"][0]]
    assert min(x for x, _ in places) >= PICTURE.margin and max(x for x, _ in places) <= PICTURE.width - PICTURE.margin


def test_every_country_of_the_map_is_in_the_seed() -> None:
    seed = Path(__file__).parents[2] / "dbt_project" / "seeds" / "countries.csv"
    codes = {row["country_code"] for row in csv.DictReader(seed.read_text(encoding="utf-8").splitlines())}
    assert set(world.shapes()) - codes == {""}
    assert all(len(ring) >= 8 and ring[:2] == ring[-2:] for rings in world.shapes().values() for ring in rings)


def test_table_shows_its_rows_to_the_cent_and_a_dash_for_unknown() -> None:
    drawn = texts(layers("table"))
    for text in (*NAMES, "3", "2", "1", "$1,201.50", "$880.00", "–"):
        assert text in drawn


@pytest.mark.parametrize(
    ("rate", "text", "color", "badge"),
    [
        (0.05, "5.0 %", "green", "● good"),
        (0.0501, "5.0 %", "yellow", "▲ watch"),
        (0.1001, "10.0 %", "red", "■ too high"),
    ],
)
def test_figure_has_its_badge_and_the_other_figures(rate: float, text: str, color: str, badge: str) -> None:
    known = contents.content()
    figures = tuple(
        replace(figure, value=rate, badge=color) if figure.metric is REFUND_RATE else figure for figure in known.figures
    )
    data, content = contents.rate(rate), contents.content(figures=figures)
    drawn = list(draw.spec(data, look(content))["layer"])
    assert list(rows(drawn, "text", "value")) == [(text, rate)]
    assert {badge, "good up to 5 %, watch up to 10 %, too high above"} <= set(texts(drawn))
    assert {"Net sales", "$48,213.55", "Orders", "1,204", "ROAS", "unknown"} <= set(texts(drawn))
    assert not ({word for word, _ in shown.BADGES.values()} - {badge}) & set(texts(drawn))


@pytest.mark.parametrize(
    ("case", "sentence"), [("no rows", "No rows in these days."), ("unknown", "The numbers of these days are unknown.")]
)
def test_a_sentence_takes_the_place_of_a_chart_without_numbers(case: str, sentence: str) -> None:
    drawn = layers(case)
    assert sentence in texts(drawn)
    assert not list(rows(drawn, "value"))


def test_a_day_that_is_not_over_is_dotted_and_later_days_are_not_drawn() -> None:
    content = contents.content(as_of=datetime(2026, 11, 20, 16, 0, tzinfo=UTC))
    drawn = list(draw.spec(contents.line(), look(content))["layer"])
    dashes: dict[tuple[float, ...], set[str]] = {}
    for layer in drawn:
        if layer["mark"]["type"] == "line":
            days = {row["day"] for row in layer["data"]["values"]}
            dashes.setdefault(tuple(layer["mark"]["strokeDash"]), set()).update(days)
    assert dashes[marks.DOTTED] == {"2026-11-19", "2026-11-20"}
    assert max(dashes[marks.SOLID]) == "2026-11-19"
    assert max(dashes[marks.DASHED]) == "2026-11-20"
    assert "Not over yet" in texts(drawn)


@pytest.mark.parametrize(
    ("day", "grain", "is_open"),
    [
        (date(2026, 11, 29), "day", False), (date(2026, 11, 30), "day", True),
        (date(2026, 11, 16), "week", False), (date(2026, 11, 23), "week", False), (date(2026, 11, 30), "week", True),
        (date(2026, 10, 1), "month", True), (date(2026, 11, 1), "month", True),
    ],
)  # fmt: skip
def test_a_week_or_month_is_open_until_its_last_day_is_over_or_where_the_range_cuts_it(
    day: date, grain: str, is_open: bool
) -> None:
    content = contents.content(as_of=datetime(2026, 11, 30, 12, tzinfo=UTC))
    assert series.is_open(day, grain, (date(2026, 10, 2), date(2026, 11, 30)), content) is is_open


def test_one_day_has_its_number_beside_it_and_says_that_it_goes_on() -> None:
    whole = contents.content(count=1)
    running = contents.content(count=1, as_of=datetime(2026, 11, 1, 20, 0, tzinfo=UTC))
    data = contents.line((NET_SALES, [Decimal("700.5")]), count=1, before=False)
    assert "$700.50" in texts(draw.spec(data, look(whole))["layer"])
    assert "$700.50 so far" in texts(draw.spec(data, look(running))["layer"])


def test_a_line_breaks_where_a_number_is_unknown_and_a_lone_point_is_a_dot() -> None:
    values = [None if number in (5, 7) else value for number, value in enumerate(wave(30))]
    drawn = list(draw.spec(contents.line((NET_SALES, values), before=False), look(contents.content()))["layer"])
    parts = [[row["day"][-2:] for row in layer["data"]["values"]] for layer in drawn if layer["mark"]["type"] == "line"]
    assert parts == [["01", "02", "03", "04", "05"], [f"{day:02}" for day in range(9, 31)]]
    (dots,) = [layer for layer in drawn if layer["mark"]["type"] == "point"]
    assert [row["day"] for row in dots["data"]["values"]] == ["2026-11-07"]


def test_a_loss_is_drawn_in_its_colour_and_the_first_line_in_the_accent() -> None:
    drawn = layers("two lines")
    theme = colours.theme(BRAND.accent, "light")
    painted = {row["series"]: layer["mark"]["color"] for layer in drawn if layer["mark"]["type"] == "line"
             for row in layer["data"]["values"]}  # fmt: skip
    assert painted["Net sales"] == theme.accent
    assert painted["Refunded"] == theme.bad
    assert painted["Net sales, earlier period"] == theme.earlier


def test_lines_have_dots_of_different_shapes_for_grey_paper() -> None:
    shapes = {
        row["series"]: layer["mark"]["shape"]
        for layer in layers("two lines")
        if layer["mark"]["type"] == "point"
        for row in layer["data"]["values"]
        if "series" in row
    }
    assert shapes == {"Refunded": "square"}, "the first line is the one without dots"
    short = contents.line((NET_SALES, wave(7)), (REFUNDED, wave(7, 90, 0)), count=7, before=False)
    found_in_legend = [
        layer["mark"]["shape"]
        for layer in draw.spec(short, look(contents.content(count=7)))["layer"]
        if layer["mark"]["type"] == "point"
    ]
    assert found_in_legend == ["circle", "square", "circle", "square"]  # in the legend, on the lines


def test_lines_by_group_are_the_five_largest() -> None:
    days = contents.days(2)
    names = [f"channel {number}" for number in range(7)]
    columns: dict[str, Any] = {
        "day": days * 7, "channel": [name for name in names for _ in days], "orders_placed": list(range(14)),
    }  # fmt: skip
    chart = Chart("line", "Orders by channel", ("orders_placed",), ("day", "channel"))
    data = ChartData(chart, contents.table(columns, ORDERS))
    lines = series.series(data, look(contents.content()))
    assert [each.label for each in lines] == names[:1:-1]
    assert lines[0].points == ((days[0], Decimal(12)), (days[1], Decimal(13)))
    assert len({each.color for each in lines}) == len(lines)


def test_metrics_of_two_units_in_one_chart_are_an_error_that_names_the_chart() -> None:
    data = contents.line((NET_SALES, wave(3)), (ORDERS, [1, 2, 3]), before=False, title="Mixed")
    with pytest.raises(CompileError, match=r"Mixed.*different units"):
        draw.spec(data, look(contents.content()))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", SIZES)
def test_every_text_is_inside_its_picture(case: str, size: str) -> None:
    spec = draw.spec(CASES[case][0], look(CASES[case][1], SIZES[size]))
    outside = []
    for layer in spec["layer"]:
        mark = layer["mark"]
        if mark["type"] != "text":
            continue
        for row in layer["data"]["values"]:
            width = min(marks.text_width(row["text"], mark["fontSize"]), row.get("limit") or 10**6)
            start = row["x"] - width * {"left": 0, "center": 0.5, "right": 1}[mark["align"]]
            if start < -1 or start + width > spec["width"] + 1 or not 0 < row["y"] < spec["height"]:
                outside.append((row["text"], start, start + width, row["y"]))
    assert not outside


@pytest.mark.parametrize("case", CASES)
def test_svg_says_what_it_shows_and_is_nothing_but_shapes(case: str) -> None:
    data, content = CASES[case]
    for svg in (draw.svg(data, content, BRAND), f"<g>{draw.inline(data, content, 'c')}</g>"):
        root = parsed(svg)
        pictures = [root] if root.tag == f"{SVG}svg" else list(root)
        for picture in pictures:
            assert picture.get("role") == "img"
            title, desc = picture[0], picture[1]
            assert (title.tag, title.text) == (f"{SVG}title", data.chart.title)
            assert desc.tag == f"{SVG}desc"
            assert desc.text
            assert picture.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
        tags = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert tags <= {"svg", "g", "path", "line", "text", "rect", "title", "desc", "tspan"}
        names = {name for element in root.iter() for name in element.keys()}  # noqa: SIM118
        assert not {name for name in names if name.startswith("on") or name in ("style", "href")}
        inner = [element for picture in pictures for element in picture.iter() if element is not picture]
        assert not [element.attrib for element in inner if element.get("role") or element.get("class")]
    identifiers = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers)) == 4


def test_description_has_first_last_and_largest() -> None:
    days = {"net_sales": [10, 30, 20.5]}
    data = contents.line((NET_SALES, days["net_sales"]), before=False)
    spec = draw.spec(data, look(contents.content(count=3)))
    assert spec["description"] == (
        "By day, 1 – 3 Nov 2026. Net sales: first $10.00 (1 Nov 2026), last $20.50 (3 Nov 2026), "
        "largest $30.00 (2 Nov 2026)."
    )


def test_description_gives_the_earlier_period_no_days_of_this_one() -> None:
    spec = draw.spec(contents.line((NET_SALES, [10, 30, 20])), look(contents.content(count=3)))
    earlier = spec["description"].partition("Earlier period: ")[2]
    assert earlier.startswith("first $")
    assert "2026" not in earlier


def test_hostile_names_are_texts_in_the_picture() -> None:
    names = [name for name in contents.HOSTILE if len(name) < 30]
    for start in (0, 10):  # a chart of products has ten
        part = names[start : start + 10]
        svg = draw.svg(contents.bars(part, range(len(part), 0, -1)), contents.content(), BRAND)
        drawn = [plain(element.text or "") for element in parsed(svg).iter(f"{SVG}text")]
        assert [name for name in part if plain(name) not in drawn] == []


@pytest.mark.parametrize("mode", colours.MODES)
def test_png_has_its_size_and_its_mode(mode: colours.Mode) -> None:
    png = draw.png(*CASES["line"], BRAND, mode=mode)
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert width == 2 * PICTURE.width
    assert height > width / 2
    assert png == draw.png(*CASES["line"], BRAND, mode=mode), "the same report, the same bytes"
    other = draw.png(*CASES["line"], BRAND, mode="dark" if mode == "light" else "light")
    assert png != other


def test_logo_is_in_the_picture_and_nothing_is_fetched() -> None:
    logo = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'
    svg = draw.svg(*CASES["figure"], Brand("Aurora", logo=logo))
    (image,) = parsed(svg).iter(f"{SVG}image")
    assert (image.get("href") or "").startswith("data:image/svg+xml;base64,")
    assert draw.png(*CASES["figure"], Brand("Aurora", logo=logo)) != draw.png(*CASES["figure"], Brand("Aurora"))


def test_pictures_for_a_page_have_no_colour_of_their_own() -> None:
    pictures = draw.inline(*CASES["two lines"], "c") + draw.inline(*CASES["heatmap"], "d")
    drawn = {element.get(name) for element in parsed(f"<g>{pictures}</g>").iter() for name in ("fill", "stroke")}
    assert {value for value in drawn if value and not value.startswith("var(--")} <= {"none", "transparent"}


def test_sheet_has_every_chart_below_the_other_with_its_own_texts() -> None:
    report = contents.content(CASES["two lines"][0], CASES["bars"][0], CASES["figure"][0])
    root = parsed(sheet.svg(report, BRAND))
    pictures = [element for element in root if element.tag == f"{SVG}svg"]
    assert [picture[0].text for picture in pictures] == [data.chart.title for data in report.charts]
    places = [float(picture.get("y") or 0) for picture in pictures]
    heights = [float(picture.get("height") or 0) for picture in pictures]
    assert places == [0, heights[0], heights[0] + heights[1]]
    assert float(root.get("height") or 0) == sum(heights)
    identifiers = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers)) == 6
    png = sheet.png(report, BRAND)
    assert struct.unpack(">II", png[16:24]) == (2 * PICTURE.width, round(2 * sum(heights)))


def test_sheet_of_a_report_without_charts_is_an_empty_picture_with_its_title() -> None:
    root = parsed(sheet.svg(replace(contents.content(), charts=(), title='A "b" <c>'), BRAND))
    assert root.get("aria-label") == 'A "b" <c>'
    assert sheet.png(replace(contents.content(), charts=()), BRAND).startswith(b"\x89PNG")


def test_pictures_drawn_at_the_same_time_are_those_drawn_one_after_the_other() -> None:
    """The web application draws in several threads."""
    drawn = [draw.inline(data, content, "c") for data, content in CASES.values()]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda case: draw.inline(case[0], case[1], "c"), CASES.values())) == drawn
