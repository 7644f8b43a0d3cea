"""Annotations: a CSV of promotions and events, whose doubtful lines are rejected one by one."""

from __future__ import annotations

from datetime import date

import pytest

from tests.connectors.files.pulling import ANNOTATIONS, Place

ROWS = "select day, until, kind, title from files.annotations order by all"
FAIR = (date(2026, 3, 5), None, "event", "Fair")


def write(place: Place, *lines: str) -> None:
    place.write("annotations.csv", ANNOTATIONS + "".join(f"{line}\n" for line in lines))


def test_annotations_of_one_day_and_of_several_days_are_read(place: Place) -> None:
    write(place, '2026-03-10,2026-03-12,promotion,"Spring, −20 %"', "2026-03-05,,event,Fair")
    place.pull()
    spring = (date(2026, 3, 10), date(2026, 3, 12), "promotion", "Spring, −20 %")
    assert (place.rows(ROWS), place.rejects()) == ([FAIR, spring], [])


def test_file_without_the_column_of_last_days_is_read(place: Place) -> None:
    place.write("annotations.csv", "kind,title,day\nevent,Fair,2026-03-05\n")
    place.pull()
    assert place.rows(ROWS) == [FAIR]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2026-03-12,2026-03-10,promotion,Sale", "until is before day: 2026-03-10"),
        ("2026-03-12,soon,promotion,Sale", "until is not a day such as 2026-11-20: soon"),
        ("12.03.2026,,promotion,Sale", "day is not a day such as 2026-11-20: 12.03.2026"),
        ("2026-03-12,,discount,Sale", "kind is neither promotion nor event: discount"),
        ("2026-03-12,,promotion,", "title is empty"),
        (f"2026-03-12,,promotion,{'S' * 81}", "title is longer than 80 characters: SSSS"),
        ("2026-03-12,promotion,Sale", "3 fields instead of 4"),
        ("2026-03-12,2126-03-10,promotion,Sale", "until is not between the years 2000 and 2099"),
    ],
)
def test_doubtful_annotation_is_rejected_with_its_line_and_reason(place: Place, line: str, why: str) -> None:
    write(place, "2026-03-05,,event,Fair", line)
    assert place.pull()["annotations"].rejected == 1
    [(table, where, reason)] = place.rejects()
    assert (place.rows(ROWS), table, where) == ([FAIR], "annotations", "annotations.csv:3")
    assert why in reason


def test_same_annotation_twice_is_rejected_and_a_removed_line_removes_its_row(place: Place) -> None:
    sale = "2026-03-12,,promotion,Sale"
    write(place, sale, "2026-03-12,2026-03-13,promotion,Sale", "2026-03-05,,event,Fair")
    place.pull()
    assert (place.rows(ROWS), len(place.rejects())) == ([FAIR], 2)
    write(place, sale)
    place.pull()
    assert place.rows(ROWS) == [(date(2026, 3, 12), None, "promotion", "Sale")]
    assert place.rejects() == []
