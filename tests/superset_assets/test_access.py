"""Which logins a grant deactivates, against a list of users in place of a Superset."""

from pathlib import Path
from typing import Any, cast

import pytest

from superset_assets import access
from superset_assets.errors import RequestFailedError
from superset_assets.process import Credentials

ROLES = {"tenant:aurora": 1, "tenant:gone": 2, "Gamma": 3}


def user(number: int, name: str, *roles: str, active: bool = True) -> dict[str, Any]:
    granted = [{"id": ROLES[role], "name": role} for role in roles]
    return {"id": number, "username": name, "active": active, "roles": granted, "groups": []}


def deactivated(users: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The logins that a grant for the tenant aurora deactivates."""
    off: list[str] = []

    def call(_client: Any, _method: str, path: str, **options: Any) -> None:
        assert options == {"json": {"active": False}}
        off.extend(row["username"] for row in users if path == f"security/users/{row['id']}")

    monkeypatch.setattr(access, "listing", lambda *_: users)
    monkeypatch.setattr(access, "call", call)
    changes = access.Access()
    credentials = Credentials(tmp_path / "credentials.json")
    credentials.login("aurora")
    access._ensure_users(cast(Any, None), [access.owner("aurora")], ROLES, credentials, changes)
    assert len(changes.changes) == len(off)
    return off


def test_login_of_a_tenants_colleague_stays_active(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = [
        user(1, "aurora", "tenant:aurora"),
        user(2, "maria", "tenant:aurora"),
        user(3, "both", "tenant:gone", "tenant:aurora"),
        user(4, "analyst", "Gamma"),
        user(5, "gone", "tenant:gone"),
        user(6, "colleague of gone", "tenant:gone", "Gamma"),
        user(7, "off already", "tenant:gone", active=False),
    ]
    assert deactivated(users, tmp_path, monkeypatch) == ["gone", "colleague of gone"]


def test_password_that_could_not_be_set_is_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next grant sees that the entry is missing, and does it again."""

    def call(*_: Any, **__: Any) -> None:
        raise RequestFailedError("Superset did not answer")

    monkeypatch.setattr(access, "listing", lambda *_: [user(1, "aurora", "tenant:aurora")])
    monkeypatch.setattr(access, "call", call)
    credentials = Credentials(tmp_path / "credentials.json")
    with pytest.raises(RequestFailedError):
        access._ensure_users(cast(Any, None), [access.owner("aurora")], ROLES, credentials, access.Access())
    assert not credentials.has("aurora")
