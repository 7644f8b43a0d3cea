"""Operating expenses and cash balances: CSVs that are read whole, without lines that could mean two things."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.contracts.currencies import CURRENCIES
from connectors.errors import ConfigurationError
from tests.connectors.files.pulling import BALANCES, EXPENSES, Place

EXPENSE = "select month, category, cost_kind, amount, currency from files.operating_expenses order by all"
BALANCE = "select day, bank_account, balance, currency from files.cash_balances order by all"
RENT = (date(2026, 3, 1), "Rent", "fixed", Decimal("1234.5"), "EUR")


def expenses(place: Place, *lines: str) -> None:
    place.write("operating_expenses.csv", EXPENSES + "".join(f"{line}\n" for line in lines))


def test_amounts_keep_every_decimal(place: Place) -> None:
    expenses(place, "2026-03-01,Rent,fixed,1234.50,EUR", "2026-03,Packaging,variable,-0.000001,JPY")
    place.write("cash_balances.csv", BALANCES + "2026-02-28,Main,-99999999999.99,KWD\n")
    place.pull()
    assert place.rows(EXPENSE) == [(date(2026, 3, 1), "Packaging", "variable", Decimal("-0.000001"), "JPY"), RENT]
    assert place.rows(BALANCE) == [(date(2026, 2, 28), "Main", Decimal("-99999999999.99"), "KWD")]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffmonth,category,cost_kind,amount,currency\r\n2026-03-01,Rent,fixed,1234.50,EUR\r\n",
        'month,category,cost_kind,amount,currency\n"2026-03-01","Rent","fixed","1234.50","EUR"',
        "currency,amount,cost_kind,category,month\nEUR,1234.5,fixed,Rent,2026-03\n\n,,,,\n",
        " month , category,cost_kind,amount,currency\n 2026-03-01 , Rent,fixed , 1234.50,EUR\n",
    ],
    ids=["byte order mark and CRLF", "quotes", "other order, empty lines", "blanks"],
)
def test_csv_of_common_programs_is_read(place: Place, content: str) -> None:
    place.write("operating_expenses.csv", content)
    place.pull()
    assert (place.rows(EXPENSE), place.rejects()) == ([RENT], [])


def test_csv_value_may_hold_commas_quotes_and_line_ends_without_shifting_line_numbers(place: Place) -> None:
    expenses(place, '2026-03-01,"Tax advice, ""big""\nand small",fixed,1,EUR', "2026-03-01,Rent,fixed,1e3,EUR")
    place.pull()
    assert [row[1] for row in place.rows(EXPENSE)] == ['Tax advice, "big"\nand small']
    assert [where for _, where, _ in place.rejects()] == ["operating_expenses.csv:4"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2026-03-01,Rent,fixed,much,EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,\"1234,50\",EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,\"1,234.50\",EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,1234,50,EUR", "6 fields instead of 5"),
        ("2026-03-01,Rent,fixed,1.234.50,EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,1 234.50,EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,1e3,EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,NaN,EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,inf,EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,1_000,EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,１２.50,EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,1000000000000000000,EUR", "amount is not an amount"),
        ("20260301,Rent,fixed,1,EUR", "month is not a month such as 2026-11"),
        ("２０２６-03,Rent,fixed,1,EUR", "month is not a month such as 2026-11"),
        ("2026-03-01,Rent,fixed,€1234.50,EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,(1234.50),EUR", "amount is not an amount"),
        ("2026-03-01,Rent,fixed,1234.5678901,EUR", "amount has more than 6 decimals: 1234.5678901"),
        ("2026-03-01,Rent,fixed,,EUR", "amount is empty"),
        ("2026-03-01,Rent,fixed,1234.50,", "currency is empty"),
        ("2026-03-01,Rent,fixed,1234.50,EURO", "currency is not known: EURO"),
        ("2026-03-01,Rent,fixed,1234.50,eur", "currency is not known: eur"),
        ("2026-03-01,Rent,semi,1234.50,EUR", "cost_kind is neither fixed nor variable: semi"),
        ("2026-03-02,Rent,fixed,1234.50,EUR", "month is not the first of a month"),
        ("03/01/2026,Rent,fixed,1234.50,EUR", "month is not a month such as 2026-11"),
        ("2026-13-01,Rent,fixed,1234.50,EUR", "month is not a month such as 2026-11"),
        ("20260-03-01,Rent,fixed,1234.50,EUR", "month is not a month such as 2026-11"),
        ("0206-03-01,Rent,fixed,1234.50,EUR", "month is not between the years 2000 and 2099"),
        ("2026-03-01,Rent", "2 fields instead of 5"),
    ],
)  # fmt: skip
def test_doubtful_csv_line_is_rejected_with_its_reason(place: Place, line: str, why: str) -> None:
    expenses(place, "2026-03-01,Salaries,fixed,9,EUR", line, "2026-04-01,Rent,fixed,8,EUR")
    assert place.pull()["operating_expenses"].rejected == 1
    assert [row[1] for row in place.rows(EXPENSE)] == ["Salaries", "Rent"]
    [(table, where, reason)] = place.rejects()
    assert (table, where) == ("operating_expenses", "operating_expenses.csv:3")
    assert why in reason


def test_two_csv_rows_with_one_key_are_both_rejected(place: Place) -> None:
    expenses(
        place, "2026-03-01,Rent,fixed,1234.50,EUR", "2026-03-01,Rent,variable,5,EUR", "2026-03,Rent,fixed,1000,EUR"
    )
    place.write("cash_balances.csv", BALANCES + "2026-03-01,Main,1,EUR\n2026-03-01,Main,1,USD\n2026-03-01,Till,2,EUR\n")
    pulled = place.pull()
    assert (pulled["operating_expenses"].rejected, pulled["cash_balances"].rejected) == (2, 2)
    assert place.rows(EXPENSE) == [(date(2026, 3, 1), "Rent", "variable", Decimal(5), "EUR")]
    assert place.rows(BALANCE) == [(date(2026, 3, 1), "Till", Decimal(2), "EUR")]
    assert {where for _, where, _ in place.rejects()} == {
        "operating_expenses.csv:2",
        "operating_expenses.csv:4",
        "cash_balances.csv:2",
        "cash_balances.csv:3",
    }


def test_unclosed_quote_rejects_the_rest_of_the_csv(place: Place) -> None:
    expenses(
        place, "2026-03-01,Rent,fixed,1234.50,EUR", '2026-03-01,"Salaries,fixed,1,EUR', "2026-03,Other,fixed,2,EUR"
    )
    place.pull()
    assert place.rows(EXPENSE) == [RENT]
    assert [where for _, where, _ in place.rejects()] == ["operating_expenses.csv:3"]


def test_csv_rows_removed_or_changed_in_the_file_are_removed_or_changed(place: Place) -> None:
    expenses(place, "2026-01-01,Rent,fixed,1,EUR", "2026-02-01,Rent,fixed,2,EUR", "2026-03-01,Rent,fixed,3,EUR")
    place.pull()
    expenses(place, "2026-02-01,Rent,fixed,22,EUR")
    assert place.pull("second")["operating_expenses"].changed > 0
    assert place.rows(EXPENSE) == [(date(2026, 2, 1), "Rent", "fixed", Decimal(22), "EUR")]
    expenses(place)
    place.pull()
    assert place.rows(EXPENSE) == []


def test_repaired_csv_line_is_no_longer_rejected(place: Place) -> None:
    expenses(place, "2026-03-01,Rent,fixed,much,EUR")
    place.pull()
    assert len(place.rejects()) == 1
    expenses(place, "2026-03-01,Rent,fixed,1234.50,EUR")
    place.pull()
    assert (place.rows(EXPENSE), place.rejects()) == ([RENT], [])
    expenses(place, "2026-03-01,Rent,fixed,much,EUR")
    place.pull()
    assert (place.rows(EXPENSE), len(place.rejects())) == ([], 1)
    expenses(place)
    place.pull()
    assert place.rejects() == []


def test_rows_of_a_missing_csv_stay_with_a_warning(place: Place) -> None:
    expenses(place, "2026-03-01,Rent,fixed,1234.50,EUR")
    assert place.pull()["operating_expenses"].warnings == ()
    (place.folder / "operating_expenses.csv").unlink()
    [warning] = place.pull()["operating_expenses"].warnings
    assert "operating_expenses.csv is gone" in warning
    assert place.rows(EXPENSE) == [RENT]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("operating_expenses.csv", "month,category,amount,currency\n", "lacks cost_kind"),
        ("operating_expenses.csv", "month;category;cost_kind;amount;currency\n", "lacks amount, category"),
        ("operating_expenses.csv", EXPENSES.replace("\n", ",note\n"), "has the unknown 'note'"),
        ("operating_expenses.csv", EXPENSES.replace("\n", ",month\n"), "names a column twice"),
        ("operating_expenses.csv", "", "lacks amount, category"),
        ("cash_balances.csv", EXPENSES, "lacks balance, bank_account, day and has the unknown 'amount'"),
    ],
)
def test_csv_with_other_columns_stops_the_pull_before_anything_is_read(
    place: Place, name: str, content: str, why: str
) -> None:
    place.write(name, content)
    place.write("events/a.jsonl", '{"event_id": "e1", "occurred_at": "2026-03-01T12:00:00Z", "event_name": "a"}\n')
    with pytest.raises(ConfigurationError, match=why) as caught:
        place.pull()
    assert name in str(caught.value)
    assert "It has to be" in str(caught.value)
    assert place.rows("select * from takings.cursors") == []


def test_csv_in_another_encoding_is_named(place: Place) -> None:
    place.write("operating_expenses.csv", (EXPENSES + "2026-03-01,Büro,fixed,1,EUR\n").encode("latin-1"))
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        place.pull()


def test_mistakes_of_both_csv_files_are_named_at_once(place: Place) -> None:
    place.write("operating_expenses.csv", "a,b\n")
    place.write("cash_balances.csv", "a,b\n")
    with pytest.raises(ConfigurationError, match=r"(?s)operating_expenses.*cash_balances"):
        place.pull()


def test_currencies_are_those_whose_minor_units_the_marts_know() -> None:
    seed = Path(__file__).resolve().parents[3] / "dbt_project/seeds/currencies.csv"
    assert {line.split(",")[0] for line in seed.read_text().splitlines()[1:]} == CURRENCIES
