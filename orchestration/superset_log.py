"""What Superset records of its users, for the audit export: read from its metadata, which is not changed.

Superset's log has changes, the visits that a browser reports, and what server/audit.py adds: logins, logouts, exports.
A visit is a dashboard that was opened; the charts of it are counted in its row's `detail` by no row of their own.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serving.audit.event import Action, Event
from serving.people import TENANT_ROLE

QUERY = """
SELECT logs.id, logs.action, logs.json, logs.dttm, logs.dashboard_id, logs.slice_id, ab_user.username, logs.user_id,
    dashboards.dashboard_title, slices.slice_name
FROM logs
LEFT JOIN ab_user ON ab_user.id = logs.user_id
LEFT JOIN dashboards ON dashboards.id = logs.dashboard_id
LEFT JOIN slices ON slices.id = logs.slice_id
WHERE logs.action <> 'log' OR logs.json LIKE '%mount_dashboard%'
ORDER BY logs.id
"""
ROLES = """
SELECT ab_user.username, ab_role.name FROM ab_user_role
JOIN ab_user ON ab_user.id = ab_user_role.user_id JOIN ab_role ON ab_role.id = ab_user_role.role_id
"""
OURS: dict[str, Action] = {"takings.login": "login", "takings.logout": "logout", "takings.export": "export"}
CHANGES = re.compile(r"\.(post|put|delete|bulk_delete|import_|put_colors|add|edit)\b")
KEPT = ("path", "format", "name", "dashboard_title", "slice_name", "rison", "url_rule")


def events(path: Path) -> Iterator[Event]:
    """The rows of Superset's metadata, the oldest first. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        tenants = _tenants(db)
        for row in db.execute(QUERY):
            yield _event(row, tenants)


def _tenants(db: sqlite3.Connection) -> dict[str, str]:
    """The tenant of each user that has exactly one."""
    roles: dict[str, list[str]] = {}
    for username, role in db.execute(ROLES):
        if match := TENANT_ROLE.fullmatch(role):
            roles.setdefault(username, []).append(match[1])
    return {username: names[0] for username, names in roles.items() if len(names) == 1}


def _event(row: tuple[Any, ...], tenants: dict[str, str]) -> Event:
    number, action, text, at, dashboard, chart, username, user_id, title, slice_name = row
    try:
        content = json.loads(text or "{}")
    except ValueError:
        content = {}
    content = content if isinstance(content, dict) else {}
    actor = username or (f"user {user_id}" if user_id else "unknown")
    detail = {name: content[name] for name in KEPT if isinstance(content.get(name), str)}
    detail |= {"superset_action": action, "superset_log": number}
    what = f"dashboard {title or dashboard}" if dashboard else ""
    if chart:
        what = f"{what}, chart {slice_name or chart}" if what else f"chart {slice_name or chart}"
    instant = datetime.fromisoformat(str(at)).replace(tzinfo=UTC)
    return Event(
        instant, tenants.get(actor, ""), "login", actor, _action(action),
        what or str(content.get("name") or content.get("path") or action), "ok", detail, "superset",
    )  # fmt: skip


def _action(action: str) -> Action:
    """A login, an export, a change, or what was read."""
    if action in OURS:
        return OURS[action]
    if "export" in action:
        return "export"
    return "change" if CHANGES.search(action) else "read"
