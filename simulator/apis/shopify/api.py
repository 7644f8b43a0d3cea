"""Shopify's HTTP endpoints, for every shop of a world. They hold access tokens, HTTP errors and the transport's faults.

POST /shopify/<account>/admin/api/<version>/graphql.json
POST /shopify/<account>/admin/oauth/access_token
GET  /shopify/<account>/bulk/<number>.jsonl
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.apis.base import Api, Request, Response
from simulator.apis.shopify.bulk import Operation
from simulator.apis.shopify.endpoint import InvalidRequest, ShopEndpoint, ShopifyLimits
from simulator.apis.shopify.query_root import VERSION

URL_LIFETIME = 7 * 86_400
CHUNK_BYTES = 1 << 18
VERSION_HEADER = {"X-Shopify-API-Version": VERSION}
_PATH = re.compile(r"^/shopify/(?P<account>[\w-]+)/(?P<endpoint>.*)$")
_GRAPHQL = re.compile(r"^admin/api/[\w-]+/graphql\.json$")
_FILE = re.compile(r"^bulk/(?P<number>\d+)\.jsonl$")
_BULK_FILE = ("bulk_file",)
_NOT_AUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
_EXPIRED = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>ExpiredToken</Code><Message>Expired.</Message></Error>"
_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>Something went wrong ({0})</h1></body></html>"


@dataclass
class ShopifyApi(Api):
    """``folder`` is where the files of bulk operations are written."""

    folder: Path
    limits: ShopifyLimits
    shops: dict[str, ShopEndpoint] = field(init=False)

    def __post_init__(self) -> None:
        self.shops = {shop.account: self._shop(shop.account) for shop in self.world.shops}

    def _shop(self, account: str) -> ShopEndpoint:
        folder = self.folder / account
        folder.mkdir()
        visits = self.world.visits_by_account.get(account)
        return ShopEndpoint(self.world.history(account), self.faults, folder, self.limits, visits)

    def respond(self, request: Request) -> Response:
        match = _PATH.match(request.path)
        if match is None or match["account"] not in self.shops:
            return _json(404, {"errors": "Not Found"})
        account, endpoint = match["account"], match["endpoint"]
        if request.method == "POST":
            return self._post(account, endpoint, request)
        file = _FILE.match(endpoint)
        return self._file(account, file["number"], request) if file else _json(404, {"errors": "Not Found"})

    def _post(self, account: str, endpoint: str, request: Request) -> Response:
        try:
            body = json.loads(request.body or b"null")
        except ValueError:
            return _json(400, {"errors": "Bad Request: the body is not JSON"})
        if endpoint == "admin/oauth/access_token":
            return self._access_token(account, body)
        if not _GRAPHQL.match(endpoint):
            return _json(404, {"errors": "Not Found"})
        return self._graphql(account, body, request)

    def _access_token(self, account: str, body: Any) -> Response:
        shop, form = self.world.shop(account), body if isinstance(body, dict) else {}
        if form.get("grant_type") != "client_credentials" or form.get("client_secret") != shop.token:
            return _json(400, {"error": "invalid_client", "error_description": "Client authentication failed."})
        return _json(200, {"access_token": shop.token, "scope": ",".join(shop.scopes), "expires_in": 86399})

    def _graphql(self, account: str, body: Any, request: Request) -> Response:
        shop = self.shops[account]
        parsed = shop.parse(body)
        resources = parsed.resources
        self.delay(account, resources)
        response = self._http_error(account, resources, request)
        if response is not None:
            self.record(account, resources, parsed.variables, response.status)
            return response
        if isinstance(parsed, InvalidRequest):
            result = parsed.body
        else:
            result = shop.execute(parsed, self.now(), f"http://{request.headers['host']}/shopify/{account}/bulk")
        self.record(account, resources, parsed.variables, 200)
        text = json.dumps(result, separators=(",", ":"), ensure_ascii=False).encode()
        return self.damage(_response(200, text, "application/json; charset=utf-8"), account, resources)

    def _http_error(self, account: str, resources: tuple[str, ...], request: Request) -> Response | None:
        wrong_token = request.headers.get("x-shopify-access-token") != self.world.shop(account).token
        if wrong_token or self.faults.take("unauthorized", account, resources):
            return _json(401, {"errors": _NOT_AUTHORIZED})
        if fault := self.faults.take("too_many", account, resources):
            headers = {"Retry-After": str(float(fault.seconds))}
            return _response(429, b'{"errors":"Too many requests"}', "application/json", headers)
        if fault := self.faults.take("error", account, resources):
            return _response(fault.status, _HTML.format(fault.status).encode(), "text/html; charset=utf-8")
        return None

    def _file(self, account: str, number: str, request: Request) -> Response:
        """The file of a bulk operation: gzipped for a client that accepts it, else chunked."""
        self.record(account, _BULK_FILE, {}, 200)
        operation = self.shops[account].bulk.operations.get(f"gid://shopify/BulkOperation/{number}")
        expired = operation is not None and self.now() > operation.created_at + URL_LIFETIME
        expired = expired or self.faults.take("url_expired", account, _BULK_FILE) is not None
        if operation is None or expired or not (operation.url or operation.partial_url):
            return _response(403, _EXPIRED, "application/xml")
        if fault := self.faults.take("error", account, _BULK_FILE):
            return _response(fault.status, _HTML.format(fault.status).encode(), "text/html")
        cut = self.faults.take("cut", account, _BULK_FILE) is not None
        truncated = self.faults.take("truncated_file", account, _BULK_FILE) is not None
        packed = _packed(operation, truncated or operation.status == "FAILED")
        if "gzip" in request.headers.get("accept-encoding", ""):
            return _response(200, packed, "application/jsonl", {"Content-Encoding": "gzip"}, cut=cut)
        return Response(200, _unpacked(packed), "application/jsonl")


def _packed(operation: Operation, truncated: bool) -> bytes:
    packed = operation.path.read_bytes()
    if not truncated:
        return packed
    text = gzip.decompress(packed)
    return gzip.compress(text[: max(1, len(text) * 2 // 3)], 1)


def _unpacked(packed: bytes) -> Iterator[bytes]:
    unpack = zlib.decompressobj(wbits=31)
    for start in range(0, len(packed), CHUNK_BYTES):
        if text := unpack.decompress(packed[start : start + CHUNK_BYTES]):
            yield text


def _json(status: int, body: Any) -> Response:
    return _response(status, json.dumps(body).encode(), "application/json; charset=utf-8")


def _response(
    status: int, body: bytes, content_type: str, headers: dict[str, str] | None = None, *, cut: bool = False
) -> Response:
    return Response(status, body, content_type, VERSION_HEADER | (headers or {}), cut)
