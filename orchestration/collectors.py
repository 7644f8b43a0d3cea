"""The collectors of takings.toml as the web application has them: whose a write key is, and how a record is checked."""

from __future__ import annotations

import logging
from zoneinfo import ZoneInfo

from connectors.collector.records import Records
from connectors.collector.settings import CollectorSettings
from connectors.collector.streams import LISTS
from orchestration.home import Home
from orchestration.settings import Settings
from serving.collector.collectors import Collector

log = logging.getLogger("takings.serving")


def collectors(settings: Settings) -> tuple[Collector, ...]:
    """Every source of kind `collector`. One whose write key cannot be used is named in the log, and takes nothing."""
    folder, usable = Home(settings.home).collected, []
    for source in settings.connected():
        own, account = source.settings, source.account
        if not isinstance(own, CollectorSettings):
            continue
        if source.problem:
            log.warning("%s", source.problem)
            continue
        records = Records(ZoneInfo(settings.tenant(account.tenant_id).time_zone), keep_text=own.keep_text)
        place = own.collected(folder, account.tenant_id)
        usable.append(Collector(
            account.tenant_id, account.account, account.secret, place, LISTS, records.check, own.requests_per_minute,
            frozenset(own.origins),
        ))  # fmt: skip
    return tuple(usable)
