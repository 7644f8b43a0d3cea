"""The docs work: links resolve, the tutorial's commands run in order, pages name only commands that exist.

The tutorial runs in a copy of the checkout, with a home of its own, so that it leaves nothing behind here.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import unicodedata
from pathlib import Path

import pytest

from semantic import catalog as catalogs
from semantic.catalog import Catalog
from tests.checkout_copy import CheckoutCopy
from tests.orchestration.installation import parsed
from tests.test_architecture import modules
from tools import reference

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
REFERENCE = DOCS / "reference"
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)", re.DOTALL)

# `make demo ONCE=1` without Superset, which tests/end_to_end looks at, and with some hundred orders in four months.
# The project is as it was parsed for the other tests; the new metric alone is parsed here.
SMALL_DEMO = """
import shutil
import sys
from datetime import UTC, datetime, timedelta

from orchestration import dbt_parse, demo, pipeline, servers, settings
from orchestration.home import Home

home = Home(settings.home())
home.root.mkdir()
with dbt_parse.shared() as parsed:
    shutil.copytree(sys.argv[1], parsed.dbt_target, dirs_exist_ok=True)
start = (datetime.now(UTC) - timedelta(days=120)).date()
with servers.Children() as children:
    shops = children.start_simulator(["--seed", "7", "--orders", "400", "--start", str(start)])
    pipeline.run(demo.configure(home, shops, None))
"""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """A page without its code blocks and comments."""
    return re.sub(r"<!--.*?-->", "", FENCE.sub("", page.read_text()), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The names that headings get where the page is shown: lower case, no punctuation, - for spaces."""
    titles = re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", unicodedata.normalize("NFC", title).lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_has_a_target(page: Path) -> None:
    broken = []
    for target in LINK.findall(prose(page)):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.is_file() or not there.is_relative_to(ROOT):
            broken.append(f"{target}: no such file")
        elif anchor and anchor not in anchors(there):
            broken.append(f"{target}: {name(there)} has no such heading")
    assert not broken, "\n".join(broken)


def test_every_page_can_be_reached_from_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    lost = [name(page) for page in sorted(DOCS.rglob("*.md")) if page.relative_to(DOCS).as_posix() not in index]
    assert not [page for page in lost if page != "docs/README.md"], "add them to docs/README.md"


def test_every_picture_is_used_and_small() -> None:
    shown = " ".join(page.read_text() for page in PAGES)
    for picture in (DOCS / "images").iterdir():
        assert picture.name in shown, f"{name(picture)} is shown nowhere"
        assert picture.stat().st_size < 250_000, f"{name(picture)} is too large"


def test_decisions_are_numbered_without_gaps_and_have_three_parts() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for path in DECISIONS:
        text = path.read_text()
        assert text.startswith(f"# {path.name[:4]}: "), f"{name(path)} begins with another number"
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequence"], f"{name(path)} has the headings {headings}"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return catalogs.load(parsed())


def test_every_metric_and_mart_has_an_entry(catalog: Catalog) -> None:
    metrics, marts = ((REFERENCE / file).read_text() for file in ("metrics.md", "marts.md"))
    assert [item for item in catalog.metrics if f"\n### {item}\n" not in metrics] == []
    assert [item for item in catalog.marts if f"\n## {item}\n" not in marts] == []
    assert [item.name for item in catalog.metrics.values() if not item.description] == []
    columns = [(mart.name, column) for mart in catalog.marts.values() for column in mart.columns]
    assert [(mart, column.name) for mart, column in columns if not column.description] == []


