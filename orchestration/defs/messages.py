"""What is sent to people, as assets downstream of the published build, and a look every minute at what is due.

The assets are those of takings.toml when Dagster starts; a delivery that is added later is sent as well, and shown
after the next start.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import dagster as dg

from common.errors import ConfigurationError
from orchestration import deliveries, messages
from orchestration.defs.common import BUSY, configuration
from orchestration.defs.publish import BUILD
from serving.deliveries.outbox import Entry
from serving.errors import StateError

ALERTS = dg.AssetKey(["messages", "alerts"])
GROUP = "messages"


def assets() -> dg.AssetsDefinition:
    """One asset per configured delivery, and one for the messages about alerts. One step sends whatever is due."""
    names = {_key(tenant, name): text for tenant, name, text in _configured()}
    specs = [
        dg.AssetSpec(key, deps=[BUILD], group_name=GROUP, kinds={"email"}, description=text)
        for key, text in names.items()
    ]
    text = "When an alert begins and when it ends, one message per tenant and build goes to its alert channels."
    specs.append(dg.AssetSpec(ALERTS, deps=[BUILD], group_name=GROUP, kinds={"email"}, description=text))
    checks = {
        spec.key: dg.AssetCheckSpec("last_message_was_sent", asset=spec.key, description=_MEANING) for spec in specs
    }

    @dg.multi_asset(name="send", specs=specs, check_specs=list(checks.values()))
    def send(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Send the deliveries and alert messages that are due. What fails is a failed check and a warning."""
        settings = configuration()
        sent = messages.send_due(settings)
        for warning in sent.warnings:
            context.log.warning(warning)
        entries, problem = list[Entry](), ""
        try:
            with closing(deliveries.outbox(settings)) as box:
                entries = box.entries()
        except StateError as error:  # the publish is done: an outbox that cannot be read does not fail the run
            problem = str(error)
        for spec in specs:
            own = [entry for entry in entries if _of(entry) == spec.key]
            touched = sum(_of(entry) == spec.key for entry in sent.entries if entry.state == "sent")
            yield dg.MaterializeResult(asset_key=spec.key, metadata={"messages sent": touched})
            yield _check(spec.key, own, problem)

    return send


def _check(key: dg.AssetKey, entries: list[Entry], problem: str) -> dg.AssetCheckResult:
    """Whether the newest message reached everybody. `entries`: the newest first. `problem`: why they are not known."""
    newest = [entry for entry in entries if entry.key.window == entries[0].key.window]
    left = [f"{entry.recipient}: {entry.state}. {entry.detail}" for entry in newest if entry.state != "sent"]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name="last_message_was_sent",
        passed=not left and not problem,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "window": newest[0].key.window if newest else "none yet",
            "recipients": len(newest),
            "not sent": problem or "\n".join(left) or "none",
        },
    )


send_messages = dg.define_asset_job(
    "send_messages",
    selection=dg.AssetSelection.groups(GROUP),
    description="Send the deliveries and alert messages that are due, without pulling or building.",
)


@dg.sensor(
    name="messages_are_due",
    job=send_messages,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks every minute whether a delivery or an alert message is due, and starts a run only then.",
)
def messages_are_due(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A run when something is due, and none while another run goes on: that one sends as well, or is asked again."""
    if context.instance.get_runs_count(dg.RunsFilter(statuses=list(BUSY))):
        return dg.SkipReason("A run goes on.")
    if messages.is_due(configuration(), datetime.now(UTC)):
        return dg.RunRequest()
    return dg.SkipReason("Nothing is due.")


_MEANING = (
    "The newest message reached every recipient. A message that waits for data, failed, or may have arrived is a "
    "warning and blocks nothing; `takings deliveries` lists them."
)


def _configured() -> Iterator[tuple[str, str, str]]:
    """Tenant, name and description of each delivery; none where there is no configuration yet."""
    try:
        settings = configuration()
    except ConfigurationError:
        return
    for tenant in settings.tenants:
        for item in tenant.deliveries:
            text = f"{item.report} of {tenant.name} as {item.format}, at {item.schedule} ({tenant.time_zone})"
            yield tenant.id, item.name, text


def _key(tenant: str, name: str) -> dg.AssetKey:
    return dg.AssetKey(["messages", tenant, name])


def _of(entry: Entry) -> dg.AssetKey:
    return ALERTS if entry.key.kind == "alert" else _key(entry.key.tenant, entry.key.name)
