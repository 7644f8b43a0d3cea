"""The description of the API and of the tenant API: their openapi.yml, with the refusals that every address shares."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("openapi.yml")
OF_TENANTS = FILE.parents[1] / "tenant_api" / "openapi.yml"
"""The addresses of the tenant API, with the tags and schemas that they add."""
SHARED = {"401": "Unauthorized", "403": "Forbidden", "429": "TooManyRequests", "503": "NoNumbers"}


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1 as plain objects."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    added = yaml.safe_load(OF_TENANTS.read_text(encoding="utf-8"))
    content["tags"] += added["tags"]
    content["paths"] |= added["paths"]
    for kind, items in added["components"].items():
        content["components"][kind] |= items
    for operations in content["paths"].values():
        for operation in operations.values():
            if "security" not in operation:
                references = {code: {"$ref": f"#/components/responses/{name}"} for code, name in SHARED.items()}
                operation["responses"] = {**operation["responses"], **references}
    return content


@cache
def text() -> bytes:
    """The same as JSON."""
    return (json.dumps(document(), ensure_ascii=False, indent=1) + "\n").encode()
