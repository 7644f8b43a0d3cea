"""Pull one shop: check it, then stream by stream land, load, move the cursor.

Order matters only where one stream's ids come from another (refunds from orders). An interrupted pull continues where
it stopped; a repeated one changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from connectors.base import Pulled, Stream
from connectors.errors import ConfigurationError, ContractError, IncompleteError
from connectors.shopify import questions, streams
from connectors.shopify.bulk import BulkFailedError, land_by_bulk
from connectors.shopify.client import Client, DeniedError, TooExpensiveError
from connectors.shopify.denials import GRANT
from connectors.shopify.pages import TooLargeError, land_by_pages, root_of
from connectors.shopify.settings import ShopifySettings
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import ATTEMPTS, PullContext, pull_stream

SETTLED = timedelta(minutes=2)  # Shopify's search index lags: the last two minutes wait for the next pull
SESSIONS_AGAIN = timedelta(days=7)  # Shopify completes its report of sessions for some days
QUIET = timedelta(days=365)  # a stretch without sales from which the report is not read day by day
BEFORE_SALES = timedelta(days=365)  # how far before the first order the report is read: visits come before sales
PAGES_UP_TO = timedelta(days=3)  # a longer window goes by bulk
NOT_RECONCILED = (
    "The account is not reconciled: its totals are not compared with Shopify's own report until the app may read it. "
    "Everything else was read."
)
REFUNDS_A_CALL, REFUND_LINES, MOST_REFUND_LINES = 50, 100, 250
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


class _Id(msgspec.Struct):
    id: str


class _More(msgspec.Struct, rename="camel"):
    has_next_page: bool


class _Lines(msgspec.Struct, rename="camel"):
    nodes: list[_Id]
    page_info: _More


class _Refund(msgspec.Struct, rename="camel"):
    id: str
    refund_line_items: _Lines
    transactions: _Lines

    @property
    def has_more(self) -> bool:
        return self.refund_line_items.page_info.has_next_page or self.transactions.page_info.has_next_page


class _ReportColumn(msgspec.Struct):
    name: str


class _ReportTable(msgspec.Struct):
    columns: list[_ReportColumn]
    rows: list[dict[str, Any] | list[Any]] | str


class _Report(msgspec.Struct, rename="camel"):
    parse_errors: Any = None
    table_data: _ReportTable | None = None


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
        try:
            result = pull_stream(context, stream, until, land)
        except (DeniedError, _UnknownReportError) as error:
            if stream is not streams.SALES_TOTALS:
                raise
            # a control: its cursor stays, so that no day is compared until it is readable again
            result = Pulled(stream.name, 0, 0, 0, warnings=(f"{error} {NOT_RECONCILED}",))
        own = (warnings[stream.name],) if stream.name in warnings else ()
        yield replace(
            result,
            denied=tuple(sorted(client.denied)),
            warnings=(*result.warnings, *own, *_denials(client, stream)),
        )


def _denials(client: Client, stream: Stream) -> list[str]:
    """A warning for each field of a stream that stays empty, since the token may not read it."""
    root = root_of(stream)
    return [
        f"{client.label}: {path} stays empty: {message.rstrip('.')}. {GRANT}."
        for path, message in sorted(client.denied.items())
        if path.split(".")[0] == root
    ]


def identify(context: PullContext, settings: ShopifySettings) -> str | None:
    """The shop's id at Shopify. A shop that has got another name answers under both."""
    client = Client(context.account, context.transport, settings.client_id)
    shop = client.execute(f"{{ {streams.SHOP.query} }}").get("shop", msgspec.Raw(b"null"))
    return None if bytes(shop) == b"null" else client.decoded(shop, _Shop, "shop").id


def _check(context: PullContext, client: Client) -> msgspec.Raw:
    """The shop's record of itself. Raises ConfigurationError that names every missing scope."""
    answer = client.execute(PREFLIGHT)
    shop = answer.get("shop", msgspec.Raw(b"{}"))
    if bytes(shop) == b"null":
        raise ConfigurationError(
            f"{client.label}: the token may not read the shop itself. Give the app the scopes that docs/guides/"
            "shopify.md lists, then run again."
        )
    installation = answer.get("currentAppInstallation", msgspec.Raw(b"null"))
    granted = client.decoded(installation, _Installation, "currentAppInstallation")
    missing = sorted(set(streams.SCOPES) - {scope.handle for scope in granted.access_scopes})
    if missing:
        raise ConfigurationError(
            f"{client.label}: the app lacks {', '.join(missing)}. Without them numbers would be "
            "too small, with no error (without read_all_orders Shopify hides all but the last 60 days). "
            "Grant them in the app's settings, then run again."
        )
    _refuse_another_shop(context, client.decoded(shop, _Shop, "shop"))
    return shop


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
    first = context.staging.cursors(context.account).of(stream.name) is None
    whole = first or (stream.cursor is not None and window.start is None)
    by_bulk = whole or (window.start is not None and window.end - window.start > PAGES_UP_TO)
    if "bulk_id" in landed.manifest.state or (by_bulk and stream is not streams.DELETIONS):
        _with_retries(client, lambda: land_by_bulk(client, stream, landed, progress))
        return
    try:
        land_by_pages(client, stream, landed, progress)
    except TooLargeError:
        if stream is streams.DELETIONS:
            raise  # events cannot go by bulk
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
    size, lines, most, count = REFUNDS_A_CALL, REFUND_LINES, MOST_REFUND_LINES, 0
    while count < len(missing):
        ids = [f"gid://shopify/Refund/{key}" for key in missing[count : count + size]]
        query = f"query refunds($ids: [ID!]!) {{ {streams.REFUNDS.query % {'inner': lines}} }}"
        try:
            nodes = client.read("nodes", list[msgspec.Raw], query, {"ids": ids})
        except TooExpensiveError:
            if size > 1:
                size //= 2
            elif lines > 1:
                lines = most = lines // 2
            else:
                raise
            continue
        if len(nodes) != len(ids):
            raise IncompleteError(
                f"{client.label}: {len(nodes)} of {len(ids)} refunds came", next_step="Run again later"
            )
        refunds = [bytes(node) for node in nodes if bytes(node) != b"null"]
        shapes = [client.decoded(node, _Refund, "nodes") for node in refunds]
        if any(shape.has_more for shape in shapes):
            if lines >= most:
                raise ContractError(
                    f"{client.label}: a refund has more than {most} lines: too many for one request. Update Takings."
                )
            lines = most
            continue
        landed.extend_part(refunds)
        count += len(ids)
        context.progress("refunds", count, len(missing), "by id")
    landed.seal()


