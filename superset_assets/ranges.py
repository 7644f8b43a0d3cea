"""Date ranges of a dashboard in Superset's notation, and the links that set them.

Superset's range "since : until" excludes `until`. Our ranges name the last day that is shown, so one day is added.
Relative ranges are expressions that Superset evaluates at each refresh: they are always up to date.
"""

from datetime import date, timedelta
from urllib.parse import quote

from common.presets import PRESETS, first_day

DATE_FILTER = "NATIVE_FILTER-date_range"
DEFAULT_DAYS = 30
_END = 'DATEADD(DATETIME("today"), 1, day)'


def expression(default_range: str | None) -> str:
    """The range that a dashboard opens with. default_range: "YYYY-MM-DD : YYYY-MM-DD", both days shown."""
    if default_range is None:
        return _relative(DEFAULT_DAYS)
    first, last = _days(default_range)
    return f"{first} : {last + timedelta(days=1)}"


def presets(default_range: str | None) -> dict[str, str]:
    """The range of each preset by name: it ends today, or on the last day of the default range."""
    if default_range is None:
        return {name: _relative(days) for name, days in PRESETS.items()}
    last = _days(default_range)[1]
    return {name: f"{first_day(days, last)} : {last + timedelta(days=1)}" for name, days in PRESETS.items()}


def preset_links(default_range: str | None) -> str:
    """One Markdown link per preset; a click sets the date filter of the dashboard."""
    return " ".join(f"[{name}]({preset_query(value)})" for name, value in presets(default_range).items())


def preset_query(time_range: str) -> str:
    """The query string (rison) that opens a dashboard with its date filter set to `time_range`."""
    mask = (
        f"({DATE_FILTER}:(extraFormData:(time_range:'{time_range}'),filterState:(value:'{time_range}'),"
        f"id:{DATE_FILTER},ownState:()))"
    )
    return "?native_filters=" + quote(mask, safe="")


def _relative(days: int | None) -> str:
    if days is None:
        return f'DATETRUNC(DATETIME("today"), year) : {_END}'
    return f'DATEADD(DATETIME("today"), -{days - 1}, day) : {_END}'


def _days(text: str) -> tuple[date, date]:
    parts = [part.strip() for part in text.split(" : ")]
    try:
        first, last = (date.fromisoformat(part) for part in parts)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not a date range: two days are expected, first and last. Write it as YYYY-MM-DD : YYYY-MM-DD."
        ) from error
    if first > last:
        raise ValueError(f"The date range {text!r} ends before it begins. Swap its two days.")
    return first, last
