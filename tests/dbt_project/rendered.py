"""The SQL of the dbt project as each engine gets it, rendered without dbt, without its adapters and without a server.

    engine = Engine("postgres")
    engine.sql(path)     the text of a model or test

Macros call each other by name; `adapter.dispatch` takes the form of the engine, else `default__`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

DBT = Path(__file__).parents[2] / "dbt_project"
ENGINES = ("duckdb", "postgres", "spark")
_BLOCK = re.compile(r"\{% (macro|test) (\w+)(\(.*?\)) -?%\}(.*?)\{%-? end\1 %\}", re.DOTALL)


class _ReturnError(Exception):
    """Ends a macro with a value, as dbt's `return` does."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Engine:
    """Renders what dbt would send to this engine: `duckdb`, `postgres` or `spark`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._jinja = jinja2.Environment(
            autoescape=jinja2.select_autoescape(default_for_string=False),
            undefined=jinja2.StrictUndefined,
            extensions=["jinja2.ext.do"],
        )
        self._jinja.globals |= {
            "ref": lambda model: model,
            "source": lambda schema, table: f"{schema}_{table}",
            "config": lambda **settings: "",
            "env_var": lambda variable, default: default,
            "execute": False,
            "adapter": self,
            "return": self._return,
        }
        for path in sorted([*(DBT / "macros").glob("*.sql"), *(DBT / "tests" / "generic").glob("*.sql")]):
            for _, macro, parameters, body in _BLOCK.findall(path.read_text(encoding="utf-8")):
                self._jinja.globals[macro] = self._macro(macro, parameters, body)

    @staticmethod
    def _return(value: Any) -> None:
        raise _ReturnError(value)

    def _macro(self, name: str, parameters: str, body: str) -> Callable[..., Any]:
        template = self._jinja.from_string(f"{{% macro {name}{parameters} -%}}{body}{{%- endmacro %}}")

        def call(*positional: Any, **named: Any) -> Any:
            try:
                return getattr(template.module, name)(*positional, **named)
            except _ReturnError as returned:
                return returned.value

        return call

    def dispatch(self, name: str) -> Any:
        """The engine's form of a macro, as dbt's `adapter.dispatch` finds it. Raises KeyError where there is none."""
        form = f"{self.name}__{name}"
        return self._jinja.globals[form if form in self._jinja.globals else f"default__{name}"]

    def sql(self, path: Path) -> str:
        """The text of a model or a test."""
        return self._jinja.from_string(path.read_text(encoding="utf-8")).render()

    def call(self, macro: str, *positional: Any) -> str:
        """What one macro writes."""
        return str(self._jinja.globals[macro](*positional))
