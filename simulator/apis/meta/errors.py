"""Errors of the Graph API, with bodies as recorded."""

from __future__ import annotations

import math
from typing import Any


class GraphError(Exception):
    """An error response; ``minutes`` until calls are accepted again, for the usage headers."""

    def __init__(
        self,
        message: str,
        code: int = 100,
        *,
        subcode: int = 0,
        status: int = 400,
        kind: str = "OAuthException",
        minutes: int = 0,
    ) -> None:
        super().__init__(message)
        self.code, self.subcode, self.status, self.kind = code, subcode, status, kind
        self.minutes = minutes

    def body(self) -> dict[str, Any]:
        error = {"message": str(self), "type": self.kind, "code": self.code, "fbtrace_id": "A1tGvISOabQ9Wbi-j5-V0FS"}
        return {"error": error | ({"error_subcode": self.subcode} if self.subcode else {})}


def missing(method: str, node: str) -> GraphError:
    """An object that does not exist or that the token may not read: the API does not say which."""
    return GraphError(
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def unknown_field(field: str, node_type: str) -> GraphError:
    return GraphError(f"(#100) Tried accessing nonexisting field ({field}) on node type ({node_type})")


def invalid_token() -> GraphError:
    return GraphError("Error validating access token: The session is invalid.", 190, subcode=467, status=401)


def no_permission() -> GraphError:
    return GraphError("(#200) Ad account owner has NOT grant ads_management or ads_read permission", 200, status=403)


def deprecated_version(latest: str) -> GraphError:
    return GraphError("(#2635) You are calling a deprecated version of the Ads API. Please update to the latest "
                      f"version: {latest}.", 2635)  # fmt: skip


def too_many_calls(seconds: float) -> GraphError:
    return GraphError("(#80000) There have been too many calls from this ad-account. Wait a bit and try again.",
                      80000, subcode=2446079, minutes=math.ceil(seconds / 60))  # fmt: skip


def too_much_data() -> GraphError:
    return GraphError("Please reduce the amount of data you're asking for, then retry your request", 1, status=500)
