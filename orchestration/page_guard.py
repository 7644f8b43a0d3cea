"""The guard in front of Dagster's pages, which have no login and no check of who asks.

A page of another site that the administrator's browser has open can send requests to this machine, and can take a name
of its own for it (DNS rebinding). So the guard refuses another host or origin, and a GraphQL document in an address:
whoever reads may send a link, and GET may start a run. Everything else needs a login: the administrator's, or an
operator's.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost")


def guarded(app: ASGIApp, logins: Mapping[str, str]) -> ASGIApp:
    """`app` behind the guard; HTTP and websockets alike. logins: password by user name."""
    return TrustedHostMiddleware(_Guard(app, logins), HOSTS, www_redirect=False)


class _Guard:
    """Asks for the login once and then accepts a cookie, since not every browser sends a login to a websocket."""

    def __init__(self, app: ASGIApp, logins: Mapping[str, str]) -> None:
        self._app = app
        self._logins = [b"Basic " + base64.b64encode(f"{name}:{word}".encode()) for name, word in logins.items()]
        self._cookie, self._token = f"takings_{secrets.token_hex(4)}", secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        headers = connection.headers
        if headers.get("origin") not in {None, f"http://{headers['host']}"}:
            await PlainTextResponse("Refused: the request comes from a page of another site.", 403)(
                scope, receive, send
            )
        elif not self._logged_in(connection):
            answer = PlainTextResponse(
                "Log in as Takings' administrator or an operator.",
                401,
                {"WWW-Authenticate": 'Basic realm="Takings", charset="UTF-8"'},
            )
            await answer(scope, receive, send)
        elif scope.get("method") == "GET" and "query" in connection.query_params:
            await PlainTextResponse("Refused: send GraphQL by POST.", 405, {"Allow": "POST"})(scope, receive, send)
        else:
            await self._app(scope, receive, self._with_cookie(send))

    def _logged_in(self, connection: HTTPConnection) -> bool:
        login = connection.headers.get("authorization", "").encode("latin-1")
        cookie = connection.cookies.get(self._cookie, "").encode()
        known = [hmac.compare_digest(login, item) for item in self._logins]  # all of them: always the same time
        return any(known) or hmac.compare_digest(cookie, self._token.encode())

    def _with_cookie(self, send: Send) -> Send:
        cookie = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = Headers(raw=message.get("headers", []))
                message["headers"] = [*headers.raw, (b"set-cookie", cookie.encode())]
            await send(message)

        return sending
