"""The account, and its campaigns, ad sets and ads, read whole each time: a status changes without `updated_time`.

Deleted objects may disappear from the lists; their rows stay as they were last read, so that older days keep their
names. A `…_history` table gets a row when a name or a status changes.
"""

from __future__ import annotations

from connectors.base import Column, Stream, Table, fields_read


def _text(name: str, read: str) -> Column:
    return Column(name, "VARCHAR", read)


def _object(
    name: str, singular: str, key: str, statuses: tuple[str, ...], own: dict[str, str], shared: tuple[Column, ...]
) -> Stream:
    """A kind of object: `own` are its own columns and the fields that they come from."""
    columns = (
        _text(key, "r.id"),
        *(_text(column, f"r.{field}") for column, field in own.items()),
        *shared,
    )
    fields = fields_read(columns)
    return Stream(
        name=name,
        query=",".join(fields),
        connections={"effective_status": list(statuses)},
        record=dict.fromkeys(fields, "VARCHAR"),
        tables=(
            Table(name=name, key=(key,), version="updated_at", where="true", columns=columns),
            Table(
                name=f"{singular}_history",
                key=(key,),
                where="true",
                history=("name", "effective_status"),
                columns=(
                    _text(key, "r.id"),
                    Column("known_from", "INSTANT", "r.landed_until"),
                    _text("name", "r.name"),
                    _text("effective_status", "r.effective_status"),
                ),
            ),
        ),
    )


_SHARED = (
    _text("name", "r.name"),
    _text("status", "r.status"),
    _text("effective_status", "r.effective_status"),
    Column("created_at", "INSTANT", "r.created_time"),
    Column("updated_at", "INSTANT", "r.updated_time"),
)
STATUSES = ("ACTIVE", "PAUSED", "DELETED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES")
_REVIEW = ("PENDING_REVIEW", "DISAPPROVED", "PREAPPROVED", "PENDING_BILLING_INFO")

_ACCOUNT = (
    _text("account_id", "r.account_id"),
    _text("name", "r.name"),
    _text("currency", "r.currency"),
    _text("time_zone", "r.timezone_name"),
    Column("account_status", "BIGINT", "r.account_status"),
)

ACCOUNT = Stream(
    name="account",
    query=",".join(fields_read(_ACCOUNT)),
    record=dict.fromkeys(fields_read(_ACCOUNT), "VARCHAR"),
    tables=(Table(name="account", key=("account_id",), where="true", columns=_ACCOUNT),),
)
CAMPAIGNS = _object(
    "campaigns", "campaign", "campaign_id", STATUSES, {"objective": "objective", "buying_type": "buying_type"}, _SHARED
)
AD_SETS = _object(
    "ad_sets",
    "ad_set",
    "ad_set_id",
    (*STATUSES, "CAMPAIGN_PAUSED"),
    {"campaign_id": "campaign_id", "optimization_goal": "optimization_goal"},
    _SHARED,
)
ADS = _object(
    "ads",
    "ad",
    "ad_id",
    (*STATUSES, *_REVIEW, "CAMPAIGN_PAUSED", "ADSET_PAUSED"),
    {"ad_set_id": "adset_id", "campaign_id": "campaign_id"},
    _SHARED,
)
EDGES = {"campaigns": "campaigns", "ad_sets": "adsets", "ads": "ads"}
