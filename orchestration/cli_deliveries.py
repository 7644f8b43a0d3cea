"""The command that lists deliveries, sends one now, and sends again what failed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli_numbers import Tenant

if TYPE_CHECKING:
    from orchestration.delivery_settings import DeliverySettings
    from orchestration.settings import Settings
    from orchestration.tenant_settings import TenantSettings
    from serving.deliveries.outbox import Entry

SHOWN = 30


def deliveries(
    tenant: Tenant = None,
    every: Annotated[bool, typer.Option("--all", help="Every message; without it the newest 30.")] = False,
    due: Annotated[bool, typer.Option("--due", help="Send what is due, as a run does after it has published.")] = False,
    send: Annotated[str | None, typer.Option(metavar="NAME", help="Send this delivery now.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --send: write the message to --folder.")] = False,
    folder: Annotated[Path, typer.Option(help="With --dry-run: where the message is written.")] = Path(),
    retry: Annotated[int | None, typer.Option(metavar="ID", help="Send a failed or unknown message again.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --retry: it may arrive twice, do not ask.")] = False,
) -> None:
    """List what is sent to whom, and what came of it. A message that may have arrived is not sent again by itself.

    The exit code is 1 where a message that was to be sent now was not.
    """
    from orchestration import settings

    if sum((due, send is not None, retry is not None)) > 1:
        raise typer.BadParameter("--due, --send and --retry do different things: use one of them")
    if dry_run and send is None:
        raise typer.BadParameter("--dry-run belongs to --send")
    configuration = settings.load()
    if send is not None:
        _send(configuration, send, tenant, folder if dry_run else None)
    elif retry is not None:
        _retry(configuration, retry, sure=yes)
    elif due:
        _due(configuration)
    else:
        _list(configuration, tenant, None if every else SHOWN)


def after_run(configuration: Settings) -> None:
    """Send the deliveries and alert messages that are due after a run has published; what goes wrong is a warning."""
    from orchestration import messages

    for warning in messages.send_due(configuration).warnings:
        typer.echo(f"warning: {warning}", err=True)


def check_messages(configuration: Settings) -> None:
    """Raise ConfigurationError that names every report that cannot be written, and every recipient to whom nothing can
    be sent."""
    if not any(tenant.deliveries or tenant.alert_channels for tenant in configuration.tenants):
        return
    from common.errors import ConfigurationError
    from orchestration import deliveries

    if problems := [*deliveries.report_problems(configuration), *deliveries.recipient_problems(configuration)]:
        raise ConfigurationError("\n".join(problems))


def say_local_links(configuration: Settings) -> None:
    """Say on stderr that links in messages do not open for the people who get them."""
    has_messages = any(tenant.deliveries or tenant.alert_channels for tenant in configuration.tenants)
    if has_messages and configuration.serving.address is None:
        typer.echo(
            "The links in deliveries and alert messages open on this machine alone: set `address` under [serving] to "
            "where people reach the report pages.",
            err=True,
        )


def _send(configuration: Settings, name: str, tenant_id: str | None, folder: Path | None) -> None:
    from common.errors import ConfigurationError
    from orchestration import deliveries

    having = [tenant.id for tenant in configuration.tenants if name in [item.name for item in tenant.deliveries]]
    if tenant_id is None and len(having) > 1:
        raise ConfigurationError(
            f"There are several deliveries {name!r}", f"of {', '.join(having)}", "Name one with --tenant"
        )
    if tenant_id is None and not having:
        known = [f"{item.name} ({tenant.id})" for tenant in configuration.tenants for item in tenant.deliveries]
        raise ConfigurationError(
            f"There is no delivery {name!r}", next_step=f"{configuration.config_path} has: {', '.join(known) or 'none'}"
        )
    chosen = deliveries.find(configuration, tenant_id or having[0], name)
    if folder is not None:
        _preview(configuration, folder, *chosen)
        return
    _report(deliveries.send_now(configuration, *chosen))


def _preview(configuration: Settings, folder: Path, tenant: TenantSettings, item: DeliverySettings) -> None:
    from orchestration import deliveries
    from semantic.reports import files

    message = deliveries.preview(configuration, tenant, item)
    page = message.html
    written = {file.name: file.body for file in message.attachments}
    for file in message.attachments:
        page = page.replace(f'"cid:{file.name}"', f'"{file.name}"')
    written |= {"message.html": page.encode(), "message.txt": message.text.encode(), "chat.txt": message.chat.encode()}
    typer.echo(f"Subject: {message.title}")
    for recipient in item.recipients:
        problem = deliveries.address_problem(configuration, recipient)
        typer.echo(f"To: {recipient}" + (f" (cannot be used: {problem})" if problem else ""))
    for name, body in written.items():
        typer.echo(str(files.write(folder / name, body)))
    typer.echo("Nothing was sent.", err=True)


def _retry(configuration: Settings, number: int, *, sure: bool) -> None:
    from contextlib import closing

    from orchestration import deliveries

    with closing(deliveries.outbox(configuration)) as box:
        entry = box.find(number)
    if entry.state == "unknown" and not sure:
        typer.echo(f"Message {number} to {entry.recipient} may have arrived: {entry.detail}.")
        if not typer.confirm("Send it again, although it may arrive twice?"):
            typer.echo("Nothing was sent.", err=True)
            raise typer.Exit(1)
    _report([deliveries.retry(configuration, number)])


def _due(configuration: Settings) -> None:
    from orchestration import messages

    result = messages.send_due(configuration)
    _report([entry for entry in result.entries if entry.state == "sent"])
    for line in result.warnings:
        typer.echo(f"warning: {line}", err=True)
    if result.warnings:
        raise typer.Exit(1)
    if not result.entries:
        typer.echo("Nothing is due.", err=True)


def _report(entries: list[Entry]) -> None:
    from orchestration import deliveries

    for line in deliveries.describe(entries):
        typer.echo(line[0].upper() + line[1:])
    if any(entry.state != "sent" for entry in entries):
        raise typer.Exit(1)


def _list(configuration: Settings, tenant: str | None, most: int | None) -> None:
    from orchestration import deliveries

    now = deliveries.utc_now()
    for line in deliveries.plans(configuration, tenant and configuration.tenant(tenant).id, now):
        typer.echo(line)
    entries, gaps = deliveries.listing(configuration, tenant)
    for gap in gaps:
        until = f" to {gap.last:%Y-%m-%d %H:%M}" if gap.count > 1 else ""
        typer.echo(
            f"{gap.tenant} / {gap.name}: {gap.count} skipped, due {gap.first:%Y-%m-%d %H:%M}{until} UTC, when nothing "
            "ran; only the newest one was made up."
        )
    late = {entry.id for entry in deliveries.late(configuration, entries, now)}
    rows = [_row(entry, entry.id in late) for entry in entries[:most]]
    if not rows:
        typer.echo("Nothing was planned yet.", err=True)
        return
    rows.insert(0, ("id", "state", "what", "due (UTC)", "recipient", "tries", "when (UTC)", "receipt or reason"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if len(entries) > len(rows) - 1:
        typer.echo(f"{len(entries) - len(rows) + 1} older ones: --all shows them.", err=True)


def _row(entry: Entry, is_late: bool) -> tuple[str, ...]:
    state: str = entry.state
    if entry.state == "planned":
        state = "late" if is_late else "waits"
    elif entry.state == "rendered":
        state = "again" if entry.attempts else "ready"
    detail = entry.detail
    if entry.next_attempt:
        detail += f"; next try {entry.next_attempt:%H:%M}"
    what = f"{entry.key.tenant} / {entry.key.name}" + (" (alert)" if entry.key.kind == "alert" else "")
    return (
        str(entry.id), state, what, _minute(entry.due), entry.recipient, str(entry.attempts),
        _minute(entry.ended or entry.sending), " ".join(detail.split()),
    )  # fmt: skip


def _minute(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else ""
