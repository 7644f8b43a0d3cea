"""Who may see what in Superset: a role, a row-level rule and a login per tenant, set by REST.

Closed by default: one base rule (`1 = 0`) for every role but Admin and one rule per tenant, in one group, so that a
user without a tenant's role gets no rows. This is the wall in Superset; the wall in the data is the published file that
Superset opens for each user (server/superset_config.py). A tenant's role reads dashboards and charts of our datasets.
It has no SQL Lab, changes nothing, and lists no users, databases or rules.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from supersetapiclient.client import SupersetClient

from superset_assets.client import call, listing
from superset_assets.errors import SupersetError
from superset_assets.names import SCHEMA, TENANT_ROLE_PREFIX, is_ours
from superset_assets.process import Credentials, generated

BASE_RULE = "Takings: no tenant, no rows"
GROUP = "tenant"
ADMIN = "admin"
TENANT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # the same pattern as in server/superset_config.py
READS = (
    ("can_read", ("Chart", "Dashboard", "Dataset", "Explore", "Theme", "CurrentUserRestApi", "SecurityRestApi",
                  "DashboardFilterStateRestApi", "DashboardPermalinkRestApi", "ExploreFormDataRestApi",
                  "ExplorePermalinkRestApi")),
    ("can_write", ("DashboardFilterStateRestApi", "DashboardPermalinkRestApi", "ExploreFormDataRestApi",
                   "ExplorePermalinkRestApi")),
    ("can_time_range", ("Api",)),
    ("can_get", ("MenuApi",)),
    ("can_dashboard", ("Superset",)),
    ("can_dashboard_permalink", ("Superset",)),
    ("can_explore", ("Superset",)),
    ("can_slice", ("Superset",)),
    ("can_csv", ("Superset",)),
    ("can_log", ("Superset",)),
    ("can_language_pack", ("Superset",)),
    ("can_fetch_datasource_metadata", ("Superset",)),
    ("can_share_dashboard", ("Superset",)),
    ("can_recent_activity", ("Log",)),
    ("can_view_chart_as_table", ("Dashboard",)),
    ("can_view_query", ("Dashboard",)),
    ("can_userinfo", ("UserDBModelView",)),
    ("resetmypassword", ("UserDBModelView",)),
    ("can_this_form_get", ("ResetMyPasswordView",)),
    ("can_this_form_post", ("ResetMyPasswordView",)),
    ("menu_access", ("Home", "Dashboards")),
)  # fmt: skip


@dataclass
class Access:
    """The changes that a run of `grant` made; none when everything was right already."""

    changes: list[str] = field(default_factory=list)

    def note(self, change: str) -> None:
        self.changes.append(change)


def grant(client: SupersetClient, tenants: Sequence[str], credentials: Credentials) -> list[str]:
    """Set roles, rules and logins for `tenants`; returns one line per change, none when run again.

    The datasets have to be imported before. Run it after each import: a new dataset needs its grants and rules. The
    login of a tenant that is no longer named is deactivated. A password is set once; a tenant may change it afterwards.
    Raises SupersetError.
    """
    bad = [tenant for tenant in tenants if tenant == ADMIN or not TENANT_ID.fullmatch(tenant)]
    if bad:
        raise SupersetError(
            f"{', '.join(map(repr, bad))} cannot be a tenant's id",
            "it becomes a login and part of the names of a role, a rule and a file",
            f"Use letters, digits, - and _ in takings.toml, and not {ADMIN!r}",
        )
    access = Access()
    datasets = [int(row["id"]) for row in listing(client, "dataset/", ["id", "uuid", "schema"]) if _ours(row)]
    if not datasets:
        raise SupersetError("Nothing was granted", "Superset has none of our datasets", "Import the assets first")
    roles = {str(row["name"]): int(row["id"]) for row in listing(client, "security/roles/")}
    permissions = _permissions(client, datasets)
    for tenant in tenants:
        roles[_role(tenant)] = _ensure_role(client, _role(tenant), roles.get(_role(tenant)), permissions, access)
    _ensure_rules(client, tenants, roles, datasets, access)
    _ensure_users(client, tenants, roles, credentials, access)
    return access.changes


def _role(tenant: str) -> str:
    return TENANT_ROLE_PREFIX + tenant


def _ours(row: Mapping[str, Any]) -> bool:
    return is_ours(str(row["uuid"])) and row["schema"] == SCHEMA


def _permissions(client: SupersetClient, datasets: Iterable[int]) -> set[int]:
    """The numeric ids of all permissions of a tenant's role."""
    known = {
        (row["permission"]["name"], row["view_menu"]["name"]): int(row["id"])
        for row in listing(client, "security/permissions-resources/")
    }
    pairs = [(name, view) for name, views in READS for view in views]
    missing = [f"{name} on {view}" for name, view in pairs if (name, view) not in known]
    if missing:
        raise SupersetError(
            f"This Superset does not know {', '.join(missing)}",
            "the role of tenants is written for the version in superset_assets/server/requirements.lock",
            "Run that version, or change READS in superset_assets/access.py",
        )
    marks = {f"(id:{number})" for number in datasets}
    granted = {
        number
        for (name, view), number in known.items()
        if name == "datasource_access" and any(view.endswith(mark) for mark in marks)
    }
    return {known[pair] for pair in pairs} | granted


