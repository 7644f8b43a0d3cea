"""Cash in sentences: what is in the bank, whether it grows, how long it lasts, and when income breaks even."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from semantic.catalog import Catalog
from semantic.digest import words
from semantic.digest.words import Tone
from semantic.warehouse import Build

MEAN = "average of the last three full months"
TREND = "by the trend of six months"


@dataclass(frozen=True)
class Month:
    """The newest month of `finance_monthly`; None where a number is not known. Amounts are major units."""

    month: date
    cash_balance: Decimal | None = None
    trailing_burn: Decimal | None = None
    runway_months: Decimal | None = None
    break_even_revenue: Decimal | None = None
    break_even_month: date | None = None


Sentence = tuple[str, str, str, Tone]
"""Label, value, what stands below it, and whether that is good."""


def rows(build: Build) -> Iterator[dict[str, Any]]:
    """The rows of the mart `outlook` for the build's tenant."""
    newest = build.rows(
        f"""SELECT date_month, minor_units, cash_balance_minor, trailing_burn_minor, break_even_revenue_minor,
        runway_months, break_even_month
        FROM marts.finance_monthly WHERE {build.own} ORDER BY date_month DESC LIMIT 1"""
    )
    if not newest:
        return
    first, units, *amounts, runway, last = newest[0]
    cash, burn, income = (None if minor is None or not units else Decimal(minor) / units for minor in amounts)
    month = Month(first, cash, burn, runway, income, last)
    currency = build.currency()
    texts = sentences(month, build.catalog, currency.code if currency else None)
    for position, (label, value, note, tone) in enumerate(texts, start=1):
        notes = {f"{other}_text": note if other == tone else "" for other in ("good", "bad", "neutral")}
        yield {"tenant_id": build.tenant, "position": position, "label": label, "value_text": value, **notes}


def sentences(month: Month, catalog: Catalog, currency: str | None) -> Iterator[Sentence]:
    """The sentences of a month."""

    def money(value: Decimal | None) -> str:
        return words.amount(value, catalog.metric("cash_balance"), currency)

    balances = "add your bank balances" if month.cash_balance is None else "newest balances"
    yield "Cash in the bank", money(month.cash_balance), balances, "neutral"
    burn = month.trailing_burn
    if burn is None:
        yield "Cash per month", "–", "needs your expenses and a full month", "neutral"
    else:
        label = "Cash falls by" if burn > 0 else "Cash grows by"
        yield label, f"{money(abs(burn))} a month", MEAN, "bad" if burn > 0 else "good"
    yield _runway(month)
    yield _break_even(month, money(month.break_even_revenue))


def _runway(month: Month) -> Sentence:
    if month.trailing_burn is not None and month.trailing_burn <= 0:
        return "Cash runs out", "not in sight", "income pays all costs", "good"
    if month.runway_months is None:
        return "Runway", "–", "needs a bank balance and a full month", "neutral"
    return "Runway", f"{month.runway_months:,.1f} months", "until the cash is used up, at this pace", "bad"


def _break_even(month: Month, income: str) -> Sentence:
    if month.break_even_revenue is None:
        return "Break-even", "–", "needs income with a margin, and expenses", "neutral"
    if month.break_even_month is None:
        return "Break-even", "not in sight", f"{income} a month are needed", "bad"
    if month.break_even_month <= month.month:
        return "Break-even", "reached", f"{income} a month are needed", "good"
    return "Break-even", f"{month.break_even_month:%b %Y}", f"{TREND}; {income} a month are needed", "neutral"
