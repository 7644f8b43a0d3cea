"""Stripe's error responses."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An error response: its HTTP status, and the ``error`` of its body."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": "invalid_request_error"}
        if code:
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.error["param"] = param


def missing(kind: str, identifier: str, param: str = "id") -> StripeError:
    """An object that does not exist: HTTP 404, or 400 when another parameter than the path names it."""
    return StripeError(404 if param == "id" else 400, f"No such {kind}: '{identifier}'", "resource_missing", param)
