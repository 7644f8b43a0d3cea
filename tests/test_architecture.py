"""The house as docs/explanation and the README draw it: who may import whom, who reads the environment, how long.

Each failure says where the misplaced line belongs.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("common", "connectors", "simulator", "semantic", "serving", "superset_assets", "orchestration")
SERVER = "superset_assets/server"

# What a room may import of the others, and where a line belongs that needs more.
MAY_IMPORT = {
    SERVER: (
        ("common.comparison",),
        "Superset's process knows dates, files, environment variables and HTTP only: pass what it needs through these",
    ),
    "common": ((), "common imports nothing of ours: everybody imports it"),
    "connectors": (
        ("common",),
        "a connector knows no other room: what composes it with others belongs in orchestration",
    ),
    "simulator": (
        ("common",),
        "the simulator knows no other room: what combines it with others belongs in orchestration",
    ),
    "semantic": (
        ("common",),
        "semantic knows no other room: what needs settings or a connector belongs in orchestration",
    ),
    "serving": (
        ("common", "semantic"),
        "serving shows what semantic knows: what needs settings, Superset or a process belongs in orchestration",
    ),
    "superset_assets": (
        ("common", "semantic.catalog", "semantic.compiler", "semantic.errors"),
        "superset_assets may use the metrics' definitions only: what needs more belongs in orchestration/superset.py",
    ),
    "orchestration": (ROOMS, "orchestration composes all rooms"),
}
MAY_TOUCH_ENVIRONMENT = {
    "orchestration/settings.py": "the one reader",
    "orchestration/dbt_parse.py": "dbt's profile takes its paths from the environment; they are put back",
    "orchestration/servers.py": "builds the environment of Dagster's processes",
    "superset_assets/process.py": "builds the environment of Superset's process",
    "superset_assets/client.py": "tells oauthlib that http is meant, on the loopback only",
    f"{SERVER}/bootstrap.py": "runs in Superset's process, whose environment process.py builds",
    f"{SERVER}/superset_config.py": "runs in Superset's process, whose environment process.py builds",
}
LONG_FILES = {
    "simulator/books.py": "one model of a shop's books, of many small classes",
}
LONG_FUNCTIONS: dict[str, str] = {}
MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_LINES_OF_SQL = 350, 70, 150


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in _modules(ROOT / folder)]


@cache
def _modules(folder: Path) -> list[Path]:
    """The modules below a folder; an environment in it has some ten thousand others, which nobody looks through."""
    paths = []
    for place, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if each not in (".venv", "__pycache__")]
        paths += [Path(place, file) for file in files if file.endswith(".py")]
    return sorted(paths)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def imported(path: Path) -> list[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, inside functions too."""
    return list(_imported(path))


def _imported(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).with_suffix("").parts[: -node.level] if node.level else ()
            module = ".".join((*package, *([node.module] if node.module else [])))
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def within(imports: str, prefix: str) -> bool:
    return imports == prefix or imports.startswith(f"{prefix}.")


def room_of(path: Path) -> str:
    return SERVER if name(path).startswith(SERVER) else name(path).split("/")[0]


def test_each_room_imports_only_what_it_may() -> None:
    misplaced = []
    for path in modules(*ROOMS):
        room = room_of(path)
        allowed, advice = MAY_IMPORT[room]
        own = () if room == SERVER else (room,)
        for line, imports in imported(path):
            if any(within(imports, other) for other in ROOMS) and not any(
                within(imports, prefix) for prefix in (*allowed, *own)
            ):
                misplaced.append(f"{name(path)}:{line} imports {imports}: {advice}")
    assert not misplaced, "\n".join(misplaced)


def import_graph(room: str) -> dict[str, set[str]]:
    """Each module of a room to the room's modules that it imports."""
    paths = {name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in modules(room)}
    graph: dict[str, set[str]] = {}
    for module, path in paths.items():
        parents = (itertools.accumulate(target.split("."), "{}.{}".format) for _, target in imported(path))
        targets = (max((parent for parent in chain if parent in paths), key=len, default=module) for chain in parents)
        graph[module] = set(targets) - {module}
    return graph


