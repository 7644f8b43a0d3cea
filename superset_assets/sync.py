"""Compare our assets with Superset's by uuid, over REST: plan, apply, drift, prune.

    plan(client, zipped)   what would change            drift(client, zipped)   what people changed in Superset
    apply(client, zipped)  import what differs          prune(client, zipped)   remove our assets that no file has

The bundle is compared with Superset's own export after both are normalised (`normalise`): an export orders columns in
its own way, has numbers in place of uuids, and adds fields.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from supersetapiclient.client import SupersetClient

from superset_assets import bundle, cross_filters
from superset_assets.client import call, ids_by_uuid, send
from superset_assets.errors import RequestFailedError
from superset_assets.names import CERTIFIED_BY, is_ours

SINGULAR = {"databases": "database", "datasets": "dataset", "charts": "chart", "dashboards": "dashboard"}
_LATEST_FIRST = ("dashboards", "charts", "datasets")  # the order of removal; a database is never removed


@dataclass(frozen=True, order=True)
class Asset:
    """One asset: kind (databases, datasets, charts, dashboards), uuid, and its title for people."""

    kind: str
    title: str
    uuid: str


@dataclass(frozen=True)
class Change:
    """An asset that differs, with each path and both values: (path, in the bundle, in Superset)."""

    asset: Asset
    differences: tuple[tuple[str, Any, Any], ...]


@dataclass(frozen=True)
class Plan:
    """What an apply would do. Orphans come from our files, which no longer have them: `prune` removes them."""

    create: list[Asset] = field(default_factory=list)
    update: list[Change] = field(default_factory=list)
    unchanged: list[Asset] = field(default_factory=list)
    orphans: list[Asset] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether an apply would change nothing."""
        return not self.create and not self.update

    def lines(self) -> list[str]:
        """The plan for a terminal: + create, ~ update, - orphan."""
        created = [f"+ {item.kind[:-1]} {item.title}" for item in self.create]
        updated = [
            f"~ {item.asset.kind[:-1]} {item.asset.title}: {', '.join(path for path, _, _ in item.differences[:4])}"
            for item in self.update
        ]
        orphans = [f"- {item.kind[:-1]} {item.title} (in no file; prune removes it)" for item in self.orphans]
        return created + updated + orphans


def plan(client: SupersetClient, zipped: bytes) -> Plan:
    """Compare a bundle with Superset's assets; changes nothing."""
    return _difference(bundle.unpack(zipped), bundle.unpack(exported(client)))


def _difference(ours: bundle.Assets, theirs: bundle.Assets) -> Plan:
    assets, present = _by_uuid(ours), _by_uuid(theirs)
    result = Plan()
    for asset, content in sorted(assets.values(), key=lambda item: item[0]):
        if asset.uuid not in present:
            result.create.append(asset)
            continue
        changed = differences(normalise(asset.kind, content), normalise(asset.kind, present[asset.uuid][1]))
        if changed:
            result.update.append(Change(asset, tuple(changed)))
        else:
            result.unchanged.append(asset)
    others = [item for uuid, item in present.items() if uuid not in assets]
    result.orphans.extend(sorted(asset for asset, content in others if _marked(asset, content)))
    return result


def apply(client: SupersetClient, zipped: bytes) -> Plan:
    """Import the assets of the bundle that differ, if any; returns the plan that was carried out."""
    assets = bundle.unpack(zipped)
    changes = _difference(assets, bundle.unpack(exported(client)))
    if not changes.empty:
        uuids = {asset.uuid for asset in changes.create} | {change.asset.uuid for change in changes.update}
        different = bundle.pack({path: asset for path, asset in assets.items() if asset["uuid"] in uuids})
        files = {"bundle": ("takings.zip", different, "application/zip")}
        try:
            send(client, "post", "assets/import/", files=files, data={"sparse": "true"})  # the others are there
        except RequestFailedError as error:
            raise RequestFailedError(
                "Nothing was imported",
                error.status,
                why=str(error),
                next_step="Superset gives no reason for a bundle that it cannot read: run the offline check (python -m "
                "superset_assets.validate) first, then read Superset's log",
            ) from error
    return changes


def drift(client: SupersetClient, zipped: bytes) -> list[Change]:
    """What people changed in Superset since the last apply, or what was changed in files and not applied yet."""
    return plan(client, zipped).update


