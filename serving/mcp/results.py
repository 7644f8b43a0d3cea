"""The results of the tools: plain objects with the facts of their numbers, and a text that says the same.

Assistants may read either, so no number is in one of them without unit, currency, as-of, definitions version and
reconciliation.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from semantic.answers import instant
from semantic.reports import facts
from semantic.reports.shown import one_line
from semantic.subject import Subject
from semantic.warehouse import Build

Result = dict[str, Any]
UNKNOWN = "unknown"


def facts_of(build: Build, subject: Subject) -> Result:
    """What every result says of its build, as `semantic.answers.about` does of an answer."""
    currency = build.currency()
    return {
        "tenant": {"id": build.tenant, "name": subject.name, "time_zone": subject.time_zone},
        "currency": currency and {"code": currency.code, "digits": currency.digits},
        "as_of": instant(build.as_of()),
        "definitions_version": build.catalog.version,
        "run_id": build.run_id,
        "reconciliation": facts.reconciliation(build, subject.sources).as_dict(),
        "blocked": facts.blocked(build) or None,
    }


def text(tool: str, result: Result) -> str:
    """The result as text: its numbers first, then their facts. No name in it begins a line that looks like a fact."""
    lines = _WRITERS[tool](result)
    return "\n".join([*map(one_line, lines), "", *map(one_line, _facts(result))])


def _facts(result: Result) -> Iterator[str]:
    """The facts, one line each."""
    tenant, currency = result["tenant"], result["currency"]
    yield f"Shop: {tenant['name']}. Days are those of {tenant['time_zone']}."
    yield f"Amounts are in {currency['code']}." if currency else "The currency of amounts is unknown."
    yield f"Data as of {result['as_of'] or UNKNOWN}."
    yield f"Reconciliation: {result['reconciliation']['state']}. {result['reconciliation']['sentence']}"
    yield f"Definitions {result['definitions_version']}, run {result['run_id']}."
    yield from filter(None, [result["blocked"], *result.get("unknown", ()), *result.get("notes", ())])


def _metrics(result: Result) -> Iterator[str]:
    for item in result["metrics"]:
        state = "" if item["known"] else " (unknown in this shop)"
        yield f"{item['name']} [{item['unit']}]{state}: {item['description']}"
    if not result["metrics"]:
        yield "No metric has this word. Call list_metrics without search."


def _metric(result: Result) -> Iterator[str]:
    item = result["metric"]
    yield f"{item['name']} [{item['unit']}], {item['label']}: {item['description']}"
    yield item["made_of"]
    if item["unknown_because"]:
        yield item["unknown_because"]
    if item["ask_by"]:
        yield f"Not additive: ask by {' and '.join(item['ask_by'])} too, or for one value of it."
    yield f"Periods: {', '.join(item['periods']) or 'none'}."
    for dimension in item["dimensions"]:
        values = dimension["values"]
        listed = "many values" if values is None else ", ".join(map(str, values))
        yield f"Dimension {dimension['name']} ({dimension['label']}): {listed}"


def _answer(result: Result) -> Iterator[str]:
    question = result["question"]
    yield f"Days: {_days(question['from'], question['to'])}"
    yield from _table([(item["name"], item.get("unit", "")) for item in result["columns"]], result["rows"])


def _report(result: Result) -> Iterator[str]:
    currency = result["currency"]["code"] if result["currency"] else UNKNOWN
    yield f"{result['title']}, {_days(**_ends(result['days']))}"
    compared = result["compared"]
    if compared:
        now, before = (_days(**_ends(compared[name])) for name in ("now", "before"))
        yield f"Figures: {now}, compared with {before}."
    for figure in result["figures"]:
        days = f", {_days(*figure['days'])}" if figure["days"] else ""
        unit = currency if figure["unit"] == "money" else figure["unit"]
        before = f"; before: {_cell(figure['previous'])}" if compared else ""
        yield f"{figure['label']}{days}: {_cell(figure['value'])} {unit}{before}"
    total, shown = result["row_count"], len(result["rows"])
    if shown:
        yield f"Table ({shown:,} of {total:,} rows):"
        units = {"money": currency}
        columns = [(item["name"], units.get(item["unit"], item["unit"] or "")) for item in result["columns"]]
        yield from _table(columns, result["rows"])
    yield from result["caveats"]


def _alerts(result: Result) -> Iterator[str]:
    for item in result["alerts"]:
        yield f"{item['state']}: {item['title']}. {item['text']}"
        if item["state"] == "firing":
            yield f"  {item['why']} {item['advice']}"
    if not result["alerts"]:
        yield "There are no alert rules."


def _change(result: Result) -> Iterator[str]:
    unit = result["unit"]
    now, before = (_days(**_ends(result[name])) for name in ("days", "compared_with"))
    yield f"{result['label']} ({result['metric']}), {now}: {result['value']} {unit}."
    yield f"Before, {before}: {result['previous']} {unit}."
    yield f"Change: {result['difference']} {unit}, which is the sum of these parts by {result['by']}:"
    for part in result["parts"]:
        yield (
            f"{part['label']}: {part['difference']} {unit} (from {_cell(part['previous'])} to {_cell(part['value'])})"
        )
    others = result["others"]
    if others["count"]:
        yield f"{others['count']} others: {others['difference']} {unit}"
    if not result["parts"]:
        yield "No part changed."


def _ends(days: Mapping[str, str]) -> dict[str, str]:
    return {"first": days["from"], "last": days["to"]}


def _days(first: str | None, last: str | None) -> str:
    if first is None and last is None:
        return "all days"
    return f"{first or 'the first day'} to {last or 'the newest day'}"


def _table(columns: Sequence[tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows as CSV, with the unit of each column in its heading."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"{name} [{unit}]" if unit else name for name, unit in columns])
    writer.writerows([_cell(row[name]) if unit else _name(row[name]) for name, unit in columns] for row in rows)
    return out.getvalue().rstrip("\n").split("\n")


def _name(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def _cell(value: Any) -> Any:
    return UNKNOWN if value is None else value


_WRITERS = {
    "list_metrics": _metrics, "describe_metric": _metric, "query_metrics": _answer, "run_report": _report,
    "list_alerts": _alerts, "explain_change": _change,
}  # fmt: skip