@pytest.mark.parametrize("room", ROOMS)
def test_modules_do_not_import_in_a_circle(room: str) -> None:
    """Imports inside functions and for type checkers count too."""
    try:
        TopologicalSorter(import_graph(room)).prepare()
    except CycleError as error:
        pytest.fail(f"{' <- '.join(error.args[1])}: move what both need into a module of its own")


def test_only_orchestration_imports_dagster_and_dbt() -> None:
    misplaced = [
        f"{name(path)}:{line} imports {imports}: what needs {tool} belongs in orchestration ({where})"
        for path in modules("common", "connectors", "simulator", "semantic", "superset_assets", "benchmarks", "tools")
        for line, imports in imported(path)
        for tool, where in {"dagster": "orchestration/defs", "dbt": "orchestration/dbt_build.py, dbt_parse.py"}.items()
        if within(imports, tool)
    ]
    assert not misplaced, "\n".join(misplaced)


def test_the_product_imports_no_test_and_no_tool() -> None:
    misplaced = [
        f"{name(path)}:{line} imports {imports}: what the product needs belongs into one of its rooms"
        for path in modules(*ROOMS)
        for line, imports in imported(path)
        if within(imports, "tests") or within(imports, "tools") or within(imports, "benchmarks")
    ]
    assert not misplaced, "\n".join(misplaced)


def touches_environment(path: Path) -> list[int]:
    tree = parsed(path)
    attributes = {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "putenv"}
    }
    names = {line for line, imports in imported(path) if imports in {"os.environ", "os.getenv", "os.putenv"}}
    return sorted(attributes | names)


def test_only_settings_reads_the_environment() -> None:
    uses = {name(path): touches_environment(path) for path in modules(*ROOMS)}
    misplaced = [
        f"{file}:{lines[0]} touches the environment: read it in orchestration/settings.py and pass the value on"
        for file, lines in uses.items()
        if lines and file not in MAY_TOUCH_ENVIRONMENT
    ]
    stale = [f"{file} needs no exception any more" for file in MAY_TOUCH_ENVIRONMENT if not uses.get(file)]
    assert not misplaced + stale, "\n".join(misplaced + stale)


def test_only_sync_talks_to_the_database_of_staging() -> None:
    """A connector asks by a Question of its questions.py; orchestration calls methods of Staging."""
    advice = {
        "connectors": "declare a Question in the source's questions.py and ask context.reader",
        "orchestration": "add a method to connectors/sync/staging.py",
    }
    misplaced = [
        f"{name(path)}:{line} {what}: {advice[room_of(path)]}"
        for path in modules("connectors", "orchestration")
        if not name(path).startswith(("connectors/sync/", "connectors/conformance.py"))  # the kit compares whole tables
        for line, what in database_uses(path)
    ]
    assert not misplaced, "\n".join(misplaced)


def database_uses(path: Path) -> Iterator[tuple[int, str]]:
    """Uses of a staging connection; in a connector also duckdb itself, and SQL outside questions and streams."""
    connector = room_of(path) == "connectors"
    declares_sql = path.name == "questions.py" or path.parent.name == "streams"
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and node.attr == "db":
            yield node.lineno, "uses a database connection"
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if connector and not declares_sql and re.match(r"\s*(select|insert into|delete from)\s", text):
            yield node.lineno, "holds SQL"
    if connector:
        yield from ((line, "imports duckdb") for line, imports in imported(path) if within(imports, "duckdb"))


def test_connections_are_opened_in_one_place() -> None:
    """Which says that a missing table is an error; Superset's process has the same among its own limits."""
    places = {
        name(path)
        for path in modules(*ROOMS)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "duckdb.connect"
    }
    assert places == {"common/database.py", f"{SERVER}/builds.py"}


def test_build_starts_without_what_it_needs_later_or_not_at_all() -> None:
    loaded = python("import orchestration.dbt_build, sys; print(*sorted(sys.modules))").split()
    assert not {"psycopg", "pyarrow", "numpy", "dagster", "dbt"} & set(loaded)


