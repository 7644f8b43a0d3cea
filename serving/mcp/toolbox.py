"""Calls the tools: the questions, checks and answers of the API, for one tenant.

    result = await toolbox.call(caller, "query_metrics", {"metrics": ["net_sales"], "period": "30d"})

Each result is computed once per build through the cache. Raises ToolError, whose text says what, why and what next.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from common.errors import TakingsError
from semantic import answers, comparison, periods
from semantic.errors import CompileError, RangeError, ReportError, SemanticError, TooManyRowsError, UnknownNameError
from semantic.explain import MOST_PARTS, document, explain
from semantic.reports import library
from semantic.warehouse import Build, open_build
from serving import builds
from serving.api import listing, problems
from serving.api.problems import Problem, ProblemError
from serving.api.questions import checked, checked_length, from_object
from serving.cache import Cache
from serving.mcp import results
from serving.mcp.results import Result
from serving.mcp.tools import BY_NAME, Tool
from serving.reader import Question as ReportQuestion
from serving.reader import Reader
from serving.site import Site, Tenant

MOST_ROWS, REPORT_ROWS, MOST_REPORT_ROWS, MOST_LISTED = 1_000, 50, 500, 100
USED_AS_IT_IS = (CompileError, RangeError, TooManyRowsError, UnknownNameError)
log = logging.getLogger("takings.serving")
Arguments = Mapping[str, Any]


class ToolError(Exception):
    """A call that has no result. Its text is for the assistant."""


@dataclass(frozen=True)
class Caller:
    """Whose numbers are read, and what the caller's token was made for."""

    tenant: Tenant
    scopes: frozenset[str]


class Toolbox:
    """The tools of a site, for one event loop."""

    def __init__(self, site: Site, reader: Reader, cache: Cache) -> None:
        self._site, self._reader, self._cache = site, reader, cache

    async def call(self, caller: Caller, name: str, arguments: Arguments) -> Result:
        """The result of a tool. Raises ToolError."""
        tool = BY_NAME.get(name)
        if tool is None:
            raise ToolError(f"Unknown tool {name[:80]!r}. Choose from: {', '.join(BY_NAME)}.")
        if tool.scope not in caller.scopes:
            raise ToolError(
                f"The token may not read {tool.scope}: it was made for {', '.join(sorted(caller.scopes))}. "
                f"Make one with `takings token create --scope {tool.scope}`."
            )
        arguments = {key: value for key, value in arguments.items() if value is not None}  # null: not sent
        _check_arguments(tool, arguments)
        try:
            if name == "run_report":
                return await self._report(caller.tenant, arguments)
            return await self._of_build(caller.tenant, name, arguments)
        except ProblemError as error:
            raise ToolError(_sentences(error.problem)) from None
        except USED_AS_IT_IS as error:
            raise ToolError(str(error)) from None
        except TakingsError as error:
            raise ToolError(_sentences(problems.of_error(error))) from None

    async def _of_build(self, tenant: Tenant, name: str, arguments: Arguments) -> Result:
        """What a function reads from the tenant's open build, with the facts."""
        make = self._makers()[name]

        def computed() -> Result:
            with open_build(self._site.published, tenant.id) as build:
                return {**results.facts_of(build, tenant.subject), **make(build, tenant, arguments)}

        run_id = await builds.run_id(self._site.published)
        key = ("mcp", tenant.id, name, json.dumps(arguments, sort_keys=True), periods_key(self._site, tenant))
        return await self._cache.get(run_id, key, computed, lambda item: len(str(item)) + 1000)

    def _makers(self) -> Mapping[str, Callable[[Build, Tenant, Arguments], Result]]:
        return {
            "list_metrics": _list_metrics, "describe_metric": _describe_metric, "query_metrics": self._query,
            "list_alerts": self._alerts, "explain_change": self._explain,
        }  # fmt: skip

    def _query(self, build: Build, tenant: Tenant, arguments: Arguments) -> Result:
        now = self._site.now()
        question = checked(from_object(arguments), build.catalog, tenant.subject.time_zone, now)
        answer = answers.ask(build, question, subject=tenant.subject, now=now, most_rows=MOST_ROWS)
        return answers.document(answer)

    def _alerts(self, build: Build, _: Tenant, __: Arguments) -> Result:
        return listing.all_alerts(build, self._site.alerts(build))

    def _explain(self, build: Build, tenant: Tenant, arguments: Arguments) -> Result:
        """The parts of a change, of the days that are over."""
        name, by, kind = (str(arguments.get(key, usual)) for key, usual in
                          (("metric", ""), ("by", ""), ("compare", "prior")))  # fmt: skip
        shared = {key: arguments[key] for key in ("from", "to", "period", "filters") if key in arguments}
        if not any(key in shared for key in ("from", "to", "period")):
            shared["period"] = "30d"
        now, zone = self._site.now(), tenant.subject.time_zone
        question = checked(from_object({"metrics": [name], "by": [by], **shared}), build.catalog, zone, now)
        today = comparison.newest_day(build, zone, now)
        if question.period:
            both = comparison.of_preset(periods.preset(question.period), kind, today)
        else:
            first, last = question.days
            if first is None:
                raise RangeError("The first day is missing", "", "Send from, or a period")
            both = comparison.of_days(first, last or today, kind, today)
        most = _whole(arguments, "limit", MOST_PARTS, 1, MOST_LISTED)
        result = explain(build, name, by, both, filters=question.filters, most=most)
        whole = answers.ask(
            build, answers.Question((name,), (), both.now, None, question.filters), subject=tenant.subject, now=now
        )
        unit = answers.column(whole, name)["unit"]
        return {
            **answers.about(whole),
            **document(result, whole.currency.digits if whole.currency else 3),
            "unit": unit,
        }

    async def _report(self, tenant: Tenant, arguments: Arguments) -> Result:
        """A report as the API writes it, with as many rows as were asked for."""
        question = await run_in_threadpool(self._report_question, tenant, arguments)
        most = _whole(arguments, "rows", REPORT_ROWS, 0, MOST_REPORT_ROWS)
        content, file = await self._reader.with_file(question, "json", ("json",))
        filled = json.loads(file)
        same = (
            "report",
            "title",
            "figures",
            "columns",
            "tenant",
            "currency",
            "definitions_version",
            "run_id",
            "blocked",
        )
        compared = content.comparison
        return {
            **{name: filled[name] for name in same},
            "as_of": answers.instant(content.as_of),
            "reconciliation": content.reconciliation.as_dict(),
            "days": _ends(content.days),
            "compared": compared and {"now": _ends(compared.now), "before": _ends(compared.before)},
            "rows": filled["rows"][:most],
            "row_count": len(filled["rows"]),
            "caveats": [text for text in filled["caveats"] if text != content.blocked],
        }

    def _report_question(self, tenant: Tenant, arguments: Arguments) -> ReportQuestion:
        name, zone, now = str(arguments.get("report", "")), tenant.subject.time_zone, self._site.now()
        try:
            declared = library.find(name[:200], self._site.custom).report
        except ReportError:
            raise UnknownNameError("report", name[:80], library.built_in()) from None
        first, last, period = (arguments.get(key) for key in ("from", "to", "period"))
        if first is None and last is None:
            chosen = str(period or declared.period)
            return ReportQuestion(declared.name, tenant, periods.whole(chosen, zone, now), chosen)
        if period is not None or first is None:
            raise RangeError("The days are not clear", "", "Send period, or from and to")
        today = periods.local_day(now, zone)
        ends = (periods.day(str(text), lambda: today) for text in (first, last or "today"))
        return ReportQuestion(declared.name, tenant, checked_length(periods.check(*ends)))


