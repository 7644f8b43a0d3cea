"""Reads the configured exchange rates: a CSV with the columns day, from, to, rate."""

from __future__ import annotations

import csv
import re
from datetime import date
from decimal import Decimal
from typing import Any

from common.errors import ConfigurationError
from common.numbers import decimal
from orchestration.settings import Settings

COLUMNS = ("day", "from", "to", "rate")
DECIMALS = 12
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Rate = tuple[date, str, str, Decimal]
"""(day, from, to, rate)"""


def read_rates(settings: Settings) -> list[Rate]:
    """The configured exchange rates. Raises ConfigurationError that names each broken line."""
    if settings.exchange_rates is None:
        return []
    path = settings.config_path.parent / settings.exchange_rates.file
    rates: dict[tuple[date, str, str], Decimal] = {}
    broken = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
                raise ConfigurationError(
                    f"The exchange rates {path} lack the columns {', '.join(missing)}",
                    next_step=f"Nothing was changed; the first line has to be {','.join(COLUMNS)}",
                )
            if twice := sorted({name for name in COLUMNS if (rows.fieldnames or []).count(name) > 1}):
                raise ConfigurationError(
                    f"The exchange rates {path} name the column {', '.join(twice)} twice in line 1",
                    next_step=f"Nothing was changed; the first line has to be {','.join(COLUMNS)}",
                )
            for row in rows:
                try:
                    key, rate = _rate(row)
                except ValueError as error:
                    broken.append(f"  line {rows.line_num}: {error}")
                    continue
                if rates.setdefault(key, rate) != rate:
                    broken.append(
                        f"  line {rows.line_num}: a second rate of {row['from']} to {row['to']} for {row['day']}"
                    )
    except OSError as error:
        raise ConfigurationError(
            f"The exchange rates {path} cannot be read",
            error.strerror or str(error),
            f"Make the file readable, or change [exchange_rates] in {settings.config_path}",
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(
            f"The exchange rates {path} are not a CSV in UTF-8",
            str(error),
            "Nothing was changed; save the file as CSV in UTF-8",
        ) from None
    if broken:
        more = f"\n  and {len(broken) - 10} more" if len(broken) > 10 else ""
        raise ConfigurationError(
            f"The exchange rates {path} have {len(broken)} broken lines (columns: {', '.join(COLUMNS)}):\n"
            + "\n".join(broken[:10])
            + more,
            next_step="Nothing was changed; correct these lines, then run again",
        )
    return [(*key, rate) for key, rate in rates.items()]


def _rate(row: dict[str | None, Any]) -> tuple[tuple[date, str, str], Decimal]:
    """One line's (day, from, to) and rate. Raises ValueError that says what is wrong with the line."""
    if None in row:  # such as 0,85 for 0.85
        raise ValueError(f"it has {len(row[None])} more fields than the first line has columns")
    day, source, target, text = (row[name] or "" for name in COLUMNS)
    for currency in (source, target):
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
            raise ValueError(f"{currency!r} is not a currency code (such as EUR)")
    rate = decimal(text)
    if not 0 < rate < 10**8:
        raise ValueError(f"{text} is not a rate: it must be above zero and below 100,000,000")
    if rate != round(rate, DECIMALS):
        raise ValueError(f"{text} has more than {DECIMALS} decimal places: round it")
    if not _DAY.fullmatch(day):
        raise ValueError(f"{day[:40]!r} is not a day (such as 2026-11-20)")
    return (date.fromisoformat(day), source, target), rate
