"""What can go wrong when somebody asks for a number. The branches are those of common/errors.py."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from common.errors import ConfigurationError


class SemanticError(ConfigurationError):
    """The base of this package's errors: change the question or the definitions, then ask again."""


class CatalogError(SemanticError):
    """The definitions of the metrics cannot be read."""


class ReleaseError(CatalogError):
    """The published definitions are of another release of Takings than the running program, which cannot read them."""


class CompileError(SemanticError):
    """The metric is not one expression over one mart, or must not be added up as asked."""


class UnknownNameError(SemanticError):
    """A metric, dimension, report or format does not exist; the message has similar names."""

    def __init__(self, kind: str, name: str, known: Iterable[str], why: str | None = None) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        advice = f"Did you mean {' or '.join(near)}" if near else f"Choose from: {', '.join(names) or 'none'}"
        super().__init__(f"Unknown {kind} {name!r}", why or f"no {kind} has this name", advice)
        self.kind, self.name, self.near = kind, name, near


class ReportError(SemanticError):
    """The declaration of a report is wrong; the message names file and line of each mistake."""


class UnknownTenantError(SemanticError):
    """The build has no such tenant, or it has several and none is named."""


class NoBuildError(SemanticError):
    """Nothing has been published yet, or the published build cannot be opened."""


class UnreachableError(SemanticError):
    """The database that holds the published build does not answer, or refuses the login."""


class RangeError(SemanticError):
    """The dates are not a range."""


class NoDataError(SemanticError):
    """The tenant has no rows, so its currency is unknown."""


class WriteError(SemanticError):
    """A file could not be written; no part of it is left."""


class TooManyRowsError(SemanticError):
    """An answer is longer than its reader takes."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The answer has more than {most:,} rows",
            "it would not be complete, and a part of it would look like the whole",
            "Ask for fewer days, a longer period, fewer dimensions or a filter; or for the first rows (order, limit)",
        )


class MissingExtraError(SemanticError):
    """A package that only an extra brings is not installed."""

    def __init__(self, extra: str, why: str) -> None:
        super().__init__(
            f"{extra} is not installed",
            why,
            f"Install the extra: tools/uv pip install --python .venv/bin/python '.[{extra}]'",
        )
