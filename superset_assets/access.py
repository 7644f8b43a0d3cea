"""Who may see and do what in Superset: roles, row-level rules and logins, set by REST.

    tenant:<id>        an owner: reads the dashboards of the tenant, exports and shares them
    takings:analyst    beside the role of a tenant: explores, and saves charts and dashboards of its own
    takings:operator   reads the dashboards of all tenants

Closed by default: one base rule (`1 = 0`) for every role but the administrator's and the operators', and one rule per
tenant, in one group, so that a user without a tenant's role gets no rows. This is the wall in Superset; the wall in
the data is the published file that Superset opens for each user (server/superset_config.py), and server/visible.py
hides the charts of other tenants. None of these roles has SQL Lab, changes a dataset, or lists users, databases or
rules.
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
ANALYST, OPERATOR = "takings:analyst", "takings:operator"  # also in server/visible.py
LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # the same pattern as in server/visible.py
DOMAIN = "@tenant.takings.invalid"  # of the addresses of the logins that were made here
READS = (
    ("can_read", ("Chart", "Dashboard", "Dataset", "Theme", "CurrentUserRestApi", "SecurityRestApi",
                  "DashboardFilterStateRestApi", "DashboardPermalinkRestApi")),
    ("can_write", ("DashboardFilterStateRestApi", "DashboardPermalinkRestApi")),
    ("can_time_range", ("Api",)),
    ("can_get", ("MenuApi",)),
    ("can_dashboard", ("Superset",)),
    ("can_dashboard_permalink", ("Superset",)),
    ("can_csv", ("Superset",)),
    ("can_log", ("Superset",)),
    ("can_language_pack", ("Superset",)),
    ("can_share_dashboard", ("Superset",)),
    ("can_recent_activity", ("Log",)),
    ("can_view_chart_as_table", ("Dashboard",)),
    ("can_userinfo", ("UserDBModelView",)),
    ("resetmypassword", ("UserDBModelView",)),
    ("can_this_form_get", ("ResetMyPasswordView",)),
    ("can_this_form_post", ("ResetMyPasswordView",)),
    ("menu_access", ("Home", "Dashboards")),
)  # fmt: skip
EXPLORES = (
    ("can_read", ("Explore", "ExploreFormDataRestApi", "ExplorePermalinkRestApi")),
    ("can_write", ("Chart", "Dashboard", "ExploreFormDataRestApi", "ExplorePermalinkRestApi")),
    ("can_explore", ("Superset",)),
    ("can_slice", ("Superset",)),
    ("can_share_chart", ("Superset",)),
    ("can_fetch_datasource_metadata", ("Superset",)),
    ("can_get_column_values", ("Datasource",)),
    ("can_view_query", ("Dashboard",)),
    ("menu_access", ("Charts",)),
)
"""What an analyst may do beside it."""


@dataclass(frozen=True)
class Person:
    """A login and the names of its roles. title: how Superset calls the person."""

    username: str
    roles: tuple[str, ...]
    title: str


def owner(tenant: str, username: str | None = None) -> Person:
    """Who reads, exports and shares the dashboards of a tenant; its own login is named by its id."""
    return Person(username or tenant, (_role(tenant),), "(tenant)" if username is None else "(owner)")


def analyst(tenant: str, username: str) -> Person:
    """Who also explores, and saves charts and dashboards of their own."""
    return Person(username, (_role(tenant), ANALYST), "(analyst)")


def operator(username: str) -> Person:
    """Who reads the dashboards of all tenants."""
    return Person(username, (OPERATOR,), "(operator)")


@dataclass
class Access:
    """The changes that a run of `grant` made; none when everything was right already."""

    changes: list[str] = field(default_factory=list)

    def note(self, change: str) -> None:
        self.changes.append(change)


def grant(
    client: SupersetClient, tenants: Sequence[str], credentials: Credentials, colleagues: Sequence[Person] = ()
) -> list[str]:
    """Set roles, rules and logins for `tenants`; returns one line per change, none when run again.

    Each tenant has a login of its id; `colleagues` are the other logins. The datasets have to be imported before. Run
    it after each import: a new dataset needs its grants and rules. A login that is no longer named is deactivated. A
    password is set once; its user may change it afterwards. Raises SupersetError.
    """
    people = [*map(owner, tenants), *colleagues]
    bad = [person.username for person in people if person.username == ADMIN or not LOGIN.fullmatch(person.username)]
    if bad:
        raise SupersetError(
            f"{', '.join(map(repr, bad))} cannot be a login",
            "that of a tenant is named by its id, which becomes part of the names of a role, a rule and a file",
            f"Use letters, digits, - and _ in takings.toml, and not {ADMIN!r}",
        )
    access = Access()
    datasets = [int(row["id"]) for row in listing(client, "dataset/", ["id", "uuid", "schema"]) if _ours(row)]
    if not datasets:
        raise SupersetError("Nothing was granted", "Superset has none of our datasets", "Import the assets first")
    roles = {str(row["name"]): int(row["id"]) for row in listing(client, "security/roles/")}
    reads, explores = _permissions(client, datasets)
    permissions_of = {**{_role(tenant): reads for tenant in tenants}, ANALYST: explores, OPERATOR: reads}
    for name, permissions in permissions_of.items():
        roles[name] = _ensure_role(client, name, roles.get(name), permissions, access)
    _ensure_rules(client, tenants, roles, datasets, access)
    _ensure_users(client, people, roles, credentials, access)
    return access.changes


def _role(tenant: str) -> str:
    return TENANT_ROLE_PREFIX + tenant


def _ours(row: Mapping[str, Any]) -> bool:
    return is_ours(str(row["uuid"])) and row["schema"] == SCHEMA


def _permissions(client: SupersetClient, datasets: Iterable[int]) -> tuple[set[int], set[int]]:
    """The numeric ids of the permissions to read, and of those to explore."""
    known = {
        (row["permission"]["name"], row["view_menu"]["name"]): int(row["id"])
        for row in listing(client, "security/permissions-resources/")
    }
    reads, explores = ([(name, view) for name, views in part for view in views] for part in (READS, EXPLORES))
    missing = [f"{name} on {view}" for name, view in (*reads, *explores) if (name, view) not in known]
    if missing:
        raise SupersetError(
            f"This Superset does not know {', '.join(missing)}",
            "the roles are written for the version in superset_assets/server/requirements.lock",
            "Run that version, or change READS and EXPLORES in superset_assets/access.py",
        )
    marks = {f"(id:{number})" for number in datasets}
    granted = {
        number
        for (name, view), number in known.items()
        if name == "datasource_access" and any(view.endswith(mark) for mark in marks)
    }
    return {known[pair] for pair in reads} | granted, {known[pair] for pair in explores}


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
        BASE_RULE: {"filter_type": "Base", "clause": "1 = 0", "tables": sorted(datasets)}
        | {"roles": sorted([roles["Admin"], roles[OPERATOR]])}
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
    client: SupersetClient,
    people: Sequence[Person],
    roles: Mapping[str, int],
    credentials: Credentials,
    access: Access,
) -> None:
    present = {str(row["username"]): row for row in listing(client, "security/users/")}
    for person in people:
        name = person.username
        body = {
            "username": name,
            "first_name": name,
            "last_name": person.title,
            "email": name + DOMAIN,
            "active": True,
            "roles": sorted(roles[role] for role in person.roles),
        }
        row = present.get(name)
        if row is None:
            call(client, "post", "security/users/", json=body | {"password": credentials.login(name).password})
            access.note(f"login {name} created")
            continue
        current = {"active": row["active"], "roles": sorted(item["id"] for item in row["roles"])}
        if current != {"active": True, "roles": body["roles"]} or row.get("groups"):
            call(client, "put", f"security/users/{row['id']}", json=body | {"groups": []})
            access.note(f"login {name} corrected")
        if not credentials.has(name):  # its entry was removed on purpose, or the file was lost
            login = generated(name)
            call(client, "put", f"security/users/{row['id']}", json={"password": login.password})
            credentials.store(login)  # after the change: what was interrupted is done again
            access.note(f"login {name}: new password in {credentials.path.name}")
    names = {person.username for person in people}
    granted = {role for person in people for role in person.roles}
    for name, row in present.items():
        tenant_roles = {item["name"] for item in row["roles"] if item["name"].startswith(TENANT_ROLE_PREFIX)}
        tenant_is_gone = bool(tenant_roles) and tenant_roles.isdisjoint(granted)
        is_gone = str(row.get("email")).endswith(DOMAIN) and name not in names
        if row["active"] and (tenant_is_gone or is_gone):
            call(client, "put", f"security/users/{row['id']}", json={"active": False})
            what = "its tenant" if tenant_is_gone else "it"
            access.note(f"login {name} deactivated: {what} is no longer configured")
