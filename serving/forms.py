"""Proves that a form that arrives was shown by this application, to the same login, in the same browser.

A token is a signature of the login's name and of a random cookie of this browser. Another site can send a form with
the session's cookie, but can read neither. Superset's cookie is not used for it: Superset writes it again while
somebody works, and a form that is open would become invalid.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

from serving.keys import Keys

COOKIE = "takings_form"
PURPOSE = "form"
FIELD = "proof"
HALF_A_DAY = 12 * 3600  # seconds


class ForeignFormError(Exception):
    """A form of another site, of another login, or one that was open for too long."""


def browser_of(request: Request) -> str:
    """The browser's random name: the one that it has, or a new one."""
    return request.cookies.get(COOKIE) or secrets.token_urlsafe(18)


def remember(response: Response, browser: str, *, https: bool) -> None:
    """Give the browser its name."""
    response.set_cookie(COOKIE, browser, max_age=HALF_A_DAY, httponly=True, samesite="strict", secure=https)


def token(keys: Keys, username: str, browser: str) -> str:
    """What a form carries in its field FIELD."""
    key = keys.newest()
    return f"{key}.{_signature(keys, key, username, browser)}"


def check(request: Request, keys: Keys, username: str, sent: str, own: Collection[str]) -> None:
    """Raise ForeignFormError unless the form is ours. `own`: this application's addresses, as browsers have them."""
    key, _, signature = sent.partition(".")
    expected = _signature(keys, key, username, request.cookies.get(COOKIE, ""))
    genuine = bool(expected) and hmac.compare_digest(expected.encode(), signature.encode())
    if not is_from_here(request, own) or not genuine or COOKIE not in request.cookies:
        raise ForeignFormError


def is_from_here(request: Request, own: Collection[str]) -> bool:
    """Whether the browser says that a page of ours sent the form. A page without referrer has the origin null."""
    origin = request.headers.get("origin")
    return origin in own or (origin == "null" and request.headers.get("sec-fetch-site", "same-origin") == "same-origin")


def _signature(keys: Keys, key: str, username: str, browser: str) -> str:
    signature = keys.signature(key, PURPOSE, f"{username}\n{browser}".encode())
    return signature.decode() if signature else ""
