"""Which logins are switched off, asked of a Superset that is only a list of users."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from superset_assets import access
from superset_assets.process import Credentials

ROLES = {"tenant:aurora": 1, "tenant:gone": 2, "Gamma": 3}


def user(number: int, name: str, *roles: str, active: bool = True) -> dict[str, Any]:
    held = [{"id": ROLES[role], "name": role} for role in roles]
    return {"id": number, "username": name, "active": active, "roles": held, "groups": []}


def switched_off(users: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The logins that a grant for the one tenant aurora switches off."""
    off: list[str] = []

    def call(_client: Any, _method: str, path: str, **options: Any) -> None:
        assert options == {"json": {"active": False}}
        off.extend(row["username"] for row in users if path == f"security/users/{row['id']}")

    monkeypatch.setattr(access, "listing", lambda *_: users)
    monkeypatch.setattr(access, "call", call)
    monkeypatch.setattr(access, "_opens", lambda *_: True)
    done = access.Access()
    client: Any = SimpleNamespace(host="http://127.0.0.1:1")
    access._ensure_users(client, ["aurora"], ROLES, Credentials(tmp_path / "credentials.json"), done)
    assert len(done.changes) == len(off)
    return off


def test_a_login_made_for_a_colleague_of_a_tenant_stays_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = [
        user(1, "aurora", "tenant:aurora"),
        user(2, "maria", "tenant:aurora"),
        user(3, "both", "tenant:gone", "tenant:aurora"),
        user(4, "analyst", "Gamma"),
        user(5, "gone", "tenant:gone"),
        user(6, "colleague of gone", "tenant:gone", "Gamma"),
        user(7, "off already", "tenant:gone", active=False),
    ]
    assert switched_off(users, tmp_path, monkeypatch) == ["gone", "colleague of gone"]
