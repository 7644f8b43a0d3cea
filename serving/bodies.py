"""Reads the body of a request: whole, and within some seconds."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

READ_SECONDS = 10.0  # a body of some kilobytes comes with its headers


async def body_of(request: Request) -> bytes:
    """The body. Raises HTTPException where it does not arrive; the rest of it is not waited for."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await request.body()
    except (TimeoutError, ClientDisconnect):
        raise HTTPException(408, headers={"connection": "close"}) from None