def _list_metrics(build: Build, _: Tenant, arguments: Arguments) -> Result:
    word = str(arguments.get("search", "")).lower()
    metrics = listing.all_metrics(build)["metrics"]
    names = ("name", "label", "unit", "description", "known")
    return {
        "metrics": [
            {name: item[name] for name in names}
            for item in metrics
            if word in f"{item['name']} {item['label']} {item['description']}".lower()
        ]
    }


def _describe_metric(build: Build, _: Tenant, arguments: Arguments) -> Result:
    return {"metric": listing.one_metric(build, str(arguments.get("name", ""))[:200])}


def periods_key(site: Site, tenant: Tenant) -> str:
    """The tenant's day: a period's name means other days on the next one."""
    return periods.local_day(site.now(), tenant.subject.time_zone).isoformat()


def _check_arguments(tool: Tool, arguments: Arguments) -> None:
    unknown = [name for name in arguments if name not in tool.arguments]
    missing = [name for name in tool.required if name not in arguments]
    if unknown:
        known = ", ".join(tool.arguments) or "none"
        raise ToolError(f"{tool.name} has no argument {unknown[0][:80]!r}. Its arguments: {known}.")
    if missing:
        raise ToolError(f"The argument {missing[0]} is missing. {tool.arguments[missing[0]]['description']}")
    for name, value in arguments.items():
        if tool.arguments[name].get("type") == "string" and not isinstance(value, str):
            raise ToolError(f"{name} is not a text. {tool.arguments[name]['description']}")


def _whole(arguments: Arguments, name: str, usual: int, least: int, most: int) -> int:
    """A whole number. Raises ToolError."""
    value = arguments.get(name, usual)
    if type(value) is not int or not least <= value <= most:
        raise ToolError(f"{name} is not a whole number from {least} to {most:,}. Send {usual}, or leave it out.")
    return value


def _ends(days: tuple[Any, Any]) -> dict[str, str]:
    return {"from": days[0].isoformat(), "to": days[1].isoformat()}


def _sentences(problem: Problem) -> str:
    """What, why and what next of a problem, and of each mistake in it."""
    if len(problem.mistakes) > 1:
        lines = [_one(item.parameter, item.what, item.why, item.next_step) for item in problem.mistakes]
        return "\n".join([f"{problem.title}:", *lines])
    return _one("", problem.title, problem.detail, problem.next_step)


def _one(parameter: str, what: str, why: str, next_step: str) -> str:
    head = f"{parameter}: {what}" if parameter else what
    return str(SemanticError(head, why, next_step))
