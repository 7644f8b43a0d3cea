"""Who asks: the browser sends Superset's session to every port of its host, and Superset says whose session it is.

Nothing is remembered between two requests, so that a logout, a changed role or a deactivated login counts at once.
The tenant follows from the login's roles alone, by the same rule as in superset_assets/server/visible.py: exactly one
role `tenant:<id>`. Sharing needs admin.access, which the owner of a tenant has and an analyst has not; an operator
reads all tenants and shares nothing, the administrator chooses a tenant on the page.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from serving.errors import LoginServerError

COOKIE = "session"  # Superset's
ADMIN, OPERATOR, ANALYST = "Admin", "takings:operator", "takings:analyst"
TENANT_ROLE = re.compile(r"tenant:([A-Za-z0-9][A-Za-z0-9_-]*)")
VALUE = re.compile(r"[A-Za-z0-9._=-]{1,4096}")  # of a session's cookie
TIMEOUT = 10  # seconds
DASHBOARDS = "(columns:!(dashboard_title,url),order_column:dashboard_title,order_direction:asc,page_size:100)"


@dataclass(frozen=True)
class Person:
    """A login. `tenant`: its only one, or None. `sees_all`: reads every tenant, and has none of its own."""

    username: str
    tenant: str | None
    sees_all: bool
    may_share: bool


@dataclass(frozen=True)
class Dashboard:
    """A dashboard that a login sees: its title, and its path on Superset's server."""

    title: str
    path: str


class Logins(Protocol):
    """Recognizes a session, by the value of its cookie. Both raise LoginServerError."""

    def person(self, cookie: str) -> Person | None:
        """Whose session it is; None where it has ended."""
        ...

    def dashboards(self, cookie: str) -> list[Dashboard]:
        """What this login sees, by title."""
        ...


def of_roles(username: str, roles: Collection[str]) -> Person:
    """What these roles mean."""
    if ADMIN in roles or OPERATOR in roles:
        return Person(username, None, sees_all=True, may_share=ADMIN in roles)
    tenants = [match[1] for match in map(TENANT_ROLE.fullmatch, sorted(roles)) if match]
    only = tenants[0] if len(tenants) == 1 else None
    return Person(username, only, sees_all=False, may_share=only is not None and ANALYST not in roles)


class SupersetLogins:
    """Asks the Superset at `url`, an address of this machine. For any number of threads."""

    def __init__(self, url: str) -> None:
        self._url = url

    def person(self, cookie: str) -> Person | None:
        """Whose session it is; None where it has ended. Raises LoginServerError."""
        answer = self._get("/api/v1/me/roles/", cookie)
        if answer is None or not answer.get("isActive") or answer.get("isAnonymous"):
            return None
        return of_roles(str(answer["username"]), answer.get("roles") or {})

    def dashboards(self, cookie: str) -> list[Dashboard]:
        """What this login sees, by title. Raises LoginServerError."""
        rows = self._get(f"/api/v1/dashboard/?q={DASHBOARDS}", cookie) or []
        return [Dashboard(str(row["dashboard_title"]), str(row["url"])) for row in rows]

    def _get(self, path: str, cookie: str) -> Any:
        """The `result` of an answer; None where the session has ended."""
        if not VALUE.fullmatch(cookie):  # nothing that a header would take for something else
            return None
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy, no login of a .netrc file
                answer = session.get(
                    self._url + path, headers={"Cookie": f"{COOKIE}={cookie}"}, timeout=TIMEOUT, allow_redirects=False
                )
            if answer.status_code in {401, 403, 302}:
                return None
            answer.raise_for_status()
            return answer.json()["result"]
        except (requests.RequestException, ValueError, KeyError) as error:
            raise LoginServerError(
                "Nobody's login can be recognized",
                f"Superset at {self._url} does not answer ({type(error).__name__})",
                "Wait until it runs again, or start it with `takings serve`",
            ) from None
