"""The logos whose addresses are in the settings of stores: fetched when somebody saves the settings, checked, and kept.

Pages, documents and mails show the kept picture, so nobody's browser asks the store's server. Whoever may change
settings must not reach the network in which Takings runs: only public addresses are asked, by https, and no redirect is
followed.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import os
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from semantic.reports.brand import Brand
from semantic.reports.logo import MOST_BYTES, PNG, problem_of

PATIENCE = 5  # seconds for each step of a connection
LONGEST = 15  # seconds for all of it
PART = 16_384
Connect = Callable[[str, int], socket.socket]
"""A connection to a host and a port, ready for a request."""


@dataclass(frozen=True)
class Logo:
    """What is kept for an address: a picture, or the reason why there is none."""

    address: str
    content: bytes | None = None
    media_type: str = ""
    problem: str = ""


class _LogoError(Exception):
    """Why an address gives no logo."""


class Logos:
    """The folder `logos` of a folder: a file per tenant, replaced whole."""

    def __init__(self, folder: Path, connect: Connect | None = None) -> None:
        self._folder = folder / "logos"
        self._connect = connect or _public

    def of(self, tenant: str) -> Logo | None:
        """What is kept for a tenant; None where nothing was fetched, or the file cannot be read."""
        path = self._path(tenant)
        try:
            return _read(path, path.stat().st_mtime_ns)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def follow(self, tenant: str, address: str | None) -> None:
        """Fetch the logo of an address, unless it is kept already; without an address, remove what is kept."""
        if address is None:
            self.remove(tenant)
            return
        logo = self.of(tenant)
        if logo and logo.address == address and not logo.problem:
            return
        try:
            content = self._fetch(address)
            media_type = "image/png" if content.startswith(PNG) else "image/svg+xml"
            wrong = problem_of(content, media_type)
            problem = f"the picture {wrong}" if wrong else ""
        except _LogoError as error:
            content, media_type, problem = b"", "", str(error)
        self._write(tenant, Logo(address, None if problem else content, media_type, problem))

    def brand(self, tenant: str, brand: Brand) -> Brand:
        """A brand with the tenant's logo, where takings.toml names none."""
        if brand.logo is not None:
            return brand
        logo = self.of(tenant)
        return replace(brand, logo=logo.content, logo_type=logo.media_type) if logo and logo.content else brand

    def rename(self, old: str, new: str) -> None:
        """Give the logo of a tenant to its new id."""
        if self._path(old).exists():
            self._path(old).replace(self._path(new))

    def remove(self, tenant: str) -> None:
        self._path(tenant).unlink(missing_ok=True)

    def _path(self, tenant: str) -> Path:
        return self._folder / f"{tenant}.json"

    def _write(self, tenant: str, logo: Logo) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f"{tenant}.{os.getpid()}.partial"
        content = base64.b64encode(logo.content).decode() if logo.content else ""
        about = {"address": logo.address, "media_type": logo.media_type, "problem": logo.problem, "content": content}
        partial.write_text(json.dumps(about), encoding="utf-8")
        partial.replace(self._path(tenant))

    def _fetch(self, address: str) -> bytes:
        """The bytes of an address. Raises _LogoError."""
        parts, until = urlsplit(address), time.monotonic() + LONGEST
        host, port = parts.hostname or "", parts.port or 443
        try:
            connection = http.client.HTTPSConnection(host, port)
            connection.sock = self._connect(host, port)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={"Accept": "image/svg+xml, image/png", "User-Agent": "Takings"})
            answer = connection.getresponse()
            if answer.status != http.HTTPStatus.OK:
                raise _LogoError(
                    f"{host} answers {answer.status} {answer.reason}: give the address of the picture itself"
                )
            content = b""
            while part := answer.read1(PART):
                content += part
                if len(content) > MOST_BYTES:
                    raise _LogoError(f"the picture is larger than {MOST_BYTES // 1000} kB")
                if time.monotonic() > until:
                    raise _LogoError(f"{host} is too slow: it needs more than {LONGEST} seconds")
        except (OSError, http.client.HTTPException) as error:
            raise _LogoError(f"{host} cannot be reached ({error})") from None
        connection.close()
        return content


@lru_cache(maxsize=256)
def _read(path: Path, _written: int) -> Logo:
    """A kept logo, read again only after it was written again."""
    about = json.loads(path.read_text(encoding="utf-8"))
    content = base64.b64decode(about["content"]) if about["content"] else None
    return Logo(about["address"], content, about["media_type"], about["problem"])


def _public(host: str, port: int) -> socket.socket:
    """A TLS connection to a host of the public internet. The address that was checked is the one that is asked."""
    places = [str(place[4][0]) for place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not places or not all(ipaddress.ip_address(place).is_global for place in places):
        raise _LogoError(f"{host} is not a host of the public internet")
    return ssl.create_default_context().wrap_socket(
        socket.create_connection((places[0], port), PATIENCE), server_hostname=host
    )
