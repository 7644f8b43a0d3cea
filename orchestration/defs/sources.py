"""One asset per stream of each source. An account's streams are pulled in order, since later ones need earlier ones.

Streams that an ad platform restates for weeks are partitioned by day: a backfill of a range reads exactly these days
again, in one run. Without a partition a run reads today and the days before it that may still change. All other streams
are read by cursor.
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from connectors.base import Days, Pulled, Stream
from connectors.connector import Connector
from connectors.errors import RetryError
from connectors.registry import CONNECTORS
from orchestration import pipeline, stored
from orchestration.defs.common import TENANTS, configuration, logged, run_name
from orchestration.home import Home
from orchestration.pulls import pull_accounts

RETRIES = 2
DAILY = dg.DailyPartitionsDefinition(start_date="2019-01-01")  # known without a configuration; days are the account's


def assets() -> dg.AssetsDefinition:
    """The streams of every source. One step pulls all accounts at once: their threads wait for responses together."""
    specs = [_spec(connector, stream) for connector in CONNECTORS for stream in connector.streams]

    @dg.multi_asset(name="pull", specs=specs, can_subset=True, backfill_policy=dg.BackfillPolicy.single_run())
    def pull(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        """Every account of the selected sources and of the tenants that are due.

        One that fails is named, and the others go on.

        Where the same request may work later the step is repeated, twice.
        """
        settings = configuration()
        home = Home(settings.home)
        for line in stored.left_behind(settings):
            context.log.warning(line)
        kinds = {key.path[0] for key in context.selected_asset_keys}
        tenants = (context.run.tags.get(TENANTS) or ",".join(tenant.id for tenant in settings.tenants)).split(",")
        selected = [
            source
            for source in settings.connected()
            if source.account.source in kinds and source.account.tenant_id in tenants
        ]
        with pipeline.disk_guard(home), home.writing():
            pulls = pull_accounts(home, selected, run_name(context), logged(context), _days(context))
        for (tenant, source, account), failure in pulls.failed.items():
            context.log.error(f"{tenant} / {source} / {account}: {failure}")
            if isinstance(failure, RetryError) and context.retry_number < RETRIES:
                raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=30) from failure
        for spec in specs:
            if spec.key in context.selected_asset_keys:
                source, stream = spec.key.path
                pulled = [item for key, items in pulls.pulled.items() if key[1] == source for item in items]
                failed = [f"{key[0]} / {key[2]}: {error}" for key, error in pulls.failed.items() if key[1] == source]
                yield dg.MaterializeResult(
                    asset_key=spec.key,
                    metadata=_metadata([item for item in pulled if item.stream == stream])
                    | {"failed accounts": dg.MetadataValue.text("\n".join(failed) or "none")},
                )

    return pull


def stream_key(source: str, stream: str) -> dg.AssetKey:
    """The asset of a stream: shopify/orders."""
    return dg.AssetKey([source, stream])


def _spec(connector: Connector, stream: Stream) -> dg.AssetSpec:
    return dg.AssetSpec(
        stream_key(connector.kind, stream.name),
        group_name=connector.kind,
        kinds={connector.kind, "duckdb"},
        partitions_def=DAILY if stream.name in connector.restated else None,
        description=f"{connector.kind}'s {stream.name}: landed as received, then typed into "
        + ", ".join(table.name for table in stream.tables),
    )


def _days(context: dg.AssetExecutionContext) -> Days | None:
    """The days of the run's partitions; None without partitions."""
    if not (context.has_partition_key or context.has_partition_key_range):
        return None
    days = context.partition_key_range
    return date.fromisoformat(days.start), date.fromisoformat(days.end)


def _metadata(pulled: list[Pulled]) -> dict[str, dg.MetadataValue]:
    return {
        "accounts": dg.MetadataValue.int(len(pulled)),
        "rows landed": dg.MetadataValue.int(sum(item.landed for item in pulled)),
        "rows changed": dg.MetadataValue.int(sum(item.changed for item in pulled)),
        "rows rejected": dg.MetadataValue.int(sum(item.rejected for item in pulled)),
        "calls": dg.MetadataValue.int(sum(item.calls for item in pulled)),
        "denied fields": dg.MetadataValue.text(
            ", ".join(sorted({path for item in pulled for path in item.denied})) or "none"
        ),
        "warnings": dg.MetadataValue.text(
            "\n".join(sorted({text for item in pulled for text in item.warnings})) or "none"
        ),
        "seconds throttled": dg.MetadataValue.float(round(sum((item.waited for item in pulled), 0.0), 1)),
    }
