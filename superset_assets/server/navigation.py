"""Which dashboards a tenant has in its navigation: none that its sources cannot fill at all.

A dashboard's file says `only_with`: kinds of sources or records of which one is needed; a published build says in
build.json which kinds each tenant has. A login with one tenant gets links and the list without the others from the
server; for who sees several, controls.js leaves out the links of the tenant that is chosen. An address that somebody
has kept still works: the charts say what is missing.
"""

import json
import re
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from flask import Flask, Response, jsonify, request
from flask_login import current_user

ADDRESS = "/takings/navigation"
OK = 200
REPORTS = {
    "store-performance": ("revenue-overview", "sales-velocity", "product-performance"),
    "creator": ("creator",),
}
"""The reports to which Home leads, by the dashboard that shows what they are about."""


@cache
def _needs() -> dict[str, set[str]]:
    """The kinds of sources or records of which a dashboard needs one, by slug."""
    files = (Path(__file__).parents[1] / "dashboards").glob("*.yaml")
    known = {path.stem.replace("_", "-"): yaml.safe_load(path.read_text("utf-8")) for path in files}
    return {slug: set(content["only_with"]) for slug, content in known.items() if content.get("only_with")}


@lru_cache(maxsize=4)
def hidden(build: Path) -> dict[str, list[str]]:
    """The slugs that each tenant of a published build does not have in its navigation."""
    try:
        about = json.loads((build / "build.json").read_text())
    except FileNotFoundError:
        return {}
    records = about.get("records", {})
    return {
        tenant: [slug for slug, needs in sorted(_needs().items()) if not needs & {*kinds, *records.get(tenant, [])}]
        for tenant, kinds in about.get("sources", {}).items()
    }


def add_to(app: Flask, build: Callable[[], Path], own_tenant: Callable[[], str | None]) -> None:
    """Answer what is hidden, and leave it out of the dashboards that a login with one tenant gets."""

    def answer() -> Any:
        if not current_user.is_authenticated:
            return jsonify({}), 401
        tenant, known = own_tenant(), hidden(build())
        return jsonify({tenant: known.get(tenant, [])} if tenant else known if _sees_all() else {})

    def without_links(response: Response) -> Response:
        if request.endpoint != "DashboardRestApi.get" or response.status_code != OK:
            return response
        slugs = hidden(build()).get(own_tenant() or "", [])
        if slugs:
            body = response.get_json()
            body["result"]["position_json"] = _without(body["result"].get("position_json") or "{}", slugs)
            response.set_data(json.dumps(body))
        return response

    app.add_url_rule(ADDRESS, "takings_navigation", answer)
    app.after_request(without_links)


def _sees_all() -> bool:
    import visible  # noqa: PLC0415 (it asks this module)

    return visible.sees_all({role.name for role in current_user.roles})


def _without(position: str, slugs: list[str]) -> str:
    """A dashboard's layout without the links to these dashboards, and to the reports that belong to them."""
    tiles = json.loads(position)
    link = re.compile(rf" ?\[[^\]]*\]\(/superset/dashboard/(?:{_any(slugs)})/\)")
    reports = [report for slug in slugs for report in REPORTS.get(slug, ())]
    shared = re.compile(rf"\[[^\]]*\]\(/takings/share/(?:{_any(reports)})\)(?:\s*·\s*)?")
    for tile in tiles.values():
        if isinstance(tile, dict) and tile.get("type") == "MARKDOWN":
            text = link.sub("", tile["meta"]["code"])
            tile["meta"]["code"] = re.sub(r"\s*·\s*$", "", shared.sub("", text)) if reports else text
    return json.dumps(tiles)


def _any(words: list[str]) -> str:
    return "|".join(map(re.escape, words))
