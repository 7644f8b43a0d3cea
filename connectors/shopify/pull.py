"""Pull one shop: check it, then stream by stream land, load, move the cursor.

Order matters only where one stream's ids come from another (refunds from orders). An interrupted pull continues where
it stopped; a repeated one changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import msgspec

from connectors.base import Pulled, Stream
from connectors.errors import ConfigurationError, ContractError, IncompleteError
from connectors.shopify import questions, streams
from connectors.shopify.bulk import BulkFailedError, land_by_bulk
from connectors.shopify.client import Client, DeniedError, TooExpensiveError
from connectors.shopify.pages import TooLargeError, land_by_pages
from connectors.shopify.settings import ShopifySettings
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import ATTEMPTS, PullContext, pull_stream

SETTLED = timedelta(minutes=2)  # Shopify's search index lags: the last two minutes wait for the next pull
SESSIONS_AGAIN = timedelta(days=7)  # Shopify completes its report of sessions for some days
BEFORE_SALES = timedelta(days=365)  # how far before the first sale the report is read: visits come before sales
PAGES_UP_TO = timedelta(days=3)  # a longer window goes by bulk
REFUNDS_A_CALL, REFUND_LINES = 50, 100
PREFLIGHT = f"{{ currentAppInstallation {{ accessScopes {{ handle }} }} {streams.SHOP.query} }}"


class _UnknownReportError(ContractError):
    """A report's query names a table or a column that this shop does not have."""


class _Scope(msgspec.Struct):
    handle: str


class _Shop(msgspec.Struct):
    id: str
    name: str


class _Installation(msgspec.Struct, rename="camel"):
    access_scopes: list[_Scope]


def pull(context: PullContext, settings: ShopifySettings) -> Iterator[Pulled]:
    """Pull everything that is new in one shop, stream by stream; yields what each stream did.

    Raises the errors of connectors.errors; what earlier streams loaded is kept.
    """
    client = Client(context.account, context.transport, settings.client_id)
    context.staging.prepare(context.account.source, streams.STREAMS)
    shop = _check(context, client)
    until, warnings = context.transport.now(client.label) - SETTLED, dict[str, str]()
    steps: dict[str, Callable[[LandedWindow], None]] = {
        "shop": lambda landed: _land_record(landed, [shop]),
        "refunds": lambda landed: _land_refunds(context, client, landed),
        "sales_totals": lambda landed: _land_totals(context, client, landed),
        "sessions_totals": lambda landed: _land_sessions(context, client, landed, warnings),
    }
    for stream in streams.STREAMS:
        land = steps.get(stream.name) or partial(_land, context, client, stream)
        result = pull_stream(context, stream, until, land)
        own = (warnings[stream.name],) if stream.name in warnings else ()
        yield replace(result, denied=tuple(sorted(client.denied)), warnings=(*result.warnings, *own))


def identify(context: PullContext, settings: ShopifySettings) -> str | None:
    """The shop's id at Shopify. A shop that has got another name answers under both."""
    answer = Client(context.account, context.transport, settings.client_id).execute(f"{{ {streams.SHOP.query} }}")
    return None if bytes(answer["shop"]) == b"null" else msgspec.json.decode(answer["shop"], type=_Shop).id


def _check(context: PullContext, client: Client) -> msgspec.Raw:
    """The shop's record of itself. Raises ConfigurationError that names every missing scope."""
    answer = client.execute(PREFLIGHT)
    if bytes(answer["shop"]) == b"null":
        raise ConfigurationError(
            f"{client.label}: the token may not read the shop itself. Give the app the scopes that docs/guides/"
            "shopify.md lists, then run again."
        )
    granted = msgspec.json.decode(answer["currentAppInstallation"], type=_Installation)
    missing = sorted(set(streams.SCOPES) - {scope.handle for scope in granted.access_scopes})
    if missing:
        raise ConfigurationError(
            f"{client.label}: the app lacks {', '.join(missing)}. Without them numbers would be "
            "too small, with no error (without read_all_orders Shopify hides all but the last 60 days). "
            "Grant them in the app's settings, then run again."
        )
    _refuse_another_shop(context, msgspec.json.decode(answer["shop"], type=_Shop))
    return answer["shop"]


def _refuse_another_shop(context: PullContext, shop: _Shop) -> None:
    """An account keeps the shop that it was first pulled from: orders of two shops would be added up."""
    account, known = context.account, context.reader.first(questions.SHOP)
    if known and known[0] != shop.id.rsplit("/", 1)[-1]:
        raise ConfigurationError(
            f"Shopify account {account.account} of tenant {account.tenant_id} was the shop {known[1]!r} until now and "
            f"is the shop {shop.name!r} at {account.base_url}. Nothing was pulled. Give the new shop an account name "
            "of its own in takings.toml, or correct `base_url`."
        )


