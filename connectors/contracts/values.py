"""One value of a field: the text that is loaded of it, or why it cannot be loaded.

A text that is loaded has one form whatever it was written as: an instant is in UTC, a cost is a whole number of micros.
No number goes through a float. A value that can be read in two ways is a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from common.numbers import decimal
from connectors.base import iso
from connectors.contracts.currencies import CURRENCIES
from connectors.contracts.fields import Field, Kind
from connectors.errors import SkipError

YEARS = range(2000, 2100)
TOLERANCE = timedelta(hours=1)  # how far a time may lie after now: clocks differ
NO_ID = frozenset({"null", "none", "undefined", "nan", "[object object]"})
"""What programs write where they have no id, in lower case."""
FLAGS = {"true": "true", "false": "false"}
SHOWN = 40  # characters of a value in a reason
DECIMALS_OF_MONEY = 6
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})? ?(?P<zone>Z|[+-]\d\d(:?\d\d)?)?", re.ASCII | re.IGNORECASE
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_WHOLE_FLOAT = re.compile(r"(-?[0-9]{1,18})\.0+")


class ValueMistakeError(SkipError):
    """Why a value cannot be loaded: the record is left out. `again_at`: it may be right at that time."""

    def __init__(self, reason: str, again_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.again_at = again_at


def written(field: Field, value: Any) -> str:
    """A value as text. Raises ValueMistakeError for a list, an object, or a value of another type."""
    if isinstance(value, bool):
        if field.kind is not Kind.FLAG:
            raise ValueMistakeError(f"{field.name} is not {EXPECTED[field.kind]}: {str(value).lower()}")
        return str(value).lower()
    if isinstance(value, str | int | Decimal):
        return str(value)
    raise ValueMistakeError(f"{field.name} is not {EXPECTED[field.kind]}: it is an object or a list")


class Clock:
    """The time now (UTC), and the zone of times without one. Offsets are remembered by the hour."""

    def __init__(self, zone: tzinfo, now: datetime) -> None:
        self.zone, self.now, self.latest = zone, now, (now + TOLERANCE).astimezone(UTC).replace(tzinfo=None)
        self._offsets: dict[tuple[int, int, int, int], timedelta | None] = {}

    def utc(self, at: datetime) -> datetime:
        """A time as UTC without a zone; a local time that comes twice or not at all is the later one of two."""
        if at.tzinfo is not None:
            return at.replace(tzinfo=None) if at.tzinfo is UTC else at.astimezone(UTC).replace(tzinfo=None)
        hour = (at.year, at.month, at.day, at.hour)
        if hour not in self._offsets:
            first, last = at.replace(minute=0, second=0, microsecond=0), at.replace(minute=59, second=59)
            offsets = {self._offset(one, fold) for one in (first, last) for fold in (0, 1)}
            self._offsets[hour] = offsets.pop() if len(offsets) == 1 else None
        offset = self._offsets[hour]
        if offset is None:  # the clock is changed in this hour
            offset = min(self._offset(at, fold) for fold in (0, 1))
        return at - offset

    def _offset(self, at: datetime, fold: int) -> timedelta:
        return at.replace(tzinfo=self.zone, fold=fold).utcoffset() or timedelta(0)


def instant(field: Field, text: str, clock: Clock) -> str:
    """A time in UTC. One without a zone is a local time of the clock's zone.

    A local time that comes twice (summer time ends) is the second one; one that does not exist (summer time begins) is
    as much later as the clock was moved. So do DuckDB and PostgreSQL.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise _mistake(field, text)
    try:
        at = datetime.fromisoformat(f"{match[1]}T{match[2]}{(match[3] or '')[:7]}{(match['zone'] or '').upper()}")
    except ValueError:
        raise ValueMistakeError(f"{field.name} does not exist: {shown(text)}") from None
    _check_year(field, at.year, text)
    at = clock.utc(at)
    if at > clock.latest:
        reason = f"{field.name} lies in the future: {shown(text)}, and the clock says {iso(clock.now)}"
        raise ValueMistakeError(reason, again_at=at.replace(tzinfo=UTC) - TOLERANCE)
    return at.isoformat() + "Z"


def an_id(field: Field, text: str) -> str:
    """An id; a data frame's 6000042.0 is 6000042."""
    whole = _WHOLE_FLOAT.fullmatch(text)
    return a_text(field, whole[1] if whole else text)


def a_text(field: Field, text: str) -> str:
    """A text; a NUL, which no database keeps, is replaced with U+FFFD."""
    if len(text) > field.longest:
        raise ValueMistakeError(f"{field.name} is longer than {field.longest} characters: {shown(text)}")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def word(field: Field, text: str) -> str:
    """One of the field's words, in lower case."""
    if text.lower() in field.words:
        return text.lower()
    raise ValueMistakeError(f"{field.name} is neither {' nor '.join(field.words)}: {shown(text)}")


