"""What Superset's processes know together: each test asks from two processes."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

MODULE = Path(__file__).resolve().parents[2] / "superset_assets" / "server" / "shared.py"
OTHER = """
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("shared", sys.argv[1])
shared = importlib.util.module_from_spec(spec)
spec.loader.exec_module(shared)
shared.prepare(pathlib.Path(sys.argv[2]))
print({expression})
"""


@pytest.fixture
def shared(tmp_path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("shared", MODULE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.prepare(tmp_path / "shared")
    return module


def in_another_process(tmp_path: Path, expression: str) -> str:
    """What another process prints of the same folder."""
    command = [sys.executable, "-I", "-c", OTHER.format(expression=expression), str(MODULE), str(tmp_path / "shared")]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_queries_of_a_login_are_counted_in_all_processes_and_end_with_theirs(
    shared: ModuleType, tmp_path: Path
) -> None:
    slots = [shared.begin_query("anna", 3) for _ in range(2)]
    assert in_another_process(tmp_path, '[bool(shared.begin_query("anna", 3)) for _ in range(2)]') == "[True, False]"
    assert in_another_process(tmp_path, 'bool(shared.begin_query("ben", 1))') == "True"
    slots.append(shared.begin_query("anna", 3))  # the other process has ended, and its query with it
    assert None not in slots
    assert shared.begin_query("anna", 3) is None
    for slot in slots:
        shared.os.close(slot)
    assert in_another_process(tmp_path, 'bool(shared.begin_query("anna", 1))') == "True"


def test_attempts_are_counted_in_all_processes_until_one_forgets_them(shared: ModuleType, tmp_path: Path) -> None:
    assert all(shared.attempt("anna", 2, 300) for _ in range(2))
    assert in_another_process(tmp_path, '[shared.attempt(name, 2, 300) for name in ("anna", "ben")]') == "[False, True]"
    shared.forget_attempts("anna")
    assert in_another_process(tmp_path, 'shared.attempt("anna", 2, 300)') == "True"
    assert shared.attempt("ben", 1, 0.0), "those of before are over"


def test_change_of_a_role_is_seen_by_every_process(shared: ModuleType, tmp_path: Path) -> None:
    before = shared.rights_version()
    in_another_process(tmp_path, "shared.rights_changed()")
    assert shared.rights_version() > before


def test_questions_of_every_process_are_asked_again_the_newest_first(shared: ModuleType, tmp_path: Path) -> None:
    shared.remember_question("a", 1, b"first", 2)
    in_another_process(tmp_path, 'shared.remember_question("b", 2, b"second", 2)')
    assert shared.questions(since=0.0) == [(2, b"second"), (1, b"first")]
    shared.remember_question("c", 1, b"third", 2)
    assert shared.questions(since=0.0) == [(1, b"third"), (2, b"second")]
