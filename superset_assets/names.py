"""Names of assets: every uuid is uuid5 of a path, so a file keeps its identity on every machine."""

import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://takings.dev/superset")
CERTIFIED_BY = "Takings"  # the mark, shown in Superset, of what is kept in files
DATABASE = "warehouse"
SCHEMA = "marts"
TENANT_ROLE_PREFIX = "tenant:"


def asset_uuid(kind: str, name: str) -> str:
    """The uuid of `kind` (databases, datasets, charts, dashboards) and file stem `name`."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))


def is_ours(candidate: str) -> bool:
    """Whether a uuid can have been named by `asset_uuid`: people's own assets carry random (version 4) ones."""
    return uuid.UUID(candidate).version == 5
