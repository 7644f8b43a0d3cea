"""Shopify's search syntax for a window of a stream's cursor."""

from __future__ import annotations

from datetime import timedelta

from connectors.base import Stream, Window, iso


def conditions(stream: Stream, window: Window) -> list[str]:
    """The conditions that select a window: everything from its start on.

    There is no upper bound. A change after the window's end may come now or with the next window, and a repeat changes
    nothing; with a bound, an object that changes during the request would come in neither its old nor its new state.
    Where the API filters by whole days only, one day more is requested.
    """
    if stream.cursor is None or window.start is None:
        return []
    start = window.start - timedelta(days=1) if stream.whole_days else window.start
    return [f"{stream.cursor}:>='{iso(start)}'"]
