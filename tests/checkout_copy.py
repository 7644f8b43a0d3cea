"""Carries out a page of docs in a copy of the checkout: writes its files, applies its diffs, runs its commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".*cache", ".git", ".venv", ".takings*", ".tools", ".hypothesis", "*.pyc.*", "*.egg-info", "target"
)
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN_ONLY = ("", "text", "mermaid")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: ```yaml file=semantic/metrics/x.yml, ```diff, ```bash or ```bash deep."""

    language: str
    option: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The blocks that do something, in order. A block of code that nothing runs is an error: it belongs in ```text."""
    parsed = []
    for info, text in FENCE.findall(page.read_text()):
        language, _, option = info.strip().partition(" ")
        if language in SHOWN_ONLY and not option:
            continue
        assert language in ("bash", "diff") or option.startswith("file="), f"{page.name}: nothing runs ```{info}"
        parsed.append(Block(language, option, text))
    return parsed


class CheckoutCopy:
    """A copy that uses this environment, and the copy's own code."""

    def __init__(self, folder: Path) -> None:
        if not (ROOT / "pyproject.toml").exists() or not Path(sys.executable).with_name("takings").exists():
            pytest.skip(f"the project is not installed in {sys.prefix}: run `make setup`")
        if shutil.which("bash") is None:
            pytest.skip("there is no bash")
        self.root = Path(shutil.copytree(ROOT, folder, ignore=LEFT_OUT))
        (self.root / ".venv").symlink_to(sys.prefix)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("TAKINGS_", "DAGSTER_"))}
        self.environment = {**inherited, "PYTHONPATH": str(self.root)}

    def run(self, *command: str, timeout: float = 300) -> str:
        """Run a command in the copy; returns its standard output. A command that fails is a failed assertion."""
        result = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False, timeout=timeout
        )
        assert result.returncode == 0, f"{command[-1]}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def shell(self, script: str) -> str:
        """Run a block of bash. `make generate` runs without make, which would set up the environment first."""
        script = re.sub(r"^make generate$", ".venv/bin/python -m tools.generate", script, flags=re.MULTILINE)
        return self.run("bash", "-euo", "pipefail", "-c", script)

    def write(self, path: str, text: str) -> None:
        """Write a new file."""
        target = self.root / path
        assert not target.exists(), f"{path} exists already: show the change as a diff"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def patch(self, diff: str) -> None:
        """Apply a diff by its lines: what a hunk removes and its context have to be in the file exactly once."""
        head, *hunks = re.split(r"^@@.*\n", diff, flags=re.MULTILINE)
        match = re.search(r"^\+\+\+ b/(\S+)$", head, re.MULTILINE)
        assert match and hunks, f"not a diff with --- a/FILE, +++ b/FILE and @@:\n{diff}"
        target = self.root / match[1]
        text = target.read_text()
        for hunk in hunks:
            lines = hunk.splitlines()
            before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
            after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
            assert text.count(before) == 1, f"{match[1]} holds {text.count(before)} times, and not once:\n{before}"
            text = text.replace(before, after)
        target.write_text(text)

    def carry_out(self, block: Block) -> str:
        """Do what a block says; returns what a command printed."""
        if block.language == "bash":
            return self.shell(block.text)
        if block.language == "diff":
            self.patch(block.text)
        else:
            self.write(block.option.removeprefix("file="), block.text)
        return ""
