"""The official SDK's server over the tools: one call per request, nothing is remembered between two of them.

Over HTTP each request carries a bearer token of the API, and is limited as there. A request that a page of another
origin sends is refused. Over stdio it serves the one tenant that the command names.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from serving.api import problems
from serving.api.access import Gate
from serving.api.problems import ProblemError
from serving.audit.recording import describe
from serving.bodies import body_of
from serving.cache import Cache
from serving.limiting import Limits
from serving.mcp import results
from serving.mcp.toolbox import Caller, Toolbox, ToolError
from serving.mcp.tools import INSTRUCTIONS, TOOLS
from serving.reader import Reader
from serving.site import Site, Tenant
from serving.tokens import READING

CALLER = "takings.caller"
MOST_BODY = 20_000  # bytes
FAILED = (
    "Something went wrong here: the server's log has it. Ask again in a minute; if it lasts, tell whoever runs Takings."
)
log = logging.getLogger("takings.serving")
Context = ServerRequestContext[Any, Any]
READ_ONLY = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)  # fmt: skip


def server(toolbox: Toolbox, caller_of: Callable[[Context], Caller]) -> Server[Any]:
    """The server. `caller_of`: who sent a request."""

    async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name, title=tool.title, description=tool.description, input_schema=tool.input_schema,
                    output_schema=tool.output_schema, annotations=READ_ONLY,
                )
                for tool in TOOLS
            ]
        )  # fmt: skip

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        _note_tool(context, params.name)
        try:
            result = await toolbox.call(caller_of(context), params.name, params.arguments or {})
        except ToolError as error:
            return _failure(str(error))
        except Exception:  # the SDK would send its text, which may name files
            log.exception("The tool %s failed", params.name)
            return _failure(FAILED)
        text = results.text(params.name, result)
        return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=result)

    return Server(
        "takings", title="Takings", version=version("takings"), instructions=INSTRUCTIONS, on_list_tools=list_tools,
        on_call_tool=call_tool,
    )  # fmt: skip


def _failure(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)


def routes(site: Site, reader: Reader, cache: Cache, limits: Limits) -> APIRouter:
    """/mcp."""
    router, gate = APIRouter(), Gate(site, limits)
    own = server(Toolbox(site, reader, cache), _caller)

    @router.post("/mcp")
    async def messages(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and origin not in site.origins(request.headers.get("host", "")):
            return PlainTextResponse("This page may not ask.\n", 403)
        try:
            access = await gate.open(request, None)
        except ProblemError as error:
            return problems.response(error.problem, request)
        request.scope[CALLER] = Caller(access.tenant, access.token.scopes)
        try:
            return _Messages(own, await body_of(request))
        except HTTPException as error:
            return problems.response(problems.of_error(error), request)

    return router


def _caller(context: Context) -> Caller:
    """Who sent the HTTP request that a message came with."""
    request: Any = context.request
    caller: Caller = request.scope[CALLER]
    return caller


def _note_tool(context: Context, name: str) -> None:
    """Over HTTP the tool is what is read; stdio has no request."""
    if isinstance(context.request, Request):
        describe(context.request, {}, f"tool {name[:60]}")


class _Messages(Response):
    """The SDK's answer to a request, whose body was read already: the SDK would wait for it without an end."""

    def __init__(self, own: Server[Any], body: bytes) -> None:
        super().__init__()
        self._server, self._messages = own, [{"type": "http.request", "body": body, "more_body": False}]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=MOST_BODY,
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # ours are above
        )  # fmt: skip

        async def received() -> Message:
            return self._messages.pop() if self._messages else await receive()

        async with manager.run():
            await manager.handle_request(scope, received, send)


async def serve_stdio(site: Site, tenant: Tenant) -> None:
    """Answer the messages of stdin on stdout, for one tenant, until stdin ends."""
    cache = Cache()
    toolbox = Toolbox(site, Reader(site, cache), cache)
    caller = Caller(tenant, frozenset(READING))
    own = server(toolbox, lambda _: caller)
    async with stdio_server() as (received, sent):
        await own.run(received, sent, own.create_initialization_options())
