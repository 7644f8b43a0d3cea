"""The application with a collector of each tenant, and requests to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from common import collected
from connectors.collector.records import Records
from connectors.collector.streams import LISTS
from serving.app import application
from serving.collector.collectors import Collector
from serving.site import Site
from tests.serving.asgi import Answer, Client

KEY, OTHER_KEY = "write-key-of-aurora", "write-key-of-nordlicht"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Collecting:
    """The application with a collector of each tenant."""

    site: Site
    client: Client

    def send(self, content: Any, key: str | None = KEY, headers: Mapping[str, str] | None = None) -> Answer:
        """POST a body, an object or bytes."""
        sent = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {}),
                **(headers or {})}  # fmt: skip
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.client.send("POST", "/collect", headers=sent, body=body)

    def stored(self, account: int = 0) -> list[dict[str, Any]]:
        """The records on the disk."""
        folder = self.site.collectors[account].folder
        return [json.loads(line.record or b"") for path in collected.files(folder) for line in collected.lines(path)]


def collecting(site: Site, root: Path, **changes: Any) -> Collecting:
    check = Records(ZoneInfo("America/New_York"), keep_text=False).check
    collectors = tuple(
        replace(Collector(tenant, "web", key, root / tenant, LISTS, check), **changes)
        for tenant, key in (("aurora", KEY), ("nordlicht", OTHER_KEY))
    )
    site = replace(site, collectors=collectors)
    return Collecting(site, Client(application(site)))
