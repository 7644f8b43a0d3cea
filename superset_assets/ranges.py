"""Date ranges of a dashboard in Superset's notation, and the links that set them.

Superset's range "since : until" excludes `until`. Our ranges name the last day that is shown, so one day is added.
Relative ranges are expressions that Superset evaluates at each refresh, by the tenant's today; a range that began
before today ends with yesterday (server/days.py). A fixed range ends on its last day.
"""

from datetime import date, timedelta
from urllib.parse import quote

from common.presets import PRESETS, Days

DATE_FILTER = "NATIVE_FILTER-date_range"
PERIOD_FILTER = "NATIVE_FILTER-period"  # of Home
_TODAY = 'DATETIME("today")'
_END = f"DATEADD({_TODAY}, 1, day)"


def _last(days: int) -> str:
    return f"DATEADD({_TODAY}, -{days}, day) : {_TODAY}"


def _since_first_of(unit: str) -> str:
    return f"DATETRUNC({_TODAY}, {unit}) : {_END}"


RELATIVE = {
    "today": f"{_TODAY} : {_END}",
    "yesterday": f"DATEADD({_TODAY}, -1, day) : {_TODAY}",
    "7d": _last(7),
    "14d": _last(14),
    "30d": _last(30),
    "90d": _last(90),
    "this-month": _since_first_of("month"),
    "last-month": f"DATEADD(DATETRUNC({_TODAY}, month), -1, month) : DATETRUNC({_TODAY}, month)",
    "this-quarter": _since_first_of("quarter"),
    "ytd": _since_first_of("year"),
    "365d": _last(365),
}
"""Each preset as Superset evaluates it."""


def expression(default_range: str | None) -> str:
    """The range that a dashboard opens with. default_range: "YYYY-MM-DD : YYYY-MM-DD", both days shown."""
    if default_range is None:
        return RELATIVE["30d"]
    return _superset(_days(default_range))


def presets(default_range: str | None) -> dict[str, str]:
    """The range of each preset by name: it ends today, or on the last day of the default range."""
    if default_range is None:
        return RELATIVE
    last = _days(default_range)[1]
    return {name: _superset(preset.days(last)) for name, preset in PRESETS.items()}


def preset_links(default_range: str | None) -> str:
    """One Markdown link per preset; a click sets the period of the dashboard."""
    return " ".join(
        f"[{PRESETS[name].label}]({preset_query(value, PRESETS[name].label)})"
        for name, value in presets(default_range).items()
    )


def preset_query(time_range: str, period: str) -> str:
    """The query string (rison) that opens a dashboard on a range, and Home on the period of this name.

    A dashboard ignores the filter that it does not have: one link serves all of them.
    """
    masks = (
        f"({DATE_FILTER}:(extraFormData:(time_range:'{time_range}'),filterState:(value:'{time_range}'),"
        f"id:{DATE_FILTER},ownState:()),"
        f"{PERIOD_FILTER}:(extraFormData:(filters:!((col:period,op:IN,val:!('{period}')))),"
        f"filterState:(label:'{period}',validateStatus:!f,value:!('{period}')),id:{PERIOD_FILTER},ownState:()))"
    )
    return "?native_filters=" + quote(masks, safe="")


def _superset(days: Days) -> str:
    return f"{days[0]} : {days[1] + timedelta(days=1)}"


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
