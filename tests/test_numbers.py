"""Numbers in texts are read by one strict reader."""

from __future__ import annotations

from decimal import Decimal

import pytest

from common.numbers import decimal, whole


@pytest.mark.parametrize("text", ["1_000", "nan", "inf", "-Infinity", "１２", "٣", "1,5", "", " 1", "1\n", ".5", "0x1"])
def test_text_that_is_not_plainly_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        decimal(text)
    with pytest.raises(ValueError, match="is not a whole number"):
        whole(text)


def test_numbers_are_read_to_the_last_digit() -> None:
    assert (decimal("-0012.3400"), decimal("6.1E-05"), whole("+42")) == (Decimal("-12.34"), Decimal("0.000061"), 42)
    with pytest.raises(ValueError, match="is not a number"):
        decimal("1e3", exponent=False)
