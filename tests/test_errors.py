"""The error tree: every error of ours has one root, one of four branches, and says what, why and what next."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

from common.errors import ConfigurationError, RetryError, SkipError, StopError, TakingsError

ROOT = Path(__file__).resolve().parents[1]
BRANCHES = {RetryError, ConfigurationError, SkipError, StopError}
ROOMS = ("common", "connectors", "semantic", "superset_assets", "orchestration")


def product_errors() -> set[type[Exception]]:
    """Every public exception class that a module of the product defines."""
    errors: set[type[Exception]] = set()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "server" in path.relative_to(ROOT).parts:  # runs in Superset's environment
                continue
            module = importlib.import_module(
                ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            )
            errors |= {
                item
                for name, item in inspect.getmembers(module, inspect.isclass)
                if issubclass(item, Exception) and item.__module__ == module.__name__ and not name.startswith("_")
            }
    return errors


def test_every_error_of_the_product_belongs_to_exactly_one_branch() -> None:
    errors = product_errors() - {TakingsError, *BRANCHES}
    assert len(errors) > 20
    branches = {error.__qualname__: [branch for branch in BRANCHES if issubclass(error, branch)] for error in errors}
    assert not {name: roots for name, roots in branches.items() if len(roots) != 1}


def test_a_message_joins_what_why_and_the_next_step_into_sentences() -> None:
    error = RetryError("Cannot read orders of shop aurora", "it answered HTTP 503", "Run again later")
    assert str(error) == "Cannot read orders of shop aurora: it answered HTTP 503. Run again later."
    assert (error.what, error.why, error.next_step) == (
        "Cannot read orders of shop aurora",
        "it answered HTTP 503",
        "Run again later",
    )


@pytest.mark.parametrize("message", ["A whole message.", "Is it running?"])
def test_a_complete_message_is_not_changed(message: str) -> None:
    assert str(ConfigurationError(message)) == message
