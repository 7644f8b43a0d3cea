"""Integer amounts as the decimal texts that APIs and files have."""

from __future__ import annotations


def decimal_text(minor: int, exponent: int) -> str:
    """Minor units with at least one digit after the point and no other trailing zeros: 4300 cents are 43.0."""
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(exponent + 1, "0")
    if exponent == 0:
        return f"{sign}{digits}.0"
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:].rstrip('0') or '0'}"


def micros_text(micros: int) -> str:
    """Micros without trailing zeros: 12345678 is 12.345678, 12000000 is 12."""
    sign, whole, part = "-" * (micros < 0), abs(micros) // 1_000_000, abs(micros) % 1_000_000
    return f"{sign}{whole}.{part:06d}".rstrip("0").rstrip(".")
