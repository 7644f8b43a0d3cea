"""Reads a platform's request: its whole body within some seconds, and only once its signature is right."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from serving.chat.signatures import UnsignedError

READ_SECONDS = 10.0  # a body of some kilobytes comes with its headers


async def body_of(request: Request, seconds: float = READ_SECONDS) -> bytes:
    """The body. Raises HTTPException where it does not arrive."""
    try:
        async with asyncio.timeout(seconds):
            return await request.body()
    except (TimeoutError, ClientDisconnect):
        raise HTTPException(408) from None


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
