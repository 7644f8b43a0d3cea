"""One asset a stream of each source. A source's streams come in one step, in order: later ones need earlier ones."""

from collections.abc import Iterator

import dagster as dg

from connectors.base import Pulled, Stream
from connectors.errors import RetryError
from orchestration import run as running
from orchestration.defs.common import configuration, logged, run_name
from orchestration.paths import Home


def assets() -> list[dg.AssetsDefinition]:
    """A multi-asset for each source that has a connector."""
    return [_source(name, streams) for name, streams in running.STREAMS.items()]


def stream_key(source: str, stream: str) -> dg.AssetKey:
    """The asset of a stream: shopify/orders."""
    return dg.AssetKey([source, stream])


def _source(source: str, streams: tuple[Stream, ...]) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(
            stream_key(source, stream.name),
            group_name=source,
            kinds={source, "duckdb"},
            description=f"{source}'s {stream.name}: landed as received, then typed into "
            + ", ".join(table.name for table in stream.tables),
        )
        for stream in streams
    ]

    @dg.multi_asset(name=f"pull_{source}", specs=specs)
    def pull(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        """Every account of this source, stream by stream; what is complete stays when a later stream fails."""
        settings = configuration()
        home = Home(settings.home)
        done: dict[str, dict[str, Pulled]] = {stream.name: {} for stream in streams}
        try:
            with running.disk_guard(home), home.writing():
                for account in (account for account in settings.accounts() if account.source == source):
                    for pulled in running.pull(settings, account, run_name(context), logged(context)):
                        done[pulled.stream][account.account] = pulled
        except RetryError as error:
            raise dg.RetryRequested(max_retries=2, seconds_to_wait=30) from error
        for stream in streams:
            yield dg.MaterializeResult(asset_key=stream_key(source, stream.name), metadata=_metadata(done[stream.name]))

    return pull


def _metadata(by_account: dict[str, Pulled]) -> dict[str, dg.MetadataValue]:
    pulled = by_account.values()
    return {
        "accounts": dg.MetadataValue.int(len(by_account)),
        "rows landed": dg.MetadataValue.int(sum(item.landed for item in pulled)),
        "rows changed": dg.MetadataValue.int(sum(item.changed for item in pulled)),
        "rows set aside": dg.MetadataValue.int(sum(item.rejected for item in pulled)),
        "calls": dg.MetadataValue.int(sum(item.calls for item in pulled)),
        "denied fields": dg.MetadataValue.text(
            ", ".join(sorted({path for item in pulled for path in item.denied})) or "none"
        ),
        "seconds throttled": dg.MetadataValue.float(round(sum(item.waited for item in pulled), 1)),
    }
