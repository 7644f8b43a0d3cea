"""What a request asks: of its address, or of its body."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from serving.api.formats import JSON
from serving.api.problems import Mistake, Problem, ProblemError, bad_parameters
from serving.api.questions import LONGEST, Draft, from_address, from_object
from serving.bodies import body_of


async def draft_of(request: Request) -> Draft:
    """The question of an address, or of a body of JSON."""
    if request.method != "POST":
        return from_address(request.query_params.multi_items())
    return from_object(await content_of(request, "a question is a JSON object"))


async def content_of(request: Request, why: str, parse_float: Callable[[str], object] = float) -> Any:
    """The JSON of a body. `why` it has to be JSON, for the message. Raises ProblemError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        advice = f"Send it with `Content-Type: {JSON}`"
        raise ProblemError(Problem(415, "media-type", "The body is of another type", why, advice))
    if request.query_params:
        raise ProblemError(
            bad_parameters([Mistake("body", "Some parameters are in the address", "", "Send all in the body")])
        )
    body = await body_of(request)
    try:
        return json.loads(body, object_pairs_hook=_single, parse_float=parse_float)
    except (ValueError, RecursionError):
        raise _bad_body("The body is no JSON", "Send a JSON object") from None


def _single(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises ProblemError for a name that is there twice: one of the values would be ignored."""
    content = dict(members)
    if len(content) < len(members):
        (name, _), *_ = Counter(name for name, _ in members).most_common(1)
        raise _bad_body(f"The body has {name[:LONGEST]!r} twice", "Name it once")
    return content


def _bad_body(what: str, next_step: str) -> ProblemError:
    return ProblemError(bad_parameters([Mistake("body", what, "", next_step)]))
