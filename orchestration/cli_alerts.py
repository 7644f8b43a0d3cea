"""The command `takings alerts`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli_numbers import Tenant, say_blocked

if TYPE_CHECKING:
    from orchestration.settings import Settings


def alerts(
    channel: Annotated[
        str | None, typer.Argument(metavar="CHANNEL", help="With --test-channel: only the channel of this name.")
    ] = None,
    tenant: Tenant = None,
    fail: Annotated[bool, typer.Option("--fail", help="Exit with code 1 when a rule fires, for scripts.")] = False,
    acknowledge: Annotated[
        str | None, typer.Option(metavar="RULE", help="Say that you know of this alert, until it ends.")
    ] = None,
    snooze: Annotated[
        str | None, typer.Option(metavar="RULE", help="Send no message of this alert, until --until.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="With --snooze: 3d, 12h, 2026-12-01, or 2026-12-01T09:00 in the tenant's zone.")
    ] = None,
    unsnooze: Annotated[str | None, typer.Option(metavar="RULE", help="Send messages of this alert again.")] = None,
    test_channel: Annotated[
        bool, typer.Option("--test-channel", help="Send a test message to the alert channels; say what came of it.")
    ] = False,
) -> None:
    """Show which alert rules fire in the published build, with the numbers, since when, and who knows of it.

    An alert is acknowledged or snoozed for one tenant.
    """
    from orchestration import settings

    chosen = [acknowledge, snooze, unsnooze, test_channel or None]
    if sum(option is not None for option in chosen) > 1:
        raise typer.BadParameter("--acknowledge, --snooze, --unsnooze and --test-channel: use one of them.")
    if (snooze is None) != (until is None):
        raise typer.BadParameter("--snooze RULE and --until belong together.")
    if channel is not None and not test_channel:
        raise typer.BadParameter("a channel's name belongs to --test-channel.")
    configuration = settings.load()
    if test_channel:
        _test(configuration, tenant, channel)
    elif acknowledge or snooze or unsnooze:
        _change(configuration, tenant, acknowledge, snooze, until, unsnooze)
    else:
        _show(configuration, tenant, fail)


def _show(configuration: Settings, tenant: str | None, fail: bool) -> None:
    from orchestration import alert_commands, terminal

    outbox = alert_commands.outbox(configuration)
    now = datetime.now(UTC)
    items = alert_commands.current(configuration, outbox, now, tenant)
    terminal.alerts(items, alert_commands.waits(configuration, outbox, tenant), now)
    outbox.close()
    say_blocked(tenant)
    if fail and any(item.alert.state == "firing" for item in items):
        raise typer.Exit(1)


def _change(
    configuration: Settings, tenant: str | None, acknowledge: str | None, snooze: str | None, until: str | None,
    unsnooze: str | None,
) -> None:  # fmt: skip
    from orchestration import alert_commands, sharing
    from serving.alerts.listing import minute

    outbox, now, by = alert_commands.outbox(configuration), datetime.now(UTC), sharing.user()
    if acknowledge:
        status = alert_commands.acknowledge(configuration, outbox, tenant, acknowledge, by, now)
        typer.echo(f"{status.name} of {status.tenant} is acknowledged by {by}, until it ends.")
    elif snooze and until:
        status = alert_commands.snooze(configuration, outbox, tenant, snooze, until, by, now)
        end = minute(status.snoozed_until) if status.snoozed_until else until
        typer.echo(f"No message of {status.name} of {status.tenant} is sent until {end}.")
    elif unsnooze:
        status = alert_commands.unsnooze(configuration, outbox, tenant, unsnooze)
        typer.echo(f"Messages of {status.name} of {status.tenant} are sent again.")
    outbox.close()


def _test(configuration: Settings, tenant: str | None, channel: str | None) -> None:
    from orchestration import alert_commands, sharing

    every_one_sent = True
    for of, each, outcome in alert_commands.test_channels(
        configuration, tenant, channel, sharing.user(), datetime.now(UTC)
    ):
        every_one_sent &= outcome.result == "sent"
        words = {"sent": "sent", "unknown": "unknown whether it arrived"}.get(outcome.result, "not sent")
        typer.echo(f"{of} / {each.name} ({each.address}): {words}: {outcome.detail}")
    if not every_one_sent:
        raise typer.Exit(1)