def prune(client: SupersetClient, zipped: bytes, *, dry_run: bool = True) -> list[Asset]:
    """Remove our charts, dashboards and datasets that no file has any more; with dry_run only name them.

    Assets that people made in Superset are never touched: they have random uuids and not our mark.
    """
    every = plan(client, zipped).orphans
    orphans = [item for kind in _LATEST_FIRST for item in every if item.kind == kind]
    if dry_run:
        return orphans
    for asset in orphans:
        number = ids_by_uuid(client, SINGULAR[asset.kind])[asset.uuid]
        call(client, "delete", f"{SINGULAR[asset.kind]}/{number}")
    return orphans


def normalise(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """An asset in a form in which ours and Superset's export of it are equal when they mean the same."""
    plain: dict[str, Any] = json.loads(json.dumps(content, default=str))
    for name in _IGNORED | _IGNORED_OF.get(kind, set()):
        plain.pop(name, None)
    if kind == "datasets":
        for part, key in (("columns", "column_name"), ("metrics", "metric_name")):
            plain[part] = {item[key]: {k: v for k, v in item.items() if k != "uuid"} for item in plain.get(part, [])}
    if kind == "charts" and isinstance(plain.get("query_context"), str):
        plain["query_context"] = _queries(json.loads(plain["query_context"]))
    if kind == "charts":
        for name in ("datasource", "slice_id", "dashboards"):
            plain.get("params", {}).pop(name, None)
    if kind == "dashboards":
        _normalise_dashboard(plain)
    filled = _without_nothing(plain)
    return filled if isinstance(filled, dict) else {}


_IGNORED = {"version", "timestamp"}
_IGNORED_OF = {
    "databases": {"sqlalchemy_uri", "extra", "configuration_method", "ssh_tunnel"},  # masked, or filled in by Superset
    "datasets": {"folders", "offset", "default_endpoint", "params", "template_params", "fetch_values_predicate"},
    "dashboards": {"theme_uuid", "theme_id"},
}
# what Superset derives when a dashboard is saved or drawn
_DERIVED = (
    "expanded_slices", "chart_configuration", "global_chart_configuration", "default_filters", "shared_label_colors",
    "map_label_colors", "color_scheme_domain", "chartsInScope", "tabsInScope", "positions", "show_native_filters",
    "chart_customization_config",
)  # fmt: skip


def _normalise_dashboard(plain: dict[str, Any]) -> None:
    metadata = plain.get("metadata", {})
    reach = cross_filters.read(metadata, plain.get("position", {}))
    for name in _DERIVED:
        metadata.pop(name, None)
    metadata.update({"cross_filters": reach} if reach else {})
    for item in metadata.get("native_filter_configuration", []):
        for name in ("chartsInScope", "tabsInScope"):
            item.pop(name, None)
        for target in item.get("targets", []):
            target.pop("datasetId", None)
    for tile in plain.get("position", {}).values():
        if isinstance(tile, dict):
            tile.get("meta", {}).pop("chartId", None)


def _queries(context: dict[str, Any]) -> Any:
    """The queries of a stored query context: the rest repeats the chart's parameters and Superset's numbers."""
    return context.get("queries")


def _without_nothing(value: Any) -> Any:
    """Drop None, empty texts, lists and dicts: exports sometimes write them and sometimes leave them out."""
    if isinstance(value, dict):
        items = {key: _without_nothing(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item not in (None, [], {}, "")}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value


def differences(expected: Any, actual: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Where two normalised assets differ: (path, wanted, actual); lists are compared as wholes."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        pairs = [(key, expected.get(key), actual.get(key)) for key in sorted(expected.keys() | actual.keys())]
        return [item for key, a, b in pairs for item in differences(a, b, f"{path}.{key}" if path else key)]
    return [] if expected == actual else [(path, expected, actual)]


def exported(client: SupersetClient) -> bytes:
    """Superset's own export of all its assets, as a zip."""
    return send(client, "get", "assets/export/").content


def _by_uuid(assets: Mapping[str, dict[str, Any]]) -> dict[str, tuple[Asset, dict[str, Any]]]:
    titles = {
        "databases": "database_name",
        "datasets": "table_name",
        "charts": "slice_name",
        "dashboards": "dashboard_title",
    }
    by_uuid = {}
    for path, content in assets.items():
        kind = path.split("/", 1)[0]
        if kind in titles:
            by_uuid[str(content["uuid"])] = (Asset(kind, str(content[titles[kind]]), str(content["uuid"])), content)
    return by_uuid


def _marked(asset: Asset, content: Mapping[str, Any]) -> bool:
    """Whether an asset in Superset came from our files: its uuid is made from a name and it has our certificate."""
    certificate = (content.get("extra") or {}).get("certification") or {} if asset.kind == "datasets" else content
    return asset.kind != "databases" and is_ours(asset.uuid) and certificate.get("certified_by") == CERTIFIED_BY
