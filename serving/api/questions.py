"""What a program asks: read from the parameters of an address, or from a JSON object, and checked whole.

    draft = from_address(request.query_params.multi_items())      or from_object(json.loads(body))
    question = checked(draft, catalog, time_zone, now)

Every mistake is reported at once: a parameter that was ignored in silence would be an answer to another question.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from starlette.requests import Request

from common.numbers import whole
from common.presets import PRESETS, Days
from semantic import filters, periods
from semantic.answers import Question, dimensions, periods_of
from semantic.catalog import Catalog
from semantic.compiler import GRAINS, compile_query
from semantic.errors import RangeError, SemanticError
from serving.api.problems import Mistake, ProblemError, bad_parameters

MOST_ROWS = 50_000  # of an answer
MOST_NAMES = 100  # of metrics, and of any other list
MOST_VALUES = 500  # of a filter
LONGEST = 200  # characters of a name
LONGEST_REPORT = 3660  # days: a report by day has a row for each
NEAR_FOR = 10  # unknown names for which similar ones are looked up: it takes time
HIDDEN = "tenant_id"  # the tenant comes from the token
LISTS, SINGLE = ("metrics", "by", "order"), ("from", "to", "period", "limit", "format")
IN_ADDRESS, IN_OBJECT = (*LISTS, "where", *SINGLE), (*LISTS, "filters", *SINGLE)


@dataclass
class Draft:
    """A question as it was sent, and what is wrong with it so far. `filters_from`: the parameter of its filters."""

    lists: dict[str, list[str]] = field(default_factory=dict)
    single: dict[str, str] = field(default_factory=dict)
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    filters_from: str = "filters"
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, parameter: str, what: str, why: str = "", next_step: str = "", near: Sequence[str] = ()) -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(parameter, what, why, next_step, tuple(near)))

    def unknown(self, parameter: str, kind: str, name: str, known: Iterable[str], why: str = "") -> None:
        """Note a name that does not exist, with similar ones."""
        names = sorted(known)
        near = difflib.get_close_matches(name[:LONGEST], names, 3, 0.5) if len(self.mistakes) < NEAR_FOR else []
        advice = f"Did you mean {' or '.join(near)}" if near else ""
        if not near and len(names) <= MOST_NAMES:
            advice = f"Choose from: {', '.join(names)}" if names else "Send none"
        advice = advice or f"/api/v1/metrics lists every {kind}"
        self.wrong(parameter, f"Unknown {kind} {name[:LONGEST]!r}", why, advice, near)

    def attempt(self, parameter: str, read: Callable[[], Any]) -> Any:
        """What `read` returns; None and a mistake where it raises a SemanticError."""
        try:
            return read()
        except SemanticError as error:
            self.wrong(parameter, error.what, error.why, error.next_step, getattr(error, "near", ()))
            return None


def from_address(items: Sequence[tuple[str, str]], known: Sequence[str] = IN_ADDRESS) -> Draft:
    """The parameters of an address that takes the `known` ones. Lists are separated by commas, or repeated."""
    draft = Draft(filters_from="where")
    names = [name for name, _ in items]
    _check_names(draft, names, known)
    for name in SINGLE:
        if names.count(name) > 1:
            draft.wrong(name, f"{name} is sent {names.count(name)} times", "it has one value", "Send it once")
    draft.single = {name: value for name, value in items if name in SINGLE}
    for name in LISTS:
        texts = [value for key, value in items if key == name]
        if texts:
            draft.lists[name] = [part.strip() for text in texts for part in text.split(",")]
    where = [value for name, value in items if name == "where"]
    draft.filters = draft.attempt("where", lambda: filters.parse(where)) or {}
    return draft


def from_object(content: object) -> Draft:
    """A JSON object: lists of names, `filters` as an object of names and lists of values."""
    draft = Draft()
    if not isinstance(content, Mapping):
        draft.wrong("body", "The body is not a JSON object", "", 'Send {"metrics": ["net_sales"], "period": "30d"}')
        return draft
    _check_names(draft, list(content), IN_OBJECT)
    for name in LISTS:
        if content.get(name) is not None:
            draft.lists[name] = _texts(draft, name, content[name])
    for name in SINGLE:
        value = content.get(name)
        if isinstance(value, str) or (name == "limit" and type(value) is int):
            draft.single[name] = str(value)
        elif value is not None:
            kind, example = ("whole number", "10") if name == "limit" else ("text", f'{{"{name}": "…"}}')
            draft.wrong(name, f"{name} is no {kind}", "", f"Send {example}, or leave it out")
    chosen = content.get("filters")
    if isinstance(chosen, Mapping):
        draft.filters = {str(name): tuple(_texts(draft, "filters", value)) for name, value in chosen.items()}
    elif chosen is not None:
        draft.wrong("filters", "filters is not an object", "", 'Send {"channel": ["Online store"]}')
    return draft


def no_parameters(request: Request) -> None:
    """Raise ProblemError where an address that takes no parameters is sent some."""
    draft = from_address(request.query_params.multi_items(), ())
    if draft.mistakes:
        raise ProblemError(bad_parameters(draft.mistakes))


def checked(draft: Draft, catalog: Catalog, time_zone: str, now: datetime) -> Question:
    """The question. Raises ProblemError that names every mistake."""
    _check_sizes(draft)
    metrics = draft.lists.get("metrics", [])
    if not draft.mistakes or not any(item.parameter == "metrics" for item in draft.mistakes):
        _check_metrics(draft, catalog, metrics)
    known = tuple(name for name in metrics if name in catalog.metrics and catalog.metrics[name].kind != "other")
    days, period = days_of(draft, time_zone, now)
    limit = _limit(draft)
    by, order = draft.lists.get("by", []), draft.lists.get("order", [])
    if known and not any(item.parameter in ("by", "order", "where", "filters") for item in draft.mistakes):
        _check_dimensions(draft, catalog, known, by, order)
    question = Question(tuple(metrics), tuple(by), days, period, draft.filters, tuple(order), limit)
    if not draft.mistakes:
        _check_together(draft, catalog, question)
    if draft.mistakes:
        raise ProblemError(bad_parameters(draft.mistakes))
    return question


def days_of(draft: Draft, time_zone: str, now: datetime) -> tuple[tuple[date | None, date | None], str | None]:
    """First and last day of `from` and `to`, or of `period` as `takings query --period` has them, and its name."""
    today = periods.local_day(now, time_zone)
    start, end, period = (draft.single.get(name) for name in ("from", "to", "period"))
    if period is not None:
        if start is not None or end is not None:
            draft.wrong("period", "period cannot be combined with from and to", "", "Send one of both")
        chosen = period_of(draft, period)
        return (chosen.days(today) if chosen else (None, None)), period
    first, last = (
        draft.attempt(name, lambda text=text: periods.day(text, lambda: today)) if text is not None else None  # type: ignore[misc]
        for name, text in (("from", start), ("to", end))
    )
    if first and last and first > last:
        draft.wrong("from", f"No days from {first} to {last}", "the first day is after the last", "Swap the two days")
    return (first, last), None


def checked_length(days: Days) -> Days:
    """The days of a report. Raises RangeError where they are too many."""
    if (days[1] - days[0]).days >= LONGEST_REPORT:
        raise RangeError("The report is too long", f"it has at most {LONGEST_REPORT:,} days", "Choose fewer days")
    return days


def period_of(draft: Draft, name: str) -> Any:
    """The period of this name; None and a mistake where there is none."""
    try:
        return periods.preset(name[:LONGEST])
    except SemanticError as error:
        near = difflib.get_close_matches(name[:LONGEST], list(PRESETS), 3, 0.5)
        draft.wrong("period", error.what, error.why, "Choose one of these, or the days with from and to", near)
        return None


def _check_names(draft: Draft, sent: Sequence[str], known: Sequence[str]) -> None:
    for name in dict.fromkeys(sent):
        if name not in known and len(draft.mistakes) < NEAR_FOR:
            draft.unknown(str(name)[:LONGEST], "parameter", str(name), known)


def _check_sizes(draft: Draft) -> None:
    """Refuse lists that nobody writes, before their names are looked up."""
    for name in LISTS:
        names = draft.lists.get(name, [])
        if len(names) > MOST_NAMES:
            draft.wrong(name, f"{name} has {len(names):,} names", f"at most {MOST_NAMES} are answered", "Ask for fewer")
            draft.lists[name] = []
        elif "" in names:
            draft.wrong(name, f"{name} has an empty name", "", "Remove a comma")
        elif twice := sorted({item for item in names if names.count(item) > 1}):
            draft.wrong(name, f"{name} has {twice[0][:LONGEST]!r} twice", "", "Name it once")
    values = [len(values) for values in draft.filters.values()]
    if len(values) > MOST_NAMES or max(values, default=0) > MOST_VALUES:
        why = f"at most {MOST_NAMES} dimensions with {MOST_VALUES} values each are answered"
        draft.wrong(draft.filters_from, "The filters are too long", why, "Ask for fewer")
        draft.filters = {}


def _check_metrics(draft: Draft, catalog: Catalog, metrics: Sequence[str]) -> None:
    if not metrics:
        draft.wrong("metrics", "No metric is named", "", "Name one: net_sales; /api/v1/metrics lists them")
    for name in metrics:
        if name not in catalog.metrics:
            draft.unknown("metrics", "metric", name, catalog.metrics)
        elif catalog.metrics[name].kind == "other":
            draft.wrong("metrics", f"{name} cannot be asked", catalog.metrics[name].expr)


def _check_dimensions(
    draft: Draft, catalog: Catalog, metrics: tuple[str, ...], by: Sequence[str], order: Sequence[str]
) -> None:
    """Names that these metrics cannot be asked by."""
    shared = [name for name in dimensions(catalog, metrics) if name != HIDDEN]
    together = ", ".join(metrics[:5]) + (", …" if len(metrics) > 5 else "")
    grains = periods_of(catalog, metrics)
    for name in by:
        if name in GRAINS and name not in grains:
            advice = f"Ask by {grains[0]} or longer" if grains else "Ask without a period"
            draft.wrong("by", f"Cannot ask {together} by {name}", "the numbers have no such day", advice)
        elif name not in (*shared, *GRAINS):
            why = f"{together} cannot be grouped by it{' together' * (len(metrics) > 1)}"
            draft.unknown("by", "dimension", name, [*shared, *grains], why)
    for name in draft.filters:
        if name not in shared:
            why = (
                "it is a period: choose days with from and to"
                if name in GRAINS
                else f"{together} {'have' if len(metrics) > 1 else 'has'} no such dimension"
            )
            draft.unknown(draft.filters_from, "dimension", name, shared, why)
    for name in order:
        if name.removeprefix("-") not in (*by, *metrics):
            draft.unknown("order", "column to sort by", name.removeprefix("-"), [*by, *metrics])


def _check_together(draft: Draft, catalog: Catalog, question: Question) -> None:
    """What is wrong with parts that are right alone: two periods, a metric that must not be added up, a value."""
    start, end = question.days
    try:
        compile_query(
            catalog, question.metrics, by=question.by, start=start, end=end, filters=question.filters,
            order=question.order, limit=question.limit,
        )  # fmt: skip
    except SemanticError as error:
        place = draft.filters_from if error.what.startswith("Cannot filter") else "by"
        draft.wrong(place, error.what, error.why, error.next_step)


def _limit(draft: Draft) -> int | None:
    text = draft.single.get("limit")
    if text is None:
        return None
    try:
        limit = whole(text)
    except ValueError:
        limit = 0
    if 1 <= limit <= MOST_ROWS:
        return limit
    draft.wrong("limit", f"limit is not a number of rows from 1 to {MOST_ROWS:,}", "", "Send 10, or no limit")
    return None


def _texts(draft: Draft, name: str, value: object) -> list[str]:
    """A text, or a list of texts; other values of JSON as filters write them."""
    values = value if isinstance(value, list) else [value]
    texts = [text for text in map(_text if name == "filters" else lambda item: item, values) if isinstance(text, str)]
    if len(texts) == len(values):
        return texts
    example = {"metrics": '["net_sales"]', "by": '["month"]', "order": '["-net_sales"]'}.get(name, '{"channel": ["…"]}')
    draft.wrong(name, f"{name} is not a list of texts", "", f"Send {example}")
    return []


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value
