"""What may not vanish from a day that is read again, by report.

The advertiser's own spend stays; so does that of campaigns and ads that exist. Deleted ones are requested and usually
come too; where TikTok no longer has them, their rows are kept as they were read last. A shop that GMV Max may no longer
advertise keeps its rows by a record of reports.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from connectors.http import decoded
from connectors.sync.reader import Reader
from connectors.sync.withdrawn import Guard, ReportRow, report_row
from connectors.tiktok_ads.questions import LIVING


class _Record(msgspec.Struct):
    dimensions: dict[str, Any] | None = None
    metrics: dict[str, Any] = {}
    service: str = ""
    store_id: str = ""
    promotion_type: str = ""
    spared_from: str | None = None


def guards(label: str, reader: Reader, listed: Callable[[str], set[str]]) -> dict[str, Guard]:
    """The guard of each report; `listed` gives the ids of a list of objects as TikTok has it now."""
    campaigns, ads = (partial(_living, reader, listed, kind) for kind in ("campaigns", "ads"))
    total, campaign, ad = (partial(_row, label, name) for name in ("", "campaign_id", "ad_id"))
    return {
        "advertiser_insights": Guard("service_type", total),
        "gmv_max_totals": Guard("promotion_type || ' of ' || store_id", total, group="store_id"),
        "campaign_insights": Guard("campaign_id", campaign, campaigns),
        "ads_insights": Guard("ad_id", ad, ads),
        "gmv_max_insights": Guard("campaign_id", campaign, campaigns, group="store_id"),
    }


def _row(label: str, dimension: str, record: bytes) -> ReportRow | None:
    row = decoded(record, _Record, label, "a report")
    if row.dimensions is None:
        return ReportRow(None, "", spent=False, group=row.store_id) if row.spared_from else None
    name = row.dimensions.get(dimension) if dimension else row.service
    if not dimension and row.store_id:
        name = f"{row.promotion_type} of {row.store_id}"
    spend = row.metrics.get("spend", row.metrics.get("cost"))
    return report_row(row.dimensions.get("stat_time_day"), name, spend, row.store_id)


def _living(reader: Reader, listed: Callable[[str], set[str]], kind: str) -> set[str]:
    """The objects of a kind that TikTok lists, and that were not deleted when they were read last."""
    return {row[0] for row in reader.rows(LIVING[kind])} & listed(kind)
