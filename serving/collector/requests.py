"""The records of a request, and every mistake in them: a request is taken whole, or not at all.

{"write_key": "…", "events": [{…}, …], "chat_messages": [{…}]}
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from common.collected import Refused, Taken
from common.surrogates import without_halves
from serving.api.problems import Mistake, Problem, ProblemError
from serving.collector.collectors import Collector

KEY = "write_key"
MOST_RECORDS = 1000  # of a request
_PAIRS = json.JSONDecoder(object_pairs_hook=list)  # keeps a name that comes twice


@dataclass(frozen=True)
class Body:
    """A body: the write key in it, None without one, and the JSON of each other member by its name."""

    key: str | None
    lists: Mapping[str, msgspec.Raw]


def parsed(body: bytes) -> Body:
    """The members of a JSON object. Raises ProblemError where it is none, or has a name twice."""
    body, _ = without_halves(body)  # a page that cuts a text may cut an emoji, which is no reason to lose the rest
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        names: list[tuple[str, Any]] = _PAIRS.decode(body.decode())
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _bad("The body is not a JSON object", "Send an object with lists of records, such as events") from None
    if len(names) > len(members):
        (name, _), *_ = Counter(name for name, _ in names).most_common(1)
        raise _bad(f"The body has {name[:40]!r} twice", "Name it once")
    raw = members.pop(KEY, None)
    if raw is None:
        return Body(None, members)
    try:
        return Body(msgspec.json.decode(raw, type=str), members)
    except msgspec.ValidationError:
        raise _bad(f"{KEY} is not a text", "Send the write key as a text") from None


@dataclass(frozen=True)
class Accepted:
    """How many records each list has, the records as they are written, and the fields that nothing reads."""

    counts: Mapping[str, int]
    records: Sequence[bytes]
    ignored: Sequence[str]


def checked(body: Body, collector: Collector, now: datetime) -> Accepted:
    """The records of a body. Raises ProblemError that names every mistake of every record."""
    mistakes, lists = list[Mistake](), dict[str, Sequence[msgspec.Raw]]()
    for name, raw in body.lists.items():
        if name not in collector.contracts:
            advice = f"Choose from: {', '.join(collector.contracts)}"
            mistakes.append(Mistake(name[:40], "There is no such list", "", advice))
            continue
        try:
            lists[name] = msgspec.json.decode(raw, type=list[msgspec.Raw])
        except msgspec.ValidationError:
            mistakes.append(Mistake(name, "It is not a list", "", "Send a list of records, also for a single one"))
    if not body.lists:
        mistakes.append(
            Mistake("body", "It has no records", "", f"Send at least one of {', '.join(collector.contracts)}")
        )
    if (count := sum(map(len, lists.values()))) > MOST_RECORDS:
        title = f"The request has {count:,} records"
        raise ProblemError(Problem(413, "too-long", title, f"{MOST_RECORDS:,} are the most", "Send several requests"))
    taken = dict[tuple[str, str], Taken]()
    for name, records in lists.items():
        for number, record in enumerate(records):
            result = collector.check(name, bytes(record), now)
            if isinstance(result, Refused):
                mistakes += [Mistake(f"{name}[{number}]", what) for what in result.mistakes]
            elif taken.setdefault((name, result.key), result).record != result.record:
                mistakes.append(Mistake(f"{name}[{number}]", "Another record of the list has this id, and differs"))
    if mistakes:
        raise ProblemError(_refused(mistakes))
    ignored = sorted({field for result in taken.values() for field in result.ignored})
    counts = {name: len(records) for name, records in lists.items()}
    return Accepted(counts, [result.record for result in taken.values()], ignored)


def _refused(mistakes: Sequence[Mistake]) -> Problem:
    count = len(mistakes)
    title = "The request has a mistake" if count == 1 else f"The request has {count} mistakes"
    why = "`errors` names each of them, and nothing of the request was stored"
    return Problem(422, "records", title, why, "Correct the records, then send them again", mistakes)


def _bad(what: str, next_step: str) -> ProblemError:
    return ProblemError(Problem(400, "body", what, "", next_step))
