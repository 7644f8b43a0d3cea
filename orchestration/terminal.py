"""What people see in a terminal: progress while they wait, then what was done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from connectors.base import Progress as OnProgress
from orchestration.pipeline import Run
from semantic.alerts.evaluate import Alert

EVERY = 10.0  # seconds between lines where no bar can be drawn


@contextmanager
def progress() -> Iterator[OnProgress]:
    """A bar a step in a terminal; elsewhere (a log, CI) a line now and then. Bars go to stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description:32}"), BarColumn(bar_width=24), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[detail]}"), console=console) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int | None, detail: str) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total, detail=detail)
            bars.update(tasks[step], completed=done, total=total, detail=detail)

        yield show


def _lines(console: Console) -> OnProgress:
    said: dict[str, float] = {}

    def show(step: str, done: int, total: int | None, detail: str) -> None:
        finished = total is not None and done >= total
        if finished or time.monotonic() - said.get(step, 0.0) > EVERY:
            said[step] = time.monotonic()
            console.print(
                f"{step}: {done:,}{f' of {total:,}' if total else ''} {detail}", highlight=False, soft_wrap=True
            )

    return show


def summary(done: Run) -> None:
    """Rows, calls and waits of each pull, what dbt did, and where the build is."""
    console = Console(stderr=True)
    table = Table(box=None, pad_edge=False)
    for name in ("account", "stream", "landed", "changed", "set aside", "calls", "waited"):
        table.add_column(name, justify="left" if name in ("account", "stream") else "right")
    for (_, source, account), streams in done.pulled.items():
        for pulled in streams:
            table.add_row(
                f"{source} / {account}",
                pulled.stream,
                *(f"{number:,}" for number in (pulled.landed, pulled.changed, pulled.rejected, pulled.calls)),
                f"{pulled.waited:.1f} s",
            )
    if done.pulled:
        console.print(table)
    streams_pulled = [pulled for streams in done.pulled.values() for pulled in streams]
    for warning in dict.fromkeys(warning for pulled in streams_pulled for warning in pulled.warnings):
        console.print(f"warning: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    denied = sorted({path for pulled in streams_pulled for path in pulled.denied})
    if denied:
        console.print(f"Shopify denied these fields, which stay empty: {', '.join(denied)}")
    if done.built and done.published:
        console.print(
            f"{done.built.models} models built, {done.built.tests} tests passed; published as {done.published}",
            highlight=False,
            soft_wrap=True,
        )
        for warning in done.built.warnings:
            console.print(f"warning: {warning}", style="yellow")


def reconciliation(rows: list[dict[str, Any]]) -> None:
    """One line an account: does it agree with the source's own report, to the cent?"""
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


def alerts(found: list[Alert]) -> None:
    """What fires first, with why and what to do; then one line for each rule that is quiet or lacks a number."""
    console = Console(soft_wrap=True, highlight=False)
    marks = {"firing": "[red]![/]", "unknown": "[yellow]?[/]", "quiet": "[green]✓[/]"}
    for state, mark in marks.items():
        for alert in (each for each in found if each.state == state):
            console.print(f"{mark} {alert.tenant_id} / {alert.rule.title}: {alert.text}")
            if state == "firing":
                console.print(f"  {alert.rule.why} {alert.rule.advice}")
