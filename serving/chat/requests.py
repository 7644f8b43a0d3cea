"""Reads the headers of a platform's request."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from serving.chat.signatures import UnsignedError


def header(request: Request, name: str) -> str:
    """A header that is there once. Raises UnsignedError."""
    values = request.headers.getlist(name)
    if len(values) != 1 or not values[0].isascii():
        raise UnsignedError
    return values[0]


def check_type(request: Request, media_type: str) -> None:
    """Raise HTTPException unless the body is said to be of this type."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        raise HTTPException(415)
