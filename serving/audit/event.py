"""The row of the audit export. docs/guides/audit.md describes its columns; they are the same for every store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

ActorKind = Literal["login", "token", "link", "chat", "command", "source", "system"]
Action = Literal[
    "read", "export", "login", "logout", "share", "revoke", "token", "settings", "change", "publish", "send",
    "acknowledge", "snooze", "gap",
]  # fmt: skip
COLUMNS = ("at", "tenant", "actor_kind", "actor", "action", "object", "outcome", "detail", "store")
LONGEST = 300
"""Characters of an actor and of an object."""


@dataclass(frozen=True)
class Event:
    """Something that somebody did. `at`: UTC.

    tenant: whose numbers or settings; empty where it concerns no single one. object: what was read or changed. outcome:
    `ok`, or why not. detail: what else is known, as plain objects. store: where it is recorded.
    """

    at: datetime
    tenant: str
    actor_kind: ActorKind
    actor: str
    action: Action
    object: str
    outcome: str = "ok"
    detail: Mapping[str, Any] = field(default_factory=dict)
    store: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The row as plain objects, in the order of COLUMNS."""
        at = self.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "at": at, "tenant": self.tenant, "actor_kind": self.actor_kind, "actor": self.actor[:LONGEST],
            "action": self.action, "object": self.object[:LONGEST], "outcome": self.outcome,
            "detail": dict(self.detail), "store": self.store,
        }  # fmt: skip

    def line(self) -> str:
        """The row as a line of JSON. Half a character, which a name of a chat may hold, becomes �."""
        text = json.dumps(self.as_dict(), ensure_ascii=False, default=str)
        try:
            text.encode()
        except UnicodeEncodeError:
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return text


def of_line(line: str, store: str) -> Event:
    """The row of a line of JSON. Raises ValueError, KeyError or TypeError for any other text."""
    content = json.loads(line)
    at = datetime.fromisoformat(content["at"])
    texts = (str(content[name]) for name in ("tenant", "actor_kind", "actor", "action", "object", "outcome"))
    tenant, kind, actor, action, what, outcome = texts
    return Event(at, tenant, kind, actor, action, what, outcome, dict(content["detail"]), store)  # type: ignore[arg-type]
