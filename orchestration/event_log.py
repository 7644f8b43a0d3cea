"""The seven pictures of an event log, of a published tenant or of a folder that holds nothing but a log.

    a folder with event_log.json ──an installation of its own, for a moment──▶ the pictures beside it

A folder without a log gets the sample: the log of the simulator's creator.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from common import database
from common.errors import ConfigurationError
from connectors.base import Progress, no_progress
from connectors.sync import control_tables
from orchestration import pipeline, places, reports, settings
from orchestration.home import Home
from orchestration.settings import Settings
from semantic.reports import files
from semantic.reports.colours import Mode
from semantic.reports.pictures import draw
from semantic.warehouse import open_build

PICTURES: Mapping[str, tuple[str, str]] = {
    "revenue_by_niche": ("creator", "Revenue by niche"),
    "refunds_by_niche": ("creator", "Refunds by niche"),
    "ai_style_vs_revenue": ("creator-ai", "AI style vs revenue, a correlation"),
    "sales_vs_refunds_by_language": ("creator-audience", "Sales vs refunds by language"),
    "sales_over_time_daily": ("creator", "Daily sales"),
    "geo_based_sales": ("creator-audience", "Sales by country"),
    "customer_type_breakdown": ("creator-audience", "Revenue by type of customer"),
}
"""Each file, with the report that it is of and the title of the chart."""
LOGS = ("event_log.json", "event_log.jsonl", "event_log.csv")
"""The names of a log in the order in which one is chosen."""
SAMPLE = ("event_log.json", "event_log.csv")
SAMPLE_SEED, SAMPLE_START, SAMPLE_END = 7, date(2025, 5, 1), datetime(2025, 7, 31, 22, 59, 59, tzinfo=UTC)
"""Three months around 2025-06-19, the day of the entry in the log's description."""
TENANT = "event-log"
MOST_NAMED = 10  # rows of a log that cannot be read


@dataclass(frozen=True)
class Plan:
    """What the command would do in a folder. `log` is the log that is there already, which is only read."""

    folder: Path
    log: Path | None
    writes: tuple[Path, ...]
    others: tuple[Path, ...] = ()
    """Logs in the folder that are not read: one is, in the order of `LOGS`."""

    @property
    def replaced(self) -> list[Path]:
        """The files that are there and would be written again."""
        return [path for path in self.writes if path.exists()]

    def lines(self) -> Iterator[str]:
        """The plan, one line per file."""
        if self.log:
            yield f"would read  {self.log}, which stays as it is"
        for path in self.others:
            yield f"would not read {path}: one log is read"
        for path in self.writes:
            yield f"{'would replace' if path.exists() else 'would write'} {path}"


def plan(folder: Path) -> Plan:
    """The log that a folder holds, else the sample's two files; and the seven pictures."""
    logs = [folder / name for name in LOGS if (folder / name).exists()]
    log = logs[0] if logs else None
    sample = () if log else tuple(folder / name for name in SAMPLE)
    return Plan(folder, log, (*sample, *(folder / f"{name}.png" for name in PICTURES)), tuple(logs[1:]))


def carry_out(todo: Plan, time_zone: str, mode: Mode, *, replace: bool, progress: Progress = no_progress) -> list[Path]:
    """Write the sample where the folder has no log, and draw the pictures of the log; returns the files written.

    Raises ConfigurationError, before anything is written, where a file would be replaced without `replace`, and where
    a row of the log cannot be read.
    """
    if todo.replaced and not replace:
        names = ", ".join(path.name for path in todo.replaced)
        raise ConfigurationError(
            f"{todo.folder} holds {names} already",
            "they may be yours, and would be replaced",
            "Add --replace, or name another folder",
        )
    with TemporaryDirectory(prefix="takings-event-log-") as temporary:
        root = Path(temporary)
        (root / "log").mkdir()
        if todo.log is None:
            _write_sample(root / "sample")
        log = todo.log or root / "sample" / SAMPLE[0]
        shutil.copy(log, root / "log" / log.name)
        name = "Your event log" if todo.log else "Sample creator"
        configuration = _installation(root, name, time_zone)
        for failure in pipeline.pull_all(configuration, progress).failed.values():
            raise failure
        _refuse_unread(Home(configuration.home), log)
        pipeline.rebuild(configuration, progress)
        drawn = pictures(configuration, *days(configuration, TENANT), TENANT, mode)
        todo.folder.mkdir(parents=True, exist_ok=True)
        if todo.log is None:
            for name in SAMPLE:
                files.write(todo.folder / name, (root / "sample" / name).read_bytes())
        for name, picture in drawn.items():
            files.write(todo.folder / f"{name}.png", picture)
    return list(todo.writes)


def pictures(configuration: Settings, first: date, last: date, tenant: str | None, mode: Mode) -> dict[str, bytes]:
    """The seven pictures of a published tenant over a range of days, as PNG by name."""
    contents = {
        report: reports.content(configuration, report, first, last, tenant=tenant)
        for report in dict.fromkeys(report for report, _ in PICTURES.values())
    }
    drawn = {}
    for name, (report, title) in PICTURES.items():
        content = contents[report]
        data = next(chart for chart in content.charts if chart.chart.title == title)
        drawn[name] = draw.png(data, content, reports.brand(configuration, content), mode=mode)
    return drawn


def days(configuration: Settings, tenant: str | None) -> tuple[date, date]:
    """The first and the last day with a purchase or refund of a published tenant. Raises ConfigurationError."""
    with open_build(places.of_settings(configuration), tenant) as build:
        ((first, last),) = build.rows(f"SELECT MIN(date_day), MAX(date_day) FROM marts.vault_sales WHERE {build.own}")
        if first is None:
            raise ConfigurationError(
                f"There is nothing to draw of {build.tenant}",
                "its event log has no purchase and no refund",
                "docs/guides/event-log.md says how a log gets in",
            )
        return first, last


def _write_sample(folder: Path) -> None:
    from simulator.apis.event_log import write_event_log
    from simulator.scenarios.creator import creator

    world = creator(SAMPLE_SEED, SAMPLE_START)
    for form in ("json", "csv"):
        write_event_log(world, folder, SAMPLE_END, form)


def _installation(root: Path, name: str, time_zone: str) -> Settings:
    """An installation of one tenant with one folder."""
    (root / "takings.toml").write_text(
        f'[[tenants]]\nid = "{TENANT}"\nname = "{name}"\ntime_zone = {json.dumps(time_zone)}\ncurrency = "USD"\n'
        f'[[tenants.sources]]\nkind = "files"\naccount = "{TENANT}"\npath = "log"\n',
        encoding="utf-8",
    )
    return settings.load(root / "takings.toml").model_copy(update={"home": root / "home"})


def _refuse_unread(home: Home, log: Path) -> None:
    """Raise ConfigurationError that names the rows that could not be read: a picture without them would be wrong."""
    with database.connect(home.staging, read_only=True) as db:
        unread = control_tables.rejects(db)
    if not unread:
        return
    named = [f"{row['row_key']}: {row['reason']}" for row in unread[:MOST_NAMED]]
    more = f"\n… and {len(unread) - MOST_NAMED:,} more" if len(unread) > MOST_NAMED else ""
    raise ConfigurationError(
        f"{len(unread):,} rows of {log} cannot be read, and the pictures would be wrong without them",
        "\n" + "\n".join(named) + more,
        "Correct them; nothing was written. `takings run` leaves such rows out, and counts them",
    )
