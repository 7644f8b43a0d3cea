"""Output in a terminal: progress, and the summary of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from connectors.base import Progress as OnProgress
from orchestration import incremental
from orchestration.pipeline import Run
from orchestration.postgres.certify import Certificate
from semantic.query import shown
from semantic.today import Today
from serving.alerts.listing import Listed, notes
from serving.alerts.state import Status

SECONDS_BETWEEN_LINES = 10.0  # where no bar can be drawn


@contextmanager
def progress() -> Iterator[OnProgress]:
    """Progress on stderr: one bar per step in a terminal, a line every ten seconds elsewhere (a log, CI)."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description:32}"), BarColumn(bar_width=24), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[detail]}"), console=console) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, count: int, total: int | None, detail: str) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total, detail=detail)
            bars.update(tasks[step], completed=count, total=total, detail=detail)

        yield show


def _lines(console: Console) -> OnProgress:
    printed_at: dict[str, float] = {}

    def show(step: str, count: int, total: int | None, detail: str) -> None:
        finished = total is not None and count >= total
        if finished or time.monotonic() - printed_at.get(step, 0.0) > SECONDS_BETWEEN_LINES:
            printed_at[step] = time.monotonic()
            console.print(
                f"{step}: {count:,}{f' of {total:,}' if total else ''} {detail}", highlight=False, soft_wrap=True
            )

    return show


def summary(run: Run) -> None:
    """Print each stream's rows, rejects, calls and waits, dbt's result, and the folder of the build."""
    console = Console(stderr=True)
    table = Table(box=None, pad_edge=False)
    for name in ("account", "stream", "landed", "changed", "rejected", "calls", "waited"):
        table.add_column(name, justify="left" if name in ("account", "stream") else "right")
    for (_, source, account), streams in run.pulled.items():
        for pulled in streams:
            table.add_row(
                f"{source} / {account}",
                pulled.stream,
                *(f"{number:,}" for number in (pulled.landed, pulled.changed, pulled.rejected, pulled.calls)),
                f"{pulled.waited:.1f} s",
            )
    if run.pulled:
        console.print(table)
    streams_pulled = [pulled for streams in run.pulled.values() for pulled in streams]
    for warning in dict.fromkeys(warning for pulled in streams_pulled for warning in pulled.warnings):
        console.print(f"warning: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    for (tenant, source, account), failure in run.failed.items():
        console.print(
            f"failed: {tenant} / {source} / {account}: {failure}", style="red", markup=False, highlight=False,
            soft_wrap=True,
        )  # fmt: skip
    denied = sorted({path for pulled in streams_pulled for path in pulled.denied})
    if denied:
        console.print(f"Shopify denied these fields, which stay empty: {', '.join(denied)}")
    if run.built and run.published:
        unchanged = f"; unchanged and not built: {', '.join(run.unchanged)}" if run.unchanged else ""
        console.print(
            f"{run.built.models} models built, {run.built.tests} tests passed; published as {run.published}{unchanged}",
            highlight=False,
            soft_wrap=True,
        )
        for line in incremental.described(run.built.whole):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        for warning in run.built.warnings:
            console.print(f"warning: {warning}", style="yellow")
    if run.compared:
        style = "red" if run.compared.differences else None
        console.print(str(run.compared), style=style, markup=False, highlight=False, soft_wrap=True)
    for block in run.blocked:
        console.print(
            f"blocked: {block.tenant_id} keeps what was published last.\n  {block.reason}", style="red", markup=False,
            highlight=False, soft_wrap=True,
        )  # fmt: skip


def certificate(compared: Certificate) -> None:
    """Print each mart with its rows and the cells that differ, then how many questions have another answer."""
    console = Console(soft_wrap=True, highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in ("mart", "rows", "differing cells"):
        table.add_column(name, justify="left" if name == "mart" else "right")
    cells = {mart: sum(item.cells for item in compared.differences if item.mart == mart) for mart in compared.rows}
    for mart, rows in compared.rows.items():
        table.add_row(mart, f"{rows:,}", f"[red]{cells[mart]:,}[/]" if cells[mart] else "0")
    console.print(table)
    for item in compared.differences:
        console.print(f"[red]✗[/] {item.mart}.{item.column}: {item.cells:,} cells")
    for question in compared.wrong_answers[:3]:
        console.print(question, style="red", markup=False)
    mark, wrong = ("[green]✓[/]" if compared.is_equal else "[red]✗[/]"), len(compared.wrong_answers)
    console.print(
        f"{mark} DuckDB and PostgreSQL: {sum(cells.values()):,} differing cells in {sum(compared.rows.values()):,} "
        f"rows of {len(compared.rows)} marts; {wrong:,} of {compared.questions:,} questions with another answer "
        f"({compared.cells:,} cells)"
    )


def reconciliation(rows: list[dict[str, Any]]) -> None:
    """Print one line per account: whether its totals agree with the source's own totals, to the cent."""
    console = Console(soft_wrap=True)
    for row in rows:
        where = f"{row['tenant_id']} / {row['source']} / {row['source_account']}"
        compared = f"{row['days']:,} days × {row['metrics']} totals"
        if row["differing"]:
            console.print(
                f"[red]✗[/] {where}: {row['differing']:,} of {compared} differ from the source's own report, "
                f"most on {row['worst']} (by {row['worst_minor']:,} minor units)"
            )
        else:
            console.print(f"[green]✓[/] {where}: {compared} agree with the source's own report to the cent")


def alerts(items: list[Listed], waits: list[Status], now: datetime) -> None:
    """Print firing rules first, with reason and advice; then one line per rule that is quiet or lacks a number.

    Before them what waits for too long; below each what is known of it: since when, acknowledged, snoozed.
    """
    console = Console(soft_wrap=True, highlight=False)
    marks = {"firing": "[red]![/]", "unknown": "[yellow]?[/]", "quiet": "[green]✓[/]"}
    for status in waits:
        console.print(f"[red]![/] {status.tenant} / {status.title}: {status.text}")
        console.print(f"  {notes(status, now)}", markup=False)
        console.print(f"  {status.facts.get('why', '')}", markup=False)
    for state, mark in marks.items():
        for item in (item for item in items if item.alert.state == state):
            alert = item.alert
            console.print(f"{mark} {alert.tenant_id} / {alert.rule.title}: {alert.text}")
            if item.notes:
                console.print(f"  {item.notes}", markup=False)
            if state == "firing":
                console.print(f"  {alert.rule.why} {alert.rule.advice}")


def today(tenant: str, numbers: Today) -> None:
    """Print a tenant's numbers of today beside those of days that are over."""
    as_of = f"so far, as of {numbers.as_of:%H:%M}" if numbers.as_of else "so far"
    table = Table(title=f"{tenant}, {numbers.day:%a %-d %b %Y}", title_justify="left", box=None, pad_edge=False)
    table.add_column(f"in {numbers.currency}" if numbers.currency else "")
    for name in (as_of, "yesterday", f"{numbers.day - timedelta(days=7):%a} a week ago", "7-day average"):
        table.add_column(name, justify="right")
    for metric, values in numbers.values:
        table.add_row(metric.label, *(shown(value, metric.unit, metric.format) or "–" for value in values))
    Console().print(table)
