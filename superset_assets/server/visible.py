"""What a login sees of Superset's own things: charts and dashboards of its tenant, no filter with one value.

Datasets are shared between tenants, and Superset shows a chart to everybody who may read its dataset: what an analyst
saves would be seen by other tenants, with the names in its title and filters. So each query of Superset's metadata
finds only what an administrator made, or a login of the same tenant.
"""

import json
import re
from typing import Any

import builds
import navigation
from flask import Response, current_app, g, has_request_context, request
from sqlalchemy import event, or_, select
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

ADMIN, OPERATOR = "Admin", "takings:operator"  # the roles that see all tenants
TENANT_ROLE = re.compile(r"tenant:([A-Za-z0-9][A-Za-z0-9_-]*)")
OK = 200
TENANT_FILTER = "NATIVE_FILTER-tenant"
CONTROLS = {f"NATIVE_FILTER-{name}" for name in ("date_range", "period", "comparison")}
"""The filters that controls.js replaces. Where a dashboard has no others, Superset's filter bar is not needed."""


def tenant_of(roles: set[str]) -> str | None:
    """The one tenant that these roles may see; None for several, for none, and for who sees all of them."""
    tenants = [match[1] for match in map(TENANT_ROLE.fullmatch, sorted(roles)) if match]
    return tenants[0] if len(tenants) == 1 and not sees_all(roles) else None


def sees_all(roles: set[str]) -> bool:
    """Whether these roles see every tenant."""
    return bool(roles & {ADMIN, OPERATOR})


def own_tenant() -> str | None:
    """The one tenant of the login that asks."""
    return tenant_of(_own_roles()) if hasattr(g, "user") else None


def without_tenant_filter(response: Response) -> Response:
    """A dashboard for a login with one tenant, without the filter by tenant."""
    if request.endpoint != "DashboardRestApi.get" or response.status_code != OK:
        return response
    if own_tenant() is None:
        return response
    body = response.get_json()
    metadata = json.loads(body["result"].get("json_metadata") or "{}")
    filters = metadata.get("native_filter_configuration") or []
    left = [item for item in filters if item.get("id") != TENANT_FILTER]
    metadata["native_filter_configuration"] = left
    if all(item.get("id") in CONTROLS for item in left):
        metadata["show_native_filters"] = False
    body["result"]["json_metadata"] = json.dumps(metadata)
    response.set_data(json.dumps(body))
    return response


def watch(_app: Any) -> None:
    """From now on queries of charts and dashboards find only what the login may see."""
    if not event.contains(Session, "do_orm_execute", _own_assets):
        event.listen(Session, "do_orm_execute", _own_assets)


def _own_assets(state: ORMExecuteState) -> None:
    if not state.is_select or state.is_column_load or not has_request_context() or g.get("takings_looks_up"):
        return
    makers = _makers()
    if makers is None:
        return
    if "takings_own_assets" not in g:
        from superset.models.dashboard import Dashboard  # noqa: PLC0415 (they exist when the application does)
        from superset.models.slice import Slice  # noqa: PLC0415

        own = [(kind, kind.created_by_fk.in_(makers)) for kind in (Slice, Dashboard)]
        hidden = navigation.hidden(builds.newest()).get(g.takings_tenant or "", [])
        if hidden and request.endpoint == "DashboardRestApi.get_list":
            own.append((Dashboard, or_(Dashboard.slug.is_(None), Dashboard.slug.notin_(hidden))))
        g.takings_own_assets = [with_loader_criteria(*pair, include_aliases=True) for pair in own]
    state.statement = state.statement.options(*g.takings_own_assets)


def _makers() -> list[int] | None:
    """The logins whose charts and dashboards the user sees; None: of all. They are looked up once in a request."""
    if "takings_makers" not in g:
        g.takings_looks_up = True  # Superset loads the user when it is first asked for: that is a query, too
        try:
            user = g.get("user")
            if user is None or not getattr(user, "id", None):
                return None  # before the login; nobody's role may read a chart
            roles = _own_roles()
            g.takings_tenant = tenant_of(roles)
            g.takings_makers = None if sees_all(roles) else _logins_of(g.takings_tenant)
        finally:
            g.takings_looks_up = False
    makers: list[int] | None = g.takings_makers
    return makers


def _own_roles() -> set[str]:
    return {role.name for role in current_app.appbuilder.sm.get_user_roles()}


def _logins_of(tenant: str | None) -> list[int]:
    """The numbers of the administrators and of the tenant's logins."""
    from superset import db, security_manager  # noqa: PLC0415

    user, role = security_manager.user_model, security_manager.role_model
    shown = [ADMIN, *([f"tenant:{tenant}"] if tenant else [])]
    return list(db.session.execute(select(user.id).join(user.roles).where(role.name.in_(shown))).scalars())
