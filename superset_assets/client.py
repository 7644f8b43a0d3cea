"""Superset's REST API. superset-api-client handles the session: login, token refresh and CSRF."""

import json
import os
from collections.abc import Iterator, Mapping
from http.cookiejar import Cookie
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import requests
from requests.cookies import RequestsCookieJar
from supersetapiclient.client import SupersetClient

from superset_assets.errors import RequestFailedError

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
Method = Literal["get", "post", "put", "delete"]
PAGE = 100  # the largest page of Superset's listings


def connect(url: str, username: str, password: str) -> SupersetClient:
    """A logged-in client. Plain http is allowed to this machine only: elsewhere it would expose the token."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        if parts.hostname not in LOOPBACK:
            raise RequestFailedError(
                "The password was not sent", why=f"{url} is not encrypted", next_step="Use its https address"
            )
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # oauthlib refuses http even on the loopback
    client = SupersetClient(url, username, password)
    try:
        _ = client.session  # logs in and fetches the CSRF token
    except (requests.RequestException, OSError) as error:
        status = getattr(getattr(error, "response", None), "status_code", 0) or 0
        raise RequestFailedError(
            f"Cannot log in to Superset at {url} as {username}",
            status,
            why=str(error),
            next_step="Too many wrong passwords came from this machine: wait five minutes"
            if status == 429
            else "Is it running, and is the password the one in credentials.json of its home folder?",
        ) from error
    if parts.hostname in LOOPBACK:
        cookies = LoopbackCookies()
        cookies.update(client.session.cookies)
        client.session.cookies = cookies
    return client


class LoopbackCookies(RequestsCookieJar):
    """Sends cookies for https by http as well, as browsers do on their own machine."""

    def set_cookie(self, cookie: Cookie, *arguments: Any, **options: Any) -> Any:
        cookie.secure = False
        return super().set_cookie(cookie, *arguments, **options)


def call(client: SupersetClient, method: Method, path: str, **options: Any) -> Any:
    """One REST call below /api/v1; the decoded answer (None when empty). Raises RequestFailedError with the reason."""
    response = send(client, method, path, **options)
    return response.json() if response.content else None


def send(client: SupersetClient, method: Method, path: str, **options: Any) -> requests.Response:
    """Like `call`, for answers that are not JSON."""
    url = client.join_urls(client.base_url, path)
    try:
        response: requests.Response = getattr(client, method)(url, timeout=120, **options)
    except requests.RequestException as error:
        raise RequestFailedError(
            f"Superset did not answer {method.upper()} {path}", why=str(error), next_step="Is it running?"
        ) from error
    if not response.ok:
        raise RequestFailedError(
            f"Superset refused {method.upper()} {path} with status {response.status_code}",
            response.status_code,
            why=_reason(response),
        )
    return response


def listing(client: SupersetClient, path: str, columns: list[str] | None = None) -> Iterator[Mapping[str, Any]]:
    """Every row of a listing, page by page."""
    page = 0
    while True:
        chosen = f"columns:!({','.join(columns)})," if columns else ""
        query = f"({chosen}page:{page},page_size:{PAGE})"
        answer = call(client, "get", f"{path}?q={quote(query)}")
        yield from answer["result"]
        page += 1
        if page * PAGE >= answer["count"]:
            return


def ids_by_uuid(client: SupersetClient, kind: str) -> dict[str, int]:
    """Superset's numeric id of each chart, dashboard, dataset or database, by uuid (`kind` in the singular)."""
    return {str(row["uuid"]): int(row["id"]) for row in listing(client, f"{kind}/", ["id", "uuid"])}


def _reason(response: requests.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return "no reason given; see Superset's log"
    return json.dumps(body.get("errors") or body.get("message") or body)[:600]
