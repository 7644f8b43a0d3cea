"""The settings of a folder of files in takings.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from connectors.settings import KIND, Name, SourceSettings


class FilesSettings(SourceSettings):
    """A folder of events, operating expenses, bank balances and annotations."""

    kind: Literal["files"] = Field(description=KIND)
    account: Name = Field(description="A name of your own.")
    path: Path = Field(
        description="The folder of `events/*.jsonl` or `*.jsonl.gz`, `operating_expenses.csv`, `cash_balances.csv` and "
        "`annotations.csv` (relative to takings.toml)."
    )

    def folder(self, config_folder: Path) -> Path | None:
        return (config_folder / self.path).resolve()

    def address(self, config_folder: Path) -> str:
        return str(self.folder(config_folder))
