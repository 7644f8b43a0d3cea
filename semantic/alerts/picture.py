"""Draws the metric of an alert over its last days, weeks or months, with the limit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from semantic.alerts.details import table_of
from semantic.reports.brand import Brand
from semantic.reports.content import Chart, ChartData, Content, Reconciliation
from semantic.reports.pictures import draw
from semantic.warehouse import Currency


def mail(details: Mapping[str, Any], brand: Brand) -> tuple[bytes, str] | None:
    """The picture of what `details` wrote as a PNG for a mail, and its text; None where no number is known."""
    return draw.mail(chart(details), content(details), brand) if details.get("picture") else None


def chart(details: Mapping[str, Any]) -> ChartData:
    """The chart of a picture."""
    picture = details["picture"]
    limit = None if picture["limit"] is None else Decimal(picture["limit"])
    drawn = Chart("line", picture["title"], (picture["metric"],), (picture["by"],))
    return ChartData(drawn, table_of(picture), limit=limit)


def content(details: Mapping[str, Any]) -> Content:
    """What a picture says beside its numbers: whose they are, of which days, and how fresh."""
    picture = details["picture"]
    return Content(
        name=picture["metric"],
        title=picture["title"],
        question="",
        tenant="",
        tenant_name=details["tenant_name"],
        time_zone=details["time_zone"],
        currency=Currency(*details["currency"]),
        days=(date.fromisoformat(picture["from"]), date.fromisoformat(picture["to"])),
        comparison=None,
        figures=(),
        table=table_of(picture),
        charts=(),
        definitions={},
        caveats=(),
        as_of=datetime.fromisoformat(details["as_of"]) if details["as_of"] else None,
        reconciliation=Reconciliation(),
        run_id=details["run"],
        definitions_version="",
    )