def _land_totals(context: PullContext, client: Client, landed: LandedWindow) -> None:
    """Shopify's own sales report, whole: an imported order or an edit changes days long past."""
    until = landed.manifest.end.date() + timedelta(days=1)
    rows = [
        row
        for since, last, quiet in _stretches([day for (day,) in context.reader.rows(questions.DAYS_OF_SALES)], until)
        if not quiet or _has_sales(client, since, last)
        for row in _sales(client, "day", since, last)
    ]
    landed.restart()
    landed.write_part(rows)
    landed.seal(rows=len(rows))


def _stretches(days: list[date], until: date) -> list[tuple[date, date, bool]]:
    """First day, last day, and whether no sale of it is stored: from the day before the first sale up to `until`.

    A stretch without sales of at least QUIET is one of its own, since one imported order of 1970 would make 20,000
    days of zeros in each report.
    """
    if not days:
        return []
    stretches, since = list[tuple[date, date, bool]](), days[0] - timedelta(days=1)
    for day, following in zip(days, [*days[1:], until], strict=True):
        first, last = day + timedelta(days=2), following - timedelta(days=2)
        if last - first >= QUIET:
            stretches += [(since, first - timedelta(days=1), False), (first, last, True)]
            since = last + timedelta(days=1)
    return [*stretches, (since, until, False)]


def _has_sales(client: Client, since: date, until: date) -> bool:
    """Whether Shopify's report has anything in a stretch in which no sale is stored; read by years."""
    try:
        rows = _sales(client, "year", since, until)
    except _UnknownReportError:
        return True
    amounts = [value for row in rows for name, value in msgspec.json.decode(row).items() if name != "year"]
    return any(value is not None and Decimal(value) for value in amounts)


def _sales(client: Client, grain: str, since: date, until: date) -> list[bytes]:
    return _report(client, streams.SALES_TOTALS.query % {"grain": grain, "since": since, "until": until})


def _land_sessions(context: PullContext, client: Client, landed: LandedWindow, warnings: dict[str, str]) -> None:
    """Shopify's report of sessions: whole at first, later the last days again. A shop may not have it."""
    end, held = landed.manifest.end.date(), context.reader.first(questions.LAST_DAY_OF_SESSIONS)
    first = context.reader.first(questions.FIRST_ORDER)
    since = (first[0].date() if first and first[0] else end) - BEFORE_SALES
    if held and held[0]:  # not the window's start: the report may have been denied since
        since = held[0] - SESSIONS_AGAIN
    until, rows = end + timedelta(days=1), list[bytes]()
    landed.restart()
    try:
        rows = _report(client, streams.SESSIONS_TOTALS.query % {"since": since, "until": until})
        landed.cover(since, until)
    except (DeniedError, _UnknownReportError) as error:
        warnings["sessions_totals"] = (
            f"{error} Sessions of this shop are not read; everything else is. docs/guides/shopify.md says what the "
            "report of sessions needs; events of a files source can take its place."
        )
    landed.write_part(rows)
    landed.seal(rows=len(rows))


def _report(client: Client, ql: str) -> list[bytes]:
    """A ShopifyQL table as records. Rows come as objects, or as lists in the order of the columns."""
    report = client.read(
        "shopifyqlQuery",
        _Report,
        "query totals($q: String!) { shopifyqlQuery(query: $q) { parseErrors tableData { columns { name } rows } } }",
        {"q": ql},
    )
    if report.parse_errors or report.table_data is None:
        raise _UnknownReportError(f"{client.label}: Shopify cannot run the report: {str(report.parse_errors)[:300]}.")
    names, rows = [column.name for column in report.table_data.columns], report.table_data.rows
    if isinstance(rows, str):
        rows = client.decoded(rows.encode(), list[dict[str, Any] | list[Any]], "tableData.rows")
    records = [row if isinstance(row, dict) else dict(zip(names, row, strict=False)) for row in rows]
    if any(set(names) - record.keys() for record in records):
        raise ContractError(f"{client.label}: a row of Shopify's report lacks a column", "", "Run again later")
    return [msgspec.json.encode(record) for record in records]
