"""CSV files of Superset, as spreadsheets have to read them.

A text may hold a carriage return. pandas does not quote it, so that a program reads what follows as a row of its own,
perhaps as a formula: with a line end of both characters each of the two is quoted. The streaming export writes formulas
as they are.
"""

from functools import partialmethod
from typing import Any

import pandas as pd
from flask import Response

MARK = b"\xef\xbb\xbf"


def with_byte_order_mark(response: Response) -> Response:
    """UTF-8 with a byte order mark, so that Excel reads names correctly (Superset 6.1.0 no longer writes it)."""
    if response.mimetype == "text/csv" and not response.is_streamed and not response.direct_passthrough:
        body = response.get_data()
        if not body.startswith(MARK):
            response.set_data(MARK + body)
    return response


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
