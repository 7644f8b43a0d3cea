"""The command that draws the pictures of a dashboard's exports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestration.cli_numbers import From, Period, Tenant, To, day_range, say_blocked

PICTURES = {
    "revenue-line-chart": ("revenue-by-day", "line"),
    "top-products-bar-chart": ("top-products", "bars"),
    "top-customers-table": ("top-customers", "table"),
    "conversion-funnel": ("funnel", "funnel"),
    "refund-rate-kpi": ("refund-rate", "figure"),
}
"""Each file, and the report and the kind of chart that it shows."""


def pictures(
    start: From = None,
    end: To = None,
    period: Period = None,
    tenant: Tenant = None,
    folder: Annotated[Path, typer.Option(help="Folder in which the files are written.")] = Path(),
    theme: Annotated[Literal["light", "dark"], typer.Option(help="light or dark.")] = "light",
) -> None:
    """Draw revenue, top products, top customers, the funnel and the refund rate as five PNG files.

    By default of the last 30 days. Files of the same names are replaced.
    """
    from orchestration import reports, settings
    from semantic.reports import files
    from semantic.reports.pictures import draw

    configuration = settings.load()
    if not (start or end or period):
        period = "30d"
    first, last = day_range(start, end or (start and "today"), period, tenant)
    if first is None or last is None:
        raise typer.BadParameter("pictures need --from, or --period")
    for name, (report, kind) in PICTURES.items():
        content = reports.content(configuration, report, first, last, tenant=tenant, period=period)
        data = next(chart for chart in content.charts if chart.chart.kind == kind)
        picture = draw.png(data, content, reports.brand(configuration, content), mode=theme)
        typer.echo(str(files.write(folder / f"{name}.png", picture)))
    say_blocked(tenant)
