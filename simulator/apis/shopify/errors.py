"""Errors of the GraphQL Admin API in Shopify's words. HTTP errors are in ``api``."""

from __future__ import annotations

import re
from typing import Any

from graphql import GraphQLError

RATE_LIMITS = "https://shopify.dev/api/usage/rate-limits"
ACCESS_SCOPES = "https://shopify.dev/api/usage/access-scopes"
MISSING_QUERY = {"query": "Required parameter missing or invalid"}
THROTTLED = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": RATE_LIMITS}}
_UNDEFINED = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")


def refused(message: str, code: str = "BAD_REQUEST") -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


def access_denied(type_name: str, field: str, scope: str) -> GraphQLError:
    return GraphQLError(
        f"Access denied for {field} field. Required access: {scope}.",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": ACCESS_SCOPES,
            "typeName": type_name,
            "fieldName": field,
            "requiredAccess": scope,
        },
    )


def max_cost_exceeded(cost: int, limit: int) -> dict[str, Any]:
    message = f"Query cost is {cost}, which exceeds the single query max cost limit ({limit})."
    extensions = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": limit, "documentation": RATE_LIMITS}
    return {"message": message, "extensions": extensions}


def formatted(error: GraphQLError) -> dict[str, Any]:
    """An error of the execution as JSON. Raises the original error when it is a bug of the simulator."""
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        raise error.original_error
    return dict(error.formatted)


def validation_error(error: GraphQLError) -> dict[str, Any]:
    """A validation error as JSON, an undefined field in Shopify's words."""
    body = dict(error.formatted)
    if match := _UNDEFINED.match(error.message):
        field, type_name = match.groups()
        body["message"] = f"Field '{field}' doesn't exist on type '{type_name}'"
        body["extensions"] = {"code": "undefinedField", "typeName": type_name, "fieldName": field}
    return body


class BulkError(Exception):
    """A user error of ``bulkOperationRunQuery``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def user_error(self) -> dict[str, Any]:
        return {"code": self.code, "field": ["query"] if self.code == "INVALID" else None, "message": str(self)}
