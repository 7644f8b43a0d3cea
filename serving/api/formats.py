"""In which format an answer is sent: the parameter `format`, else the header Accept, else JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from starlette.requests import Request

from serving.api.problems import Problem, ProblemError
from serving.api.questions import Draft

JSON = "application/json"
MOST_RANGES = 20  # of a header Accept


def chosen(request: Request, draft: Draft, formats: Mapping[str, str]) -> str:
    """The name of one of `formats` (their media types by name, JSON first).

    An unknown `format` is a mistake of the question. Raises ProblemError where the header accepts none.
    """
    name = draft.single.get("format")
    if name is not None:
        if name not in formats:
            draft.unknown("format", "format", name, formats)
        return name
    header = request.headers.get("accept", "").strip() or "*/*"
    for accepted in _ranges(header):
        for name, media_type in formats.items():
            plain = media_type.partition(";")[0]
            if accepted in ("*/*", plain, f"{plain.partition('/')[0]}/*"):
                return name
    listed = ", ".join(f"{name} ({media_type.partition(';')[0]})" for name, media_type in formats.items())
    raise ProblemError(
        Problem(406, "format", "No such format", "Accept names none of the formats", f"Ask for {listed}")
    )


def _ranges(header: str) -> Iterator[str]:
    """The media ranges, the preferred ones first; those of quality 0 are none."""
    ranges = []
    for text in header.split(",")[:MOST_RANGES]:
        name, *parameters = (part.strip().lower() for part in text.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        ranges.append((quality, name))
    return (name for quality, name in sorted(ranges, key=lambda item: -item[0]) if quality > 0)
