"""What may not vanish from a day that is read again, by report.

The account's own spend stays; so does that of campaigns and ads that exist. Meta leaves rows of deleted ads and
campaigns out, and may do so with archived ones: theirs are kept as they were read last.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from connectors.http import decoded
from connectors.meta_ads.questions import LIVING
from connectors.sync.reader import Reader
from connectors.sync.withdrawn import Guard, ReportRow, report_row


class _Record(msgspec.Struct):
    date_start: Any = None
    spend: Any = None
    campaign_id: Any = None
    ad_id: Any = None


def guards(label: str, reader: Reader, listed: Callable[[str], set[str]]) -> dict[str, Guard]:
    """The guard of each report; `listed` gives the ids of a list of objects as Meta has it now."""
    return {
        "account_insights": Guard("''", partial(_row, label, "")),
        "campaign_insights": Guard(
            "campaign_id", partial(_row, label, "campaign_id"), partial(_living, reader, listed, "campaigns")
        ),
        "ads_insights": Guard("ad_id", partial(_row, label, "ad_id"), partial(_living, reader, listed, "ads")),
    }


def _row(label: str, field: str, record: bytes) -> ReportRow | None:
    row = decoded(record, _Record, label, "insights")
    return report_row(row.date_start, getattr(row, field) if field else "", row.spend)


def _living(reader: Reader, listed: Callable[[str], set[str]], kind: str) -> set[str]:
    """The objects of a kind that Meta lists, and that were neither deleted nor archived when they were read last."""
    return {row[0] for row in reader.rows(LIVING[kind])} & listed(kind)