def _ensure_role(client: SupersetClient, name: str, number: int | None, permissions: set[int], access: Access) -> int:
    if number is None:
        number = int(call(client, "post", "security/roles/", json={"name": name})["id"])
        access.note(f"role {name} created")
    present = {int(row["id"]) for row in call(client, "get", f"security/roles/{number}/permissions/")["result"]}
    if present != permissions:
        body = {"permission_view_menu_ids": sorted(permissions)}
        call(client, "post", f"security/roles/{number}/permissions", json=body)
        access.note(
            f"role {name}: {len(permissions - present)} permissions added, {len(present - permissions)} removed"
        )
    return number


def _ensure_rules(
    client: SupersetClient, tenants: Sequence[str], roles: Mapping[str, int], datasets: Sequence[int], access: Access
) -> None:
    rules = {
        BASE_RULE: {"filter_type": "Base", "clause": "1 = 0", "roles": [roles["Admin"]], "tables": sorted(datasets)}
    }
    for tenant in tenants:
        rules[f"Takings: tenant {tenant}"] = {
            "filter_type": "Regular",
            "clause": f"tenant_id = '{tenant}'",
            "roles": [roles[_role(tenant)]],
            "tables": sorted(datasets),
        }
    present = {str(row["name"]): row for row in listing(client, "rowlevelsecurity/")}
    for name, rule in rules.items():
        body = {"name": name, "group_key": GROUP, "description": "Managed by Takings", **rule}
        if name not in present:
            call(client, "post", "rowlevelsecurity/", json=body)
            access.note(f"rule {name!r} created")
        elif _rule(present[name]) != {"group_key": GROUP, **rule}:
            call(client, "put", f"rowlevelsecurity/{present[name]['id']}", json=body)
            access.note(f"rule {name!r} corrected")


def _rule(row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {part: sorted(int(item["id"]) for item in row[part]) for part in ("roles", "tables")}
    return {"group_key": row["group_key"], "filter_type": row["filter_type"], "clause": row["clause"], **numbers}


def _ensure_users(
    client: SupersetClient, tenants: Sequence[str], roles: Mapping[str, int], credentials: Credentials, access: Access
) -> None:
    present = {str(row["username"]): row for row in listing(client, "security/users/")}
    for tenant in tenants:
        body = {
            "username": tenant,
            "first_name": tenant,
            "last_name": "(tenant)",
            "email": f"{tenant}@tenant.takings.invalid",
            "active": True,
            "roles": [roles[_role(tenant)]],
        }
        row = present.get(tenant)
        if row is None:
            call(client, "post", "security/users/", json=body | {"password": credentials.login(tenant).password})
            access.note(f"login {tenant} created")
            continue
        current = {"active": row["active"], "roles": [item["id"] for item in row["roles"]]}
        if current != {"active": True, "roles": body["roles"]} or row.get("groups"):
            call(client, "put", f"security/users/{row['id']}", json=body | {"groups": []})
            access.note(f"login {tenant} corrected")
        if not credentials.has(tenant):  # its entry was removed on purpose, or the file was lost
            login = generated(tenant)
            call(client, "put", f"security/users/{row['id']}", json={"password": login.password})
            credentials.store(login)  # after the change: what was interrupted is done again
            access.note(f"login {tenant}: new password in {credentials.path.name}")
    for name, row in present.items():
        tenant_roles = {item["name"] for item in row["roles"] if item["name"].startswith(TENANT_ROLE_PREFIX)}
        if row["active"] and tenant_roles and tenant_roles.isdisjoint(map(_role, tenants)):
            call(client, "put", f"security/users/{row['id']}", json={"active": False})
            access.note(f"login {name} deactivated: its tenant is no longer configured")
