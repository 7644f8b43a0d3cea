"""Texts are plain: turns of phrase that readers had to read twice do not come back.

Every tracked text of the folders below is searched: docstrings, comments, messages, descriptions, names and pages. In a
name, `_` counts as a space. The words to use are in docs/glossary.md.
"""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".md", ".toml", ".css", ".js", ".j2", ".typ"}
SEARCHED = (
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml", "takings.example.toml",
    "benchmarks", "common", "connectors", "dbt_project", "docs", "orchestration", "semantic", "serving", "simulator",
    "superset_assets", "tests", "tools",
)  # fmt: skip
THING = (
    "(?:account|asset|bar|call|chart|check|column|customer|entry|event|file|folder|line|message|order|page|part|person|"
    "process|question|record|request|row|run|step|stream|table|task|tenant|test|thread|transaction|window|worker)"
)
TURNS = {
    rf"\b(?:a|an|one|each|every) {THING} an? (?:{THING}|day|week|month|year|source)": "write per: one row per order",
    r"\bset aside\b": "write reject, rejected",
    r"\banew\b": "write again",
    r"\btold\b": "name the thing",
    r"\bbesides\b": "write also, beside, apart from",
    r"\bstands? (?:twice|once|here|there|in|at|beside|under|still|as|alone)\b": "write is, is in",
    r"\b(?:let|lets|letting) go\b": "write release, close, drop",
    r"\bthe way of\b": "say what it is",
    r"\bby what to do\b": "say what it is",
    r"\bfor a look\b": "write for inspection",
    r"\bin a blink\b": "write quickly",
    r"\bhands? over\b": "write delivers, returns, passes",
    r"\bbears? with\b": "write tolerates, handles",
    r"\bthe (?:first|second|metrics|requirements) document\b": "the reader does not have that document",
    r"\bsection \d+[a-z]\b": "the reader does not have that document",
    r"\b[fk]\d{2,3}\b": "the reader does not have that list",
}
"""Each turn, in lower case, with the advice."""
PARTICIPLES = frozenset(
    ("told", "done", "found", "kept", "given", "wanted", "made", "asked", "said", "gone", "came", "begun", "walked")
)
"""A name that says what happened and not what it is."""
ALLOWED: dict[tuple[str, str], str] = {}
"""(file, the exact words): the reason."""
SPACE = r"(?:[ \t]+|[ \t]*\n[ \t]*(?:#|--|\+)?[ \t]*)"
"""Between two words: also the end of a line, and the mark of a comment on the next one."""


def searched_files() -> list[Path]:
    """The tracked text files of the folders above, generated ones too."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to the project is not known")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *SEARCHED], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    texts = (path for path in files if path.suffix in SUFFIXES or path.name == "Makefile")
    return [path for path in texts if path.is_file() and path != Path(__file__)]


def turns_in(text: str) -> list[tuple[int, str, str]]:
    """(line, words, advice) of each turn in a text."""
    text = re.sub(r"(?<=[a-z])_(?=[a-z])", " ", text.lower())
    return [
        (text.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), advice)
        for pattern, advice in TURNS.items()
        for match in re.finditer(pattern.replace(" ", SPACE), text)
    ]


def test_no_banned_turn_of_phrase_is_in_a_text() -> None:
    problems, used = [], set()
    for path in searched_files():
        name = path.relative_to(ROOT).as_posix()
        for line, words, advice in turns_in(path.read_text(encoding="utf-8")):
            if (name, words) in ALLOWED:
                used.add((name, words))
            else:
                problems.append(f"{name}:{line}: {words!r}: {advice}")
    problems += [f"{file} has no {words!r} any more: remove its exception" for file, words in ALLOWED.keys() - used]
    assert not problems, f"{len(problems)} places:\n" + "\n".join(problems)


@pytest.mark.parametrize(
    "text",
    [
        "One row a day and channel.",
        "# a check\n    # a tenant",
        "def test_what_was_set_aside_stays() -> None:",
        "The formula stands in no other place.",
        "as the first document has it",
        "see F245",
    ],
)
def test_planted_turn_is_found(text: str) -> None:
    assert len(turns_in(text)) == 1


@pytest.mark.parametrize("text", ["One row per day.", "stand-alone", "a row\n\n## A day", "ff00aa", "a testing year"])
def test_plain_text_is_not_reported(text: str) -> None:
    assert turns_in(text) == []


def test_no_participle_is_a_name() -> None:
    """Of a variable, a parameter, a function or a class."""
    names = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name!r} does not name a thing"
        for path in searched_files()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name | ast.arg | ast.FunctionDef | ast.ClassDef)
        for name in _defined_names(node)
        if name in PARTICIPLES
    ]
    assert names == []


def _defined_names(node: ast.Name | ast.arg | ast.FunctionDef | ast.ClassDef) -> list[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.arg):
        return [node.arg]
    return [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