def test_every_command_has_an_entry() -> None:
    help_text = subprocess.run([takings(), "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z]+)  ", help_text.partition("Commands:")[2], re.MULTILINE)
    page = (REFERENCE / "commands.md").read_text()
    assert len(commands) > 5
    assert [command for command in commands if f"\n## {command}\n" not in page] == []


def test_every_setting_has_an_entry_and_is_in_the_example() -> None:
    page, example = (REFERENCE / "settings.md").read_text(), (ROOT / "takings.example.toml").read_text()
    keys = [key.rpartition(".")[2] for key, _ in reference.settings_keys()]
    keys = [key for key in keys if not key.startswith("<")]  # a metric's name, a rule's
    assert len(keys) > 10
    assert [key for key in keys if f"| `{key}` |" not in page] == []
    assert [key for key in keys if not re.search(rf"^[# ]*{key} = ", example, re.MULTILINE)] == []
    tomllib.loads(example)


def takings() -> Path:
    return Path(sys.executable).with_name("takings")


def code(page: Path) -> str:
    """What a page shows as code: its blocks, and the words between backquotes."""
    text = page.read_text()
    return "\n".join([*(block for _, block in FENCE.findall(text)), *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))])


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_name_only_make_targets_and_commands_that_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = code(page)
    named = set(re.findall(r"(?:^|\s)make ([a-z-]+)", shown, re.MULTILINE))
    assert named <= targets, f"make has no {named - targets}"
    entries = dict(re.findall(r"^## ([\w-]+)\n(.*?)(?=^## |\Z)", (REFERENCE / "commands.md").read_text(), re.M | re.S))
    entries |= {"agreement": ""} if page.name == "CHANGELOG.md" else {}  # hidden: the name of reconciliation in 0.1
    for command, rest in re.findall(r"(?:^|[\s/])takings ([a-z][a-z-]*)([^\n`]*)", shown, re.MULTILINE):
        assert command in entries, f"there is no command takings {command}"
        for option in re.findall(r"(--[a-z]+(?:-[a-z]+)*)", rest.partition("#")[0]):
            assert f"`{option}`" in entries[command], f"takings {command} has no {option}"


def test_messages_in_the_guides_are_messages_of_the_code() -> None:
    rooms = ("common", "connectors", "semantic", "superset_assets", "orchestration")
    trees = [ast.parse(path.read_text()) for path in modules(*rooms)]
    texts = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    code = "\n".join(text.lower().replace("`", "") for text in texts if isinstance(text, str))
    unknown = []
    for page in sorted((DOCS / "guides").glob("*.md")):
        table = page.read_text().partition("## Messages\n")[2].partition("\n## ")[0]
        for message in re.findall(r"^\| ((?!message|---).+?) \| ", table, re.MULTILINE):
            parts = re.split(r"…|, ", message.lower().replace("`", "").replace("\\|", "|"))
            unknown += [f"{name(page)}: {message}" for part in parts if part.strip(" .") not in code]
    assert not unknown, "no such message:\n" + "\n".join(unknown)


def test_readme_lists_the_folders_of_the_checkout() -> None:
    listing = re.search(r"## Folders.*?```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert listing
    folders = re.findall(r"^(\w+)/", listing[1], re.MULTILINE)
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []
    assert {"connectors", "dbt_project", "semantic", "superset_assets", "orchestration"} <= set(folders)


@pytest.mark.worlds
def test_every_command_of_the_tutorial_runs(tmp_path: Path) -> None:
    scripts = [text for kind, text in FENCE.findall((DOCS / "tutorial.md").read_text()) if kind == "bash"]
    clone = CheckoutCopy(tmp_path / "takings")
    assert clone.run(".venv/bin/python", "-c", "import orchestration; print(orchestration.__file__)").startswith(
        str(clone.root)
    )
    printed = {}
    for script in scripts:
        if script.strip() == "make demo ONCE=1":
            clone.run(".venv/bin/python", "-c", SMALL_DEMO, str(parsed()))
        else:
            printed[script] = clone.shell(script)
    shown = " ".join("\n".join(printed.values()).split())
    assert len(scripts) > 7
    assert "✗" not in shown
    assert shown.count("agree with the source's own report to the cent") == 8
    assert "no byte differs" in shown
    assert re.search(r"│ Online store │ \d+\.\d\d % │", shown), "the new metric has no value"
    assert '"name":"#' in shown.replace(": ", ":"), "the order was not found in the landing zone"
    assert "discount_rate" in (clone.root / "docs" / "reference" / "metrics.md").read_text()
    assert not (ROOT / "semantic" / "metrics" / "my_metrics.yml").exists()
