"""Errors of the Graph API in the bodies that were recorded."""

from __future__ import annotations

from typing import Any

REDUCE = "Please reduce the amount of data you're asking for, then retry your request"


class GraphError(Exception):
    """An error answer."""

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
        self.minutes = minutes  # until calls are let in again, for the usage headers

    def body(self) -> dict[str, Any]:
        error = {"message": str(self), "type": self.kind, "code": self.code, "fbtrace_id": "A1tGvISOabQ9Wbi-j5-V0FS"}
        return {"error": error | ({"error_subcode": self.subcode} if self.subcode else {})}


def missing(method: str, node: str) -> GraphError:
    """An object that does not exist or may not be seen: the API does not say which."""
    return GraphError(
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def no_field(field: str, node_type: str) -> GraphError:
    return GraphError(f"(#100) Tried accessing nonexisting field ({field}) on node type ({node_type})")


def bad_token() -> GraphError:
    return GraphError("Error validating access token: The session is invalid.", 190, subcode=467, status=401)
