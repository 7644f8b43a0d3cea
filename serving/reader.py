"""Reports for pages and downloads: the semantic layer fills and draws them, the cache keeps them for a minute.

A page and the files below it come from one Content, so that all of them show the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from common.presets import Days
from semantic import warehouse
from semantic.errors import ReportError, UnknownNameError, UnknownTenantError
from semantic.reports import library
from semantic.reports import page as pages
from semantic.reports.check import check
from semantic.reports.content import Content
from semantic.reports.csv import file_name
from semantic.reports.declaration import Report
from semantic.reports.fill import fill
from semantic.reports.fillable import fillable
from semantic.reports.formats import FORMATS
from serving import builds
from serving.cache import Cache
from serving.site import Site, Tenant

ROWS = 50  # of a table on a page
OVERHEAD = 50_000  # bytes of a Content beside its tables
DOWNLOADS = ("csv", "xlsx", "pdf")
EXPORTS = frozenset(("funnel", "refund-rate", "revenue-by-day", "top-customers", "top-products"))
"""Reports that are the rows of one chart of a dashboard: they come after the others in a list."""


def downloads() -> tuple[str, ...]:
    """The formats that a page offers."""
    return tuple(name for name in DOWNLOADS if name in FORMATS)


@dataclass(frozen=True)
class Question:
    """Which report of which tenant over which days. `period`: the name that the days come from, where they do."""

    report: str
    tenant: Tenant
    days: Days
    period: str | None = None
    rolling: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from other questions."""
        return (self.tenant.id, self.report, self.days, self.period, self.rolling)


@dataclass(frozen=True)
class Addresses:
    """Where the buttons of a page lead. `part` gives the address of a part of its table, from 1."""

    downloads: Mapping[str, str]
    part: Callable[[int], str]
    navigation: Mapping[str, str]


class Reader:
    """Answers for one event loop."""

    def __init__(self, site: Site, cache: Cache | None = None) -> None:
        self._site, self._cache = site, cache or Cache()
        self._scope: object = None
        self._offered: dict[str, Collection[str]] = {}

    def titles(self, tenant: str | None = None) -> dict[str, tuple[str, str]]:
        """Title and question of every report by its name, exports last; `broken` are not among them.

        With a tenant, those that its sources can fill; all of them for a tenant that is not published.
        """
        declared = [library.find(name, self._site.custom).report for name in self._names(broken=False)]
        offered = self._fillable(tenant, declared) if tenant else {report.name for report in declared}
        titles = {report.name: (report.title, report.question) for report in declared if report.name in offered}
        return dict(sorted(titles.items(), key=lambda item: (item[0] in EXPORTS, item[1])))

    def _fillable(self, tenant: str, reports: Sequence[Report]) -> Collection[str]:
        """The reports of which the tenant has a number; asked once per build, and again when a report changed."""
        scope = (warehouse.current(self._site.published), tuple((item.name, *item.metrics()) for item in reports))
        if scope != self._scope:
            self._scope, self._offered = scope, {}
        if tenant not in self._offered:
            try:
                with warehouse.open_build(self._site.published, tenant) as build:
                    self._offered[tenant] = fillable(build, reports)
            except UnknownTenantError:
                return {report.name for report in reports}
        return self._offered[tenant]

    def naming(self) -> frozenset[str]:
        """The reports that show who single customers are."""
        names = self._names(broken=False)
        return frozenset(name for name in names if library.find(name, self._site.custom).report.names_customers)

    def broken(self) -> list[str]:
        """The names of reports of one's own whose files have mistakes."""
        return self._names(broken=True)

    def _names(self, *, broken: bool) -> list[str]:
        names, catalog = [] if broken else list(library.built_in()), warehouse.definitions(self._site.published)
        for name in library.custom_files(self._site.custom):
            try:
                check(library.find(name, self._site.custom), catalog)
            except ReportError:
                names += [name] * broken
            else:
                names += [name] * (not broken)
        return names

    async def page(self, question: Question, part: int, addresses: Addresses) -> tuple[bytes, str]:
        """The report as an HTML page and its content security policy. A part behind the last one shows the last one.

        Raises a SemanticError.
        """
        brand = question.tenant.brand
        run_id, content = await self._filled(question)
        last = max(1, -(-content.table.num_rows // ROWS))
        number = min(part, last)

        def draw() -> bytes:
            shown = pages.Page(
                number, ROWS,
                previous=addresses.part(number - 1) if number > 1 else None,
                next=addresses.part(number + 1) if number < last else None,
            )  # fmt: skip
            return pages.render(
                content, brand, links=addresses.downloads, navigation=addresses.navigation, page=shown,
            ).encode()  # fmt: skip

        form = ("page", number, *addresses.downloads.values(), *addresses.navigation.values(), brand)
        return await self._cache.get(run_id, (*question.key, *form), draw, len), pages.policy(brand)

    async def file(self, question: Question, format: str, formats: Collection[str] = ()) -> bytes:
        """The report as a file of one of `formats`, by default of `downloads`. Raises a SemanticError."""
        return (await self.with_file(question, format, formats))[1]

    async def with_file(self, question: Question, format: str, formats: Collection[str] = ()) -> tuple[Content, bytes]:
        """The report itself and its file, both of one build also where another one is published meanwhile."""
        known = formats or downloads()
        if format not in known:
            raise UnknownNameError("format", format, known)
        brand = question.tenant.brand
        run_id, content = await self._filled(question)
        key = (*question.key, format, brand)
        return content, await self._cache.get(run_id, key, lambda: FORMATS[format].dump(content, brand), len)

    async def content(self, question: Question) -> Content:
        """The report itself. Raises a SemanticError."""
        return (await self._filled(question))[1]

    async def _filled(self, question: Question) -> tuple[str, Content]:
        """The run whose build is published, and the report's numbers."""
        run_id = await builds.run_id(self._site.published)
        return run_id, await self._cache.get(run_id, question.key, lambda: self._fill(question), _bytes_of)

    def _fill(self, question: Question) -> Content:
        first, last = question.days
        return fill(
            self._site.published, question.report, first, last, tenant=question.tenant.id, now=self._site.now(),
            subject=question.tenant.subject, period=question.period, rolling=question.rolling,
            custom=self._site.custom,
        )  # fmt: skip


def name_of(question: Question, format: str) -> str:
    """The name of a download: <report-type>-<from>-<to>.<format>."""
    return file_name(question.report, *question.days, format)


def _bytes_of(content: Content) -> int:
    tables = [content.table, *(chart.table for chart in content.charts)]
    return OVERHEAD + sum(int(table.nbytes) for table in tables)
