"""The corrections of Superset's built scripts: each is made, in the release that the lock names."""

import importlib.util
from types import ModuleType

import pytest

from superset_assets.process import DEFAULT_PYTHON, SERVER

ASSETS = "lib/python3*/site-packages/superset/static/assets/*.js"
EXPECTED = {
    "sign and symbol": 4,
    "cents": 2,
    "format of a pivot table": 1,
    "currency of a waterfall": 1,
    "labels of a waterfall": 1,
    "label of a row of a pivot table": 1,
    "value of a clicked bar": 1,
    "value of a bar in its menu": 1,
    "clicked bar": 1,
    "click without effect": 1,
    "range of a shade": 1,
    "filter bar": 1,
    "words of a point": 1,
    "labels of months": 1,
    "name of a part of a line": 1,
    "legend of lines that have points": 1,
    "an earlier period is dashed": 1,
    "parts of a line": 1,
    "marks of annotations": 1,
    "room for annotations": 1,
    "words of annotations": 1,
}


@pytest.fixture(scope="module")
def front_end() -> ModuleType:
    """The module of Superset's environment, which needs nothing of it to be read."""
    spec = importlib.util.spec_from_file_location("front_end", SERVER / "front_end.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_correction_is_made_in_the_scripts_of_the_locked_release(front_end: ModuleType) -> None:
    if not DEFAULT_PYTHON.exists():
        pytest.skip(f"no {DEFAULT_PYTHON}: `make test` makes Superset's environment")
    counts = dict.fromkeys(front_end.CORRECTIONS, 0)
    for path in DEFAULT_PYTHON.parents[1].glob(ASSETS):
        for name, count in front_end.correct(path.read_text("utf-8"))[1].items():
            counts[name] += count
    assert counts == EXPECTED


def test_script_without_such_places_is_served_as_it_is(front_end: ModuleType) -> None:
    script = 'let a=(e)=>`${e}`,o=Math.max(1,2);return"$ −16,095"'
    assert front_end.correct(script) == (script, dict.fromkeys(EXPECTED, 0))
