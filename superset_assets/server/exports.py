"""CSV files of Superset, as spreadsheets have to read them, named by chart and range.

A text may hold a carriage return. pandas does not quote it, so that a program reads what follows as a row of its own,
perhaps as a formula: with a line end of both characters each of the two is quoted. The streaming export writes formulas
as they are.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from functools import partialmethod
from typing import Any

import days
import pandas as pd
from flask import Response, g, request

MARK = b"\xef\xbb\xbf"
FILES = {"text/csv": "csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx"}
"""The endings of file names by media type."""


def with_byte_order_mark(response: Response) -> Response:
    """UTF-8 with a byte order mark, so that Excel reads names correctly (Superset 6.1.0 no longer writes it)."""
    if response.mimetype == "text/csv" and not response.is_streamed and not response.direct_passthrough:
        body = response.get_data()
        if not body.startswith(MARK):
            response.set_data(MARK + body)
    return response


def named_by_chart_and_range(calendars: days.Calendars) -> Callable[[Response], Response]:
    """A chart's file is called `<chart>-<first day>-<last day>.csv`; Superset calls it by the time of the export."""

    def named(response: Response) -> Response:
        if response.mimetype in FILES and request.path.startswith("/api/v1/chart/"):
            with suppress(KeyError, TypeError, ValueError):  # a request of another form keeps Superset's name
                form = request.get_json() if request.is_json else json.loads(request.form["form_data"])
                query = form["queries"][0]
                name = "-".join([_title(form), *_days(query, calendars.of_query(query))])
                response.headers["Content-Disposition"] = f'attachment; filename="{name}.{FILES[response.mimetype]}"'
        return response

    return named


def _title(form: dict[str, Any]) -> str:
    """The chart's title in lower case, its words joined by hyphens.

    Raises KeyError for a chart without one, and for one that another user made: its title is theirs.
    """
    from superset import db  # noqa: PLC0415 (Superset imports this module)
    from superset.models.slice import Slice  # noqa: PLC0415

    chart = db.session.get(Slice, int((form.get("form_data") or {})["slice_id"]))
    is_shown = chart and (chart.certified_by or g.user in chart.owners)
    words = re.findall(r"[a-z0-9]+", chart.slice_name.lower()) if is_shown else []
    if not words:
        raise KeyError("slice_name")
    return "-".join(words)


def _days(query: dict[str, Any], today: date) -> list[str]:
    """The first and the last day of the query's range, none where it has no such end. Superset excludes the last."""
    shown = days.resolve(days.time_range(query) or "No filter", today)
    ends = [shown.since, shown.until - timedelta(microseconds=1) if shown.until else None]
    return [f"{end:%Y-%m-%d}" for end in ends if end]


class _Escaping:
    """A csv.writer that escapes formulas as Superset's other exports do."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def writerow(self, row: Any) -> None:
        from superset.utils.csv import escape_value  # noqa: PLC0415 (Superset imports this module)

        self._writer.writerow([escape_value(value) if isinstance(value, str) else value for value in row])


def correct_writers() -> None:
    """Change the writers of pandas and of the streaming export, once for this process."""
    from superset.commands.streaming_export.base import BaseStreamingCSVExportCommand as Streaming  # noqa: PLC0415

    pd.DataFrame.to_csv = partialmethod(pd.DataFrame.to_csv, lineterminator="\r\n")
    rows = Streaming._process_rows
    Streaming._process_rows = lambda self, result, writer, *rest: rows(self, result, _Escaping(writer), *rest)
