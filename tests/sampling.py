"""Which parameters of a list `make test` runs; the others run in `make test-deep`. Rule: docs/develop/tests.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def sample(every: Iterable[Any], *chosen: Any) -> list[Any]:
    """All of `every` as parameters of one name: `chosen` as they are, the others with the mark `deep`."""
    values = list(every)
    missing = [value for value in chosen if value not in values]
    assert not missing, f"{missing} is not in {values}"
    return [pytest.param(value, marks=[] if value in chosen else pytest.mark.deep) for value in values]


def sample_of_sets(every: Iterable[tuple[Any, ...]], *chosen: tuple[Any, ...]) -> list[Any]:
    """The same for parameters of several names."""
    return [pytest.param(*param.values[0], marks=param.marks) for param in sample(every, *chosen)]
