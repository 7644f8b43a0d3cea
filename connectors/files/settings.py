"""The settings of a folder of files in takings.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from connectors.settings import KIND, Name, SourceSettings, keep_text


class FilesSettings(SourceSettings):
    """A folder of events, chats, event logs, operating expenses, bank balances, annotations and model prices."""

    kind: Literal["files"] = Field(description=KIND)
    account: Name = Field(description="A name of your own.")
    path: Path = Field(
        description="The folder of the files that docs/guides/files.md describes (relative to takings.toml)."
    )
    keep_text: bool = keep_text()

    def folder(self, config_folder: Path) -> Path | None:
        return (config_folder / self.path).resolve()

    def address(self, config_folder: Path) -> str:
        return str(self.folder(config_folder))
