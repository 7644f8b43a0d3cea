"""What each address of the tenant API asks of the semantic layer, and the shape of its answer.

    figure = FIGURES["sessions"]
    figure.answer(build, subject, now, {"days": 7})       # plain objects for JSON

An address is one question, or several of one build. Its rows are those of `takings query` for these questions, under
the names that the address suggests; money is text, what is unknown is null. The facts about the numbers follow them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from semantic import answers, periods
from semantic.answers import Answer, Question
from semantic.subject import Subject
from semantic.warehouse import Build
from serving.tenant_api.parameters import Values

Row = dict[str, Any]
Rows = list[Row]
FACTS = (
    "tenant", "currency", "as_of", "run_id", "definitions_version", "reconciliation", "blocked", "unknown", "notes",
)  # fmt: skip
MOST_ROWS = 50_000


@dataclass(frozen=True)
class Part:
    """One question: metrics and dimensions, each with its name in the answer. `by_event`: of the kind that is asked."""

    metrics: Mapping[str, str]
    by: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    by_event: bool = False

    def question(self, values: Values, zone: str, now: datetime) -> Question:
        """The question of these parameters. `days` are those up to today, as of `takings query --period`."""
        period = f"{values['days']}d" if "days" in values else None
        days = periods.resolve(period, zone, now) if period else (None, None)
        filters = {"event_type": (str(values["event_type"]),)} if self.by_event else {}
        limit = int(values["limit"]) if "limit" in values else None
        return Question(tuple(self.metrics), tuple(self.by), days, period, filters, self.order, limit)

    def rows(self, result: Answer) -> Rows:
        """The rows under the names of the answer."""
        names = {**self.by, **self.metrics}
        return [{shown: row[name] for name, shown in names.items()} for row in answers.document(result)["rows"]]


@dataclass(frozen=True)
class Figure:
    """An address. defaults: its parameters. parts: its questions. shape: the rows of each in the answer's own form."""

    defaults: Values
    parts: tuple[Part, ...]
    shape: Callable[[list[Rows]], Row]

    def answer(self, build: Build, subject: Subject, now: datetime, values: Values) -> Row:
        """The answer as plain objects for JSON. Raises a SemanticError."""
        results = [self._ask(build, part, subject, now, values) for part in self.parts]
        about = [answers.about(result) for result in results]
        question = about[0]["question"]
        days = {"days": values["days"], "from": question["from"], "to": question["to"]} if "days" in values else {}
        chosen = {name: value for name, value in values.items() if name != "days"}
        shown = self.shape([part.rows(result) for part, result in zip(self.parts, results, strict=True)])
        facts: Row = {name: about[0][name] for name in FACTS}
        for name in ("unknown", "notes"):
            facts[name] = list(dict.fromkeys(text for item in about for text in item[name]))
        return {**days, **chosen, **shown, **facts}

    def key(self, values: Values, zone: str, now: datetime) -> tuple[object, ...]:
        """What tells it from other questions."""
        return tuple(part.question(values, zone, now).key for part in self.parts)

    def csv(self, build: Build, subject: Subject, now: datetime, values: Values) -> tuple[str, Answer]:
        """The rows of the first question as CSV, the same text as `takings query --format csv`."""
        result = self._ask(build, self.parts[0], subject, now, values)
        return answers.csv(result), result

    def _ask(self, build: Build, part: Part, subject: Subject, now: datetime, values: Values) -> Answer:
        question = part.question(values, subject.time_zone, now)
        return answers.ask(build, question, subject=subject, now=now, most_rows=MOST_ROWS)


def _listed(name: str) -> Callable[[list[Rows]], Row]:
    """A list of rows under one name."""
    return lambda parts: {name: parts[0]}


def _overview(parts: list[Rows]) -> Row:
    """One row; all null before the first chat. The instants say that they are UTC."""
    if not parts[0]:
        return {"overview": dict.fromkeys((*TODAY.by.values(), *TODAY.metrics.values()))}
    (row,) = parts[0]
    return {"overview": row | {name: f"{row[name]}Z" for name in ("active_from", "active_until")}}


def _costs(parts: list[Rows]) -> Row:
    (total,) = parts[1]
    return {"costs": parts[0], "total": total}


def _recent(parts: list[Rows]) -> Row:
    """The sessions; the instant says that it is UTC."""
    return {"sessions": [{**row, "started_at": f"{row['started_at']}Z"} for row in parts[0]]}


TODAY = Part(
    {
        "chat_sessions_in_all": "total_sessions", "chat_messages_today": "messages_today",
        "assistant_cost_today": "cost_today", "messages_without_cost_today": "messages_without_cost_today",
        "active_chat_sessions": "active_sessions",
    },
    {"day": "today", "window_start": "active_from", "window_end": "active_until"},
)  # fmt: skip
DAYS = {"days": 7}
TOKENS = {
    name: name for name in ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "embedding_tokens")
}
FIGURES: Mapping[str, Figure] = {
    "overview": Figure({}, (TODAY,), _overview),
    "sessions": Figure(DAYS, (Part({"chat_sessions": "sessions"}, {"day": "date"}),), _listed("sessions")),
    "messages": Figure(
        DAYS,
        (
            Part(
                {"user_messages": "user", "assistant_messages": "assistant", "chat_messages": "messages"},
                {"day": "date"},
            ),
        ),
        _listed("messages"),
    ),
    "costs": Figure(
        DAYS,
        (
            Part(
                {"model_cost": "cost", "model_messages": "messages",
                 "model_messages_without_cost": "messages_without_cost", **TOKENS},
                {"model": "model"},
                ("-model_cost", "model"),
            ),
            Part({"assistant_cost": "cost", "assistant_cost_known": "known_cost",
                  "messages_without_cost": "messages_without_cost"}),
        ),
        _costs,
    ),
    "products/top": Figure(
        {"event_type": "recommended", **DAYS, "limit": 10},
        (
            Part(
                {"product_event_count": "count"},
                {"product_key": "product_id", "product_title": "product_name"},
                ("-product_event_count", "product_title", "product_key"),
                by_event=True,
            ),
        ),
        _listed("products"),
    ),
    "activity/hourly": Figure(
        DAYS, (Part({"hourly_messages": "messages"}, {"hour_of_day": "hour"}),), _listed("hours")
    ),
    "sessions/recent": Figure(
        {"limit": 20},
        (
            Part(
                {"session_seconds": "duration_seconds", "session_messages": "messages",
                 "session_user_messages": "user_messages", "session_assistant_messages": "assistant_messages",
                 "session_cost": "cost", "session_messages_without_cost": "messages_without_cost",
                 "session_orders": "orders"},
                {"session_id": "session_id", "started_at": "started_at", "started_local": "started_local",
                 "variant": "variant", "language": "language"},
                ("-started_at", "session_id"),
            ),
        ),
        _recent,
    ),
}  # fmt: skip
EXPORT = Figure(
    {"days": 30},
    (
        Part(
            {name: name for name in (
                "chat_sessions", "chat_messages", "user_messages", "assistant_messages", "assistant_cost",
                "messages_without_cost", "chat_sessions_with_order", "assisted_orders", "assisted_net_sales",
            )},
            {"day": "day"},
        ),
    ),
    _listed("rows"),
)  # fmt: skip
