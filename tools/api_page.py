"""docs/reference/api.md from the API's description (serving/api/openapi.yml)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from serving.api import openapi


def lines() -> Iterator[str]:
    """The page below its title."""
    document = openapi.document()
    yield from (_paragraph(document["info"]["description"]), "")
    yield from ("How to begin, with answers and errors: [the guide](../guides/api.md). The same page for programs, in "
                "OpenAPI 3.1: `/api/v1/openapi.json`.", "")  # fmt: skip
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from _operation(document, method.upper(), path, operation)
    yield from ("## Problems", "", "| status | kind | means |", "| --- | --- | --- |")
    for response in document["components"]["responses"].values():
        example = response["content"]["application/problem+json"].get("example", {})
        kind = example.get("type", "").removeprefix("urn:takings:problem:")
        status = example.get("status") or _status(document, response)
        yield f"| {status} | {f'`{kind}`' if kind else ''} | {_paragraph(response['description'])} |"
    yield ""


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield from (f"## {method} {path}", "", f"{operation['summary']}. {_paragraph(operation['description'])}", "")
    if parameters := operation.get("parameters"):
        yield from ("| parameter | in | example | meaning |", "| --- | --- | --- | --- |")
        for item in parameters:
            place = item["in"] + (", required" if item.get("required") else "")
            meaning = _paragraph(item["description"]).replace("|", "\\|")
            yield f"| `{item['name']}` | {place} | `{item['example']}` | {meaning} |"
        yield ""
    if body := operation.get("requestBody"):
        yield from ("```json", json.dumps(body["content"]["application/json"]["example"]), "```", "")
    success = operation["responses"]["200"]
    types = ", ".join(f"`{name}`" for name in success["content"])
    others = ", ".join(sorted(code for code in operation["responses"] if code != "200"))
    yield from (f"Answer: {_paragraph(success['description'])} {types}." + (f" Else {others}." if others else ""), "")
    example = success["content"].get("application/json", {}).get("example")
    if example and method == "GET":
        yield from ("```json", *_object(example), "```", "")


def _object(content: dict[str, Any]) -> Iterator[str]:
    """JSON as the API writes it: one line per row."""
    from serving.api.routes import written

    return iter(written(content).decode().rstrip().split("\n"))


def _status(document: dict[str, Any], response: dict[str, Any]) -> str:
    """The status of a problem without an example."""
    shared = document["components"]["responses"]
    name = next(name for name, item in shared.items() if item is response)
    reference = f"#/components/responses/{name}"
    return next(
        code
        for operations in document["paths"].values()
        for operation in operations.values()
        for code, item in operation["responses"].items()
        if item.get("$ref") == reference
    )


def _paragraph(text: str) -> str:
    return " ".join(text.split())
