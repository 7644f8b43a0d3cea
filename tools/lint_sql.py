"""sqruff with its own arguments and results, in a third of the CPU seconds: `python tools/lint_sql.py lint FOLDER`.

By itself it compiles every macro of dbt twice for each model; here a text is compiled once.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

import jinja2
from sqruff import main

_compile = jinja2.Environment.compile
_compiled: dict[tuple[object, ...], CodeType] = {}


def compiled(environment: jinja2.Environment, source: Any, *arguments: Any, **options: Any) -> Any:
    """The code of a template. It depends on its text and on what the environment knows by name, not on its values."""
    names = (frozenset(known) for known in (environment.filters, environment.tests, environment.extensions))
    key = type(environment), source, *names
    if arguments or options or not isinstance(source, str):
        return _compile(environment, source, *arguments, **options)
    if key not in _compiled:
        _compiled[key] = _compile(environment, source)
    return _compiled[key]


if __name__ == "__main__":
    jinja2.Environment.compile = compiled
    main.main()
