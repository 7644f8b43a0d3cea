"""What a login may do, read from Superset's metadata at once instead of in ten queries for each chart.

Superset 6.1.0 asks its metadata for each permission that it checks: half of what a chart from the cache costs.
"""

import time
from typing import Any

import shared
from flask import g
from sqlalchemy import event
from sqlalchemy.orm import Session

SECONDS = 5  # how long rights stay known; a change by a process of this server counts at once
_CHANGED = "takings_rights_changed"
Rights = frozenset[tuple[str, str]]
"""Pairs of a permission and what it is for."""


class RememberedRights:
    """Mixed into Superset's security manager."""

    _known: dict[tuple[int, ...], tuple[float, int, Rights]]

    def remember_rights(self) -> None:
        """Begin to remember them, and to forget them when a role changes."""
        self._known = {}
        event.listen(Session, "after_flush", self._note)
        event.listen(Session, "after_commit", self._forget)

    def exist_permission_on_roles(self, view_name: str, permission_name: str, role_ids: list[int]) -> bool:
        """Whether one of the roles has a permission."""
        return (permission_name, view_name) in self._rights(role_ids)

    def user_view_menu_names(self, permission_name: str) -> set[str]:
        """All that the user has a permission for."""
        roles = self.get_user_roles()
        return {view for name, view in self._rights([role.id for role in roles]) if name == permission_name}

    def get_user_roles(self, user: Any = None) -> list[Any]:
        """The roles of a user, their groups' included; those of the one who asks are looked up once in a request."""
        if user is not None and user != g.user:
            return list(super().get_user_roles(user))  # type: ignore[misc]
        whose = g.user.get_id() if not g.user.is_anonymous else None
        if g.get("takings_roles", (object(),))[0] != whose:
            g.takings_roles = whose, super().get_user_roles(g.user)  # type: ignore[misc]
        return list(g.takings_roles[1])

    def _rights(self, role_ids: list[int]) -> Rights:
        key, version = tuple(sorted(role_ids)), shared.rights_version()
        until, read_at, rights = self._known.get(key, (0.0, version, frozenset()))
        if time.monotonic() > until or read_at != version:
            rights = self._read(key)
            self._known[key] = time.monotonic() + SECONDS, version, rights
        return rights

    def _read(self, role_ids: tuple[int, ...]) -> Rights:
        permission, view, pair, role = (
            self.permission_model, self.viewmenu_model, self.permissionview_model, self.role_model  # type: ignore[attr-defined]
        )  # fmt: skip
        query = (
            self.session.query(permission.name, view.name)  # type: ignore[attr-defined]
            .select_from(pair)
            .join(permission)
            .join(view)
            .filter(pair.role.any(role.id.in_(role_ids)))
        )
        return frozenset((name, subject) for name, subject in query)

    def _note(self, session: Session, _context: Any) -> None:
        kinds = (self.role_model, self.permissionview_model, self.viewmenu_model)  # type: ignore[attr-defined]
        if any(isinstance(item, kinds) for item in (*session.new, *session.dirty, *session.deleted)):
            session.info[_CHANGED] = True

    def _forget(self, session: Session) -> None:
        if session.info.pop(_CHANGED, False):
            shared.rights_changed()


def look_up_charts_once() -> None:
    """A query finds the chart that it belongs to by its number alone: the rights are those on its dataset, which the
    query itself is checked for, and visible.py hides what other tenants made."""
    from superset.common.query_context_factory import QueryContextFactory  # noqa: PLC0415 (Superset imports this module)
    from superset.daos.chart import ChartDAO  # noqa: PLC0415

    def chart(_: Any, number: Any) -> Any:
        return ChartDAO.find_by_id(number, skip_base_filter=True)

    QueryContextFactory._get_slice = chart