def _land(context: PullContext, client: Client, stream: Stream, landed: LandedWindow) -> None:
    window, progress = landed.window, context.progress
    first = context.staging.cursors(context.account).loaded_window(stream.name) is None
    whole = first or (stream.cursor is not None and window.start is None)
    by_bulk = whole or (window.start is not None and window.end - window.start > PAGES_UP_TO)
    if "bulk_id" in landed.manifest.state or (by_bulk and stream is not streams.DELETIONS):
        _with_retries(client, lambda: land_by_bulk(client, stream, landed, progress))
        return
    try:
        land_by_pages(client, stream, landed, progress)
    except TooLargeError:
        landed.restart()
        _with_retries(client, lambda: land_by_bulk(client, stream, landed, progress))


def _with_retries(client: Client, land: Callable[[], None]) -> None:
    """Start a bulk operation that failed on Shopify's side again, a few times, with pauses."""
    for attempt in range(ATTEMPTS):
        if attempt:
            client.transport.wait(2.0**attempt)
        try:
            return land()
        except IncompleteError:
            if attempt + 1 == ATTEMPTS:
                raise
        except BulkFailedError:
            if attempt + 1 == ATTEMPTS:
                raise
    return None


def _land_record(landed: LandedWindow, records: list[msgspec.Raw]) -> None:
    landed.write_part(bytes(record) for record in records)
    landed.seal(rows=len(records))


def _land_refunds(context: PullContext, client: Client, landed: LandedWindow) -> None:
    """Refunds that orders name and staging does not have in that version."""
    missing = [row[0] for row in context.reader.rows(questions.MISSING_REFUNDS)]
    landed.restart()
    size, lines, count = REFUNDS_A_CALL, REFUND_LINES, 0
    while count < len(missing):
        ids = [f"gid://shopify/Refund/{key}" for key in missing[count : count + size]]
        query = f"query refunds($ids: [ID!]!) {{ {streams.REFUNDS.query % {'inner': lines}} }}"
        try:
            nodes = msgspec.json.decode(client.execute(query, {"ids": ids})["nodes"], type=list[msgspec.Raw])
        except TooExpensiveError:
            if size == 1:
                raise
            size = max(1, size // 2)
            continue
        refunds = [bytes(node) for node in nodes if bytes(node) != b"null"]
        if any(b'"hasNextPage":true' in node.replace(b" ", b"") for node in refunds):
            if lines == 250:
                raise ContractError(
                    f"{client.label}: a refund has more than 250 lines: too many for one request. Update Takings."
                )
            lines = 250
            continue
        landed.write_part(refunds)
        count += len(ids)
        context.progress("refunds", count, len(missing), "by id")
    landed.seal()


def _land_totals(context: PullContext, client: Client, landed: LandedWindow) -> None:
    """Shopify's own sales report, whole: an imported order or an edit changes days long past."""
    rows: list[bytes] = []
    if first := _first_day(context):
        until = landed.manifest.end.date() + timedelta(days=1)
        rows = list(_rows(_report(client, streams.SALES_TOTALS.query % {"since": first, "until": until})))
    landed.restart()
    landed.write_part(rows)
    landed.seal(rows=len(rows))


def _land_sessions(context: PullContext, client: Client, landed: LandedWindow, warnings: dict[str, str]) -> None:
    """Shopify's report of sessions: whole at first, later the last days again. A shop may not have it."""
    end, held = landed.manifest.end.date(), context.reader.first(questions.LAST_DAY_OF_SESSIONS)
    since = (_first_day(context) or end) - BEFORE_SALES
    if held and held[0]:  # not the window's start: the report may have been denied since
        since = held[0] - SESSIONS_AGAIN
    until, rows = end + timedelta(days=1), list[bytes]()
    landed.restart()
    try:
        rows = list(_rows(_report(client, streams.SESSIONS_TOTALS.query % {"since": since, "until": until})))
        landed.cover(since, until)
    except (DeniedError, _UnknownReportError) as error:
        warnings["sessions_totals"] = (
            f"{error} Sessions of this shop are not read; everything else is. docs/guides/shopify.md says what the "
            "report of sessions needs; events of a files source can take its place."
        )
    landed.write_part(rows)
    landed.seal(rows=len(rows))


def _first_day(context: PullContext) -> date | None:
    """The day before the first sale; None for none."""
    first = context.reader.first(questions.FIRST_SALE)
    return first[0].date() - timedelta(days=1) if first and first[0] else None


def _report(client: Client, ql: str) -> msgspec.Raw:
    answer = client.execute(
        "query totals($q: String!) { shopifyqlQuery(query: $q) { parseErrors tableData { columns { name } rows } } }",
        {"q": ql},
    )
    return answer["shopifyqlQuery"]


def _rows(raw: msgspec.Raw) -> Iterator[bytes]:
    """A ShopifyQL table as records. Rows come as objects, or as lists in the order of the columns."""
    report = msgspec.json.decode(raw)
    if report is None or report["parseErrors"] or report["tableData"] is None:
        raise _UnknownReportError(f"Shopify cannot run the report: {report and report['parseErrors']}.")
    names = [column["name"] for column in report["tableData"]["columns"]]
    rows = report["tableData"]["rows"]
    for row in msgspec.json.decode(rows) if isinstance(rows, str) else rows:
        yield msgspec.json.encode(row if isinstance(row, dict) else dict(zip(names, row, strict=True)))