QUIET = """
import importlib, json, socket, sys

def refused(*_, **__):
    raise AssertionError("a connection was opened while importing")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refused
failed = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
print(json.dumps(failed))
"""
START = """
import json, sys

import typer
before = set(sys.modules)
import orchestration.cli
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def bare_environment() -> dict[str, str]:
    """Nothing but what Python needs: no secret, no setting, no home of ours."""
    return {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "HOME": "/nonexistent", "TAKINGS_HOME": "/nonexistent"}


def python(code: str, *arguments: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=bare_environment(), cwd="/", capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_importing_any_module_needs_no_network_no_secret_and_no_configuration() -> None:
    dotted = [
        name(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        for path in modules(*ROOMS)
        if not name(path).startswith(SERVER)
    ]
    failed = json.loads(python(QUIET, *dotted))
    assert not failed, "\n".join(f"{module} does work at import, which belongs into a function: {why}"
                                 for module, why in failed.items())  # fmt: skip


def test_the_command_line_imports_nothing_but_typer_at_its_start() -> None:
    """So that `takings --help` is as quick as Typer is; `python -m benchmarks.start` measures it."""
    imported = {module for module in json.loads(python(START)) if module.split(".")[0] not in sys.stdlib_module_names}
    names = (
        "",
        "_alerts",
        "_audit",
        "_certify",
        "_chat",
        "_deliveries",
        "_event_log",
        "_mcp",
        "_numbers",
        "_pictures",
        "_readers",
        "_reports",
        "_share",
        "_tenants",
        "_tokens",
    )
    of_the_command_line = {f"orchestration.cli{name}" for name in names}
    misplaced = sorted(imported - of_the_command_line - {"orchestration", "common", "common.errors"})
    assert not misplaced, (
        f"orchestration/cli.py imports {', '.join(misplaced)} at its top: import it inside the command"
    )


def too_long() -> Iterator[tuple[str, int, str]]:
    for path in modules(*ROOMS, "benchmarks", "tools"):
        length = len(path.read_text().splitlines())
        if length > MOST_LINES:
            yield (
                name(path),
                length,
                f"a file has up to {MOST_LINES} lines: move what reads alone into a file of its own",
            )
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    yield f"{name(path)}:{node.name}", lines, f"a function has up to {MOST_LINES_OF_A_FUNCTION} lines"
    for path in sorted((ROOT / "dbt_project").rglob("*.sql")):
        if "target" not in path.parts and (length := len(path.read_text().splitlines())) > MOST_LINES_OF_SQL:
            yield name(path), length, f"a model has up to {MOST_LINES_OF_SQL} lines: move a step to models/intermediate"


def test_files_and_functions_can_be_read_at_one_go() -> None:
    lengths = {what: (lines, advice) for what, lines, advice in too_long()}
    excused = LONG_FILES | LONG_FUNCTIONS
    misplaced = [
        f"{what} has {lines} lines: {advice}" for what, (lines, advice) in lengths.items() if what not in excused
    ]
    stale = [f"{what} is short enough now: remove its exception" for what in excused if what not in lengths]
    assert not misplaced + stale, "\n".join(misplaced + stale)


FORMULA = re.compile(r"sqlExpression|expressionType|\b(sum|count|avg|min|max|nullif|coalesce|select|case)\s*\(", re.I)


def test_no_chart_holds_a_formula() -> None:
    """A chart names metrics; an ad-hoc SQL expression in it would be a second formula for the same name."""
    folder = ROOT / "superset_assets"
    files = [folder / "defaults.yaml", *folder.glob("charts/*.yaml"), *folder.glob("dashboards/*.yaml")]
    misplaced = [
        f"{name(path)}:{number} holds a formula: write it once in semantic/metrics and name the metric"
        for path in sorted(files)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if FORMULA.search(line)
    ]
    assert len(files) > 10
    assert not misplaced, "\n".join(misplaced)
