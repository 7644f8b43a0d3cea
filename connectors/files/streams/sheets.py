"""Expenses, balances, annotations and model prices: CSVs that are read whole. A row removed there is removed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.base import Column, Stream, Table
from connectors.contracts import Contract, Field, Kind


@dataclass(frozen=True)
class Sheet:
    """A CSV with a header. `day` is its column of days (months with `months`), `amount` that of money.

    An amount is in the row's currency where the sheet has that column, else in US dollars; with `no_negative` one below
    zero is a mistake. `until` is a column of last days that a row, or the whole file, may leave out. `key` tells rows
    apart; `one_of` says which words a column may hold, `longest` how many characters.
    """

    file: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    day: str
    amount: str | None = None
    no_negative: bool = False
    until: str | None = None
    months: bool = False
    one_of: tuple[tuple[str, tuple[str, ...]], ...] = ()
    longest: tuple[tuple[str, int], ...] = ()

    @property
    def name(self) -> str:
        return self.file.removesuffix(".csv")

    @property
    def contract(self) -> Contract:
        """The same rules as a contract, for a table of a database: its rows have a key of their own."""
        return Contract(self.name, tuple(map(self._field, self.columns)), key=None, check=self._why_the_days_are_wrong)

    def _field(self, name: str) -> Field:
        words, longest = dict(self.one_of).get(name, ()), dict(self.longest).get(name, 500)
        kinds = {self.day: Kind.MONTH if self.months else Kind.DAY, self.until: Kind.DAY, self.amount: Kind.AMOUNT,
                 "currency": Kind.CURRENCY}  # fmt: skip
        kind = kinds.get(name, Kind.WORD if words else Kind.TEXT)
        least = 0 if self.no_negative else -(10**12)
        return Field(name, kind, required=name != self.until, words=words, longest=longest, least=least)

    def _why_the_days_are_wrong(self, values: Mapping[str, str]) -> str | None:
        last = values.get(self.until or "", values[self.day])
        return f"{self.until} is before {self.day}: {last}" if last < values[self.day] else None


def _stream(sheet: Sheet) -> Stream:
    kinds = {sheet.day: "DATE", sheet.until: "DATE", sheet.amount: "MONEY"}
    names = ", ".join(f"{name} VARCHAR" for name in sheet.columns)
    return Stream(
        name=sheet.name,
        query=sheet.file,
        record={
            "kind": "VARCHAR",
            "file": "VARCHAR",
            "line": "VARCHAR",
            "broken": "VARCHAR",
            "row": f"STRUCT({names})",
        },
        tables=(
            Table(
                name=sheet.name,
                key=sheet.key,
                where="r.kind = 'line'",
                slice=sheet.day,
                place=("r.file", "r.line"),
                broken="r.broken",
                columns=tuple(Column(name, kinds.get(name, "VARCHAR"), f"r.row.{name}") for name in sheet.columns),
            ),
        ),
    )


EXPENSES = Sheet(
    file="operating_expenses.csv",
    columns=("month", "category", "cost_kind", "amount", "currency"),
    key=("month", "category", "cost_kind"),
    day="month",
    amount="amount",
    months=True,
    one_of=(("cost_kind", ("fixed", "variable")),),
)
BALANCES = Sheet(
    file="cash_balances.csv",
    columns=("day", "bank_account", "balance", "currency"),
    key=("day", "bank_account"),
    day="day",
    amount="balance",
)
NOTES = Sheet(
    file="annotations.csv",
    columns=("day", "until", "kind", "title"),
    key=("day", "kind", "title"),
    day="day",
    until="until",
    one_of=(("kind", ("promotion", "event")),),
    longest=(("title", 80),),
)
PRICES = Sheet(
    file="model_prices.csv",
    columns=("valid_from", "valid_to", "model", "token_kind", "usd_per_million"),
    key=("valid_from", "model", "token_kind"),
    day="valid_from",
    until="valid_to",
    amount="usd_per_million",
    no_negative=True,
    one_of=(("token_kind", ("input", "cached", "output", "reasoning", "embedding")),),
    longest=(("model", 200),),
)
SHEETS = (EXPENSES, BALANCES, NOTES, PRICES)
OPERATING_EXPENSES, CASH_BALANCES, ANNOTATIONS = _stream(EXPENSES), _stream(BALANCES), _stream(NOTES)
MODEL_PRICES = _stream(PRICES)
