"""Answers of the reports: the content that its page shows, and a link to that page. The same for both platforms."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from common.errors import TakingsError
from semantic.errors import NoBuildError, SemanticError
from semantic.reports import library, shown, texts
from semantic.reports.content import Content
from serving import links
from serving.asking import question
from serving.audit.event import Event
from serving.chat.questions import QuestionError, check_period, help_text, report_choices, report_of
from serving.chat.rooms import Access
from serving.reader import Question, Reader
from serving.ready_links import Wish, ready_link
from serving.site import Site, Tenant

NOT_ALLOWED = (
    "You are not on the list of people who may ask for reports here. Whoever runs Takings for your shop can add you."
)
NO_ROOM = "This place belongs to no shop. Whoever runs Takings can connect it."
FAILED = "Something went wrong here. Try again in a minute; if it lasts, tell whoever runs Takings for you."
NOTHING_YET = "Nothing has been published yet. Try again later."
NO_NUMBERS = "The numbers of this report are not there. If it lasts, tell whoever runs Takings for you."
NAMES = "The report names customers: whoever gets the link sees them."
MOST_NAME = 60  # letters of a user's name in the ledger
log = logging.getLogger("takings.serving")
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A report for somebody who asked, with the address of its page. `names_customers`: the page shows them."""

    content: Content
    tenant: Tenant
    url: str
    names_customers: bool

    def days(self) -> tuple[str, ...]:
        """Which days these are, and those that they are compared with."""
        return tuple(text for text in (texts.period(self.content), texts.comparison(self.content)) if text)

    def remarks(self) -> tuple[str, ...]:
        """What a reader must know, the most important first."""
        tone, agreement = texts.reconciliation(self.content)
        first = [text for text in (self.content.blocked, agreement if tone == "bad" else "") if text]
        agrees = [agreement] if tone != "bad" else []
        return (*first, *agrees, *texts.caveats(self.content), *([NAMES] if self.names_customers else []))

    def source(self) -> str:
        """As of when, and where the numbers come from."""
        return f"{texts.as_of(self.content)} · {texts.foot(self.content)}"


class Reports:
    """Answers for one event loop."""

    def __init__(self, site: Site, reader: Reader) -> None:
        self._site, self._reader = site, reader

    def tenant(self, access: Access | None) -> Tenant | None:
        """The tenant of a room; None where it is not configured (any more)."""
        return self._site.tenants.get(access.tenant) if access else None

    async def choices(self, letters: str, tenant: Tenant | None) -> list[tuple[str, str]]:
        """The reports of a tenant that fit what was typed. Raises a SemanticError."""
        return report_choices(letters, await self._titles(tenant))

    async def help(self, tenant: Tenant | None) -> str:
        """How to ask for the reports of a tenant. Raises a SemanticError."""
        return help_text(await self._titles(tenant))

    async def answer(self, tenant: Tenant, report: str, period: str, by: str) -> Answer:
        """The report that the words mean. `by`: who asks, for the ledger of links.

        Raises QuestionError in words for the person, or a TakingsError.
        """
        name = report_of(report, await self._titles())
        by_name = question(self._site, tenant, name, check_period(period) if period else "")
        linked = Question(name, tenant, by_name.days)  # the question of the link, so that both show the same
        content = await self._reader.content(linked)
        url = await run_in_threadpool(self._link, linked, shown.one_line(by)[:MOST_NAME])
        declared = await run_in_threadpool(library.find, name, self._site.custom)
        request = Event(self._site.now(), tenant.id, "chat", by, "read", f"report {name}", detail={"period": period})
        self._site.records.add(request)
        return Answer(content, tenant, url, declared.report.names_customers)

    async def _titles(self, tenant: Tenant | None = None) -> dict[str, tuple[str, str]]:
        return await run_in_threadpool(self._reader.titles, tenant.id if tenant else None)

    def _link(self, linked: Question, by: str) -> str:
        """A link to the page with these days, which lasts for at least half of the tenant's usual time."""
        lifetime = timedelta(days=linked.tenant.default_days)
        wish = Wish(linked.report, linked.tenant.id, by, linked.days)
        link = ready_link(self._site.keys, self._site.ledger, wish, lifetime, self._site.now(), lifetime / 2)
        return f"{self._site.own_address('')}/r/{links.sign(link, self._site.keys)}"


async def or_notice(work: Awaitable[T], notice: Callable[[str], T]) -> T:
    """The result of `work`; where it fails, a notice that says so to the person who waits. The log has the rest."""
    try:
        return await work
    except QuestionError as error:
        return notice(str(error))
    except NoBuildError:
        return notice(NOTHING_YET)
    except TakingsError as error:
        log.warning("%s", error)
        return notice(NO_NUMBERS if isinstance(error, SemanticError) else FAILED)
    except Exception:  # whoever asked would wait without an answer
        log.exception("A chat command failed")
        return notice(FAILED)