def country(field: Field, text: str) -> str:
    """A country's code of two letters (ISO 3166), in capitals."""
    if _COUNTRY.fullmatch(text):
        return text.upper()
    raise _mistake(field, text)


def flag(field: Field, text: str) -> str:
    if text.lower() in FLAGS:
        return FLAGS[text.lower()]
    raise _mistake(field, text)


def count(field: Field, text: str) -> str:
    """A whole number; a data frame's 812.0 is 812."""
    number = _number(field, text)
    if number != number.to_integral_value():
        raise _mistake(field, text)
    return str(int(number))


def rounded(digits: int) -> Callable[[Field, str], str]:
    """A reader of a number that is rounded, halves up, to whole parts of 10**-digits."""

    def read(field: Field, text: str) -> str:
        return str(int(_number(field, text).scaleb(digits).to_integral_value(ROUND_HALF_UP)))

    return read


def usd(field: Field, text: str) -> str:
    """An amount of at most six decimals."""
    number = _number(field, text).normalize()
    if -int(number.as_tuple().exponent) > DECIMALS_OF_MONEY:
        raise ValueMistakeError(f"{field.name} has more than {DECIMALS_OF_MONEY} decimals: {shown(text)}")
    return f"{number:f}"


def currency(field: Field, text: str) -> str:
    """A currency's code of three letters (ISO 4217), in capitals."""
    if text.upper() in CURRENCIES:
        return text.upper()
    raise _mistake(field, text)


def day(field: Field, text: str) -> str:
    """A day of the calendar."""
    if not _DAY.fullmatch(text):
        raise _mistake(field, text)
    try:
        written = date.fromisoformat(text)
    except ValueError:
        raise ValueMistakeError(f"{field.name} does not exist: {shown(text)}") from None
    _check_year(field, written.year, text)
    return text


def month(field: Field, text: str) -> str:
    """A month of the calendar, as its first day."""
    whole = f"{text}-01" if _MONTH.fullmatch(text) else text
    if not _DAY.fullmatch(whole) or not whole.endswith("-01"):
        raise _mistake(field, text)
    return day(field, whole)


def a_decimal(field: Field, text: str) -> str:
    """A number of at most 12 decimals."""
    return f"{_number(field, text).quantize(Decimal(10) ** -12).normalize():f}"


def shown(text: str) -> str:
    """The beginning of a value, for a reason."""
    return text[:SHOWN]


def _check_year(field: Field, year: int, text: str) -> None:
    if year not in YEARS:
        raise ValueMistakeError(f"{field.name} is not between the years {YEARS[0]} and {YEARS[-1]}: {shown(text)}")


def _number(field: Field, text: str) -> Decimal:
    try:
        number = decimal(text)
    except ValueError:
        raise _mistake(field, text) from None
    if not field.least <= number <= field.most:
        raise ValueMistakeError(f"{field.name} is not between {field.least} and {field.most}: {shown(text)}")
    return number


def _mistake(field: Field, text: str) -> ValueMistakeError:
    return ValueMistakeError(f"{field.name} is not {EXPECTED[field.kind]}: {shown(text)}")


EXPECTED = {
    Kind.ID: "an id (a text or a whole number)",
    Kind.TEXT: "a text",
    Kind.WORD: "a text",
    Kind.COUNTRY: "a country's code of two letters such as US",
    Kind.FLAG: "true or false",
    Kind.INSTANT: "a time such as 2026-11-20T16:50:00Z",
    Kind.COUNT: "a whole number",
    Kind.MILLISECONDS: "a number of milliseconds",
    Kind.SECONDS: "a number of seconds such as 1.23",
    Kind.USD: "an amount such as 1234.50, with a point and no other separator",
    Kind.COST: "an amount such as 0.0123, with a point and no other separator",
    Kind.DECIMAL: "a number such as 0.7",
    Kind.AMOUNT: "an amount such as 1234.50, with a point and no other separator",
    Kind.CURRENCY: "a currency's code of three letters such as USD",
    Kind.DAY: "a day such as 2026-11-20",
    Kind.MONTH: "a month such as 2026-11",
}
READERS: dict[Kind, Callable[[Field, str], str]] = {
    Kind.ID: an_id,
    Kind.TEXT: a_text,
    Kind.WORD: word,
    Kind.COUNTRY: country,
    Kind.FLAG: flag,
    Kind.COUNT: count,
    Kind.MILLISECONDS: rounded(0),
    Kind.SECONDS: rounded(6),
    Kind.USD: usd,
    Kind.COST: rounded(6),
    Kind.DECIMAL: a_decimal,
    Kind.AMOUNT: usd,
    Kind.CURRENCY: currency,
    Kind.DAY: day,
    Kind.MONTH: month,
}
