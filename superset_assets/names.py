"""Names of assets: every uuid is the uuid5 of kind and name, so an asset is the same one on every machine."""

import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://takings.dev/superset")
CERTIFIED_BY = "Takings"  # marks the assets from our files, visible in Superset
DATABASE = "warehouse"
SCHEMA = "marts"
TENANT_ROLE_PREFIX = "tenant:"
HOME = "home"  # the dashboard that a login opens, also in server/landing.py


def asset_uuid(kind: str, name: str) -> str:
    """The uuid of an asset by its `kind` (databases, datasets, charts, dashboards) and its name."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))


def is_ours(candidate: str) -> bool:
    """Whether a uuid can come from `asset_uuid`: assets that people made have random uuids (version 4)."""
    return uuid.UUID(candidate).version == 5
