"""The advertiser, and its campaigns, ad groups and ads of every kind, read whole each time.

Each kind has a list of its own: auction and reservation, Smart+, GMV Max. Deleted objects come only when all statuses
are requested; a row that comes no longer stays as it was last read. A `…_history` table gets a row when a name or a
status changes. Smart+ objects come without `modify_time`, and are loaded all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.base import Column, Stream, Table, fields_read

_PROMOTIONS = ("PRODUCT_GMV_MAX", "LIVE_GMV_MAX")
_BUYING_TYPES = ("AUCTION", "RESERVATION_TOP_VIEW", "RESERVATION_RF")

# stream: (kind, endpoint, filtering, page size, key field)
LISTS: dict[str, tuple[tuple[str, str, Mapping[str, object], int, str], ...]] = {
    "campaigns": (
        *(
            (kind, "campaign/get", {"secondary_status": "CAMPAIGN_STATUS_ALL", "buying_types": [kind]}, 1000,
             "campaign_id")
            for kind in _BUYING_TYPES
        ),
        ("SMART_PLUS", "smart_plus/campaign/get", {"secondary_status": "CAMPAIGN_STATUS_ALL"}, 100, "campaign_id"),
        *(
            (kind, "gmv_max/campaign/get", {"gmv_max_promotion_types": [kind]}, 100, "campaign_id")
            for kind in _PROMOTIONS
        ),
    ),
    "ad_groups": (
        ("STANDARD", "adgroup/get", {"secondary_status": "ADGROUP_STATUS_ALL"}, 1000, "adgroup_id"),
        ("SMART_PLUS", "smart_plus/adgroup/get", {"secondary_status": "ADGROUP_STATUS_ALL"}, 100, "adgroup_id"),
    ),
    "ads": (
        ("STANDARD", "ad/get", {"secondary_status": "AD_STATUS_ALL"}, 1000, "ad_id"),
        ("SMART_PLUS", "smart_plus/ad/get", {"secondary_status": "AD_STATUS_ALL"}, 100, "smart_plus_ad_id"),
    ),
}  # fmt: skip


def _text(name: str, read: str) -> Column:
    return Column(name, "VARCHAR", read)


def _object(name: str, singular: str, key: Column, own: dict[str, str], name_field: str) -> Stream:
    """A kind of object: `own` are its own columns and the fields that they come from."""
    columns = (
        key,
        *(_text(column, f"r.{field}") for column, field in own.items()),
        _text("kind", "r.kind"),
        _text("name", f"r.{name_field}"),
        _text("status", "r.operation_status"),
        _text("secondary_status", "r.secondary_status"),
        Column("created_at", "INSTANT", "r.create_time"),
        Column("updated_at", "INSTANT", "r.modify_time"),
    )
    return Stream(
        name=name,
        query="",
        record=dict.fromkeys(fields_read(columns), "VARCHAR"),
        tables=(
            Table(name=name, key=(key.name,), where="true", columns=columns),
            Table(
                name=f"{singular}_history",
                key=(key.name,),
                where="true",
                history=("name", "secondary_status"),
                columns=(
                    key,
                    Column("known_from", "INSTANT", "r.landed_until"),
                    _text("name", f"r.{name_field}"),
                    _text("secondary_status", "r.secondary_status"),
                ),
            ),
        ),
    )


_ADVERTISER = (
    _text("advertiser_id", "r.advertiser_id"),
    _text("name", "r.name"),
    _text("currency", "r.currency"),
    _text("time_zone", "coalesce(r.display_timezone, r.timezone)"),
    _text("status", "r.status"),
)

ADVERTISER = Stream(
    name="advertiser",
    query=",".join(fields_read(_ADVERTISER)),
    record=dict.fromkeys(fields_read(_ADVERTISER), "VARCHAR"),
    tables=(Table(name="advertiser", key=("advertiser_id",), where="true", columns=_ADVERTISER),),
)
CAMPAIGNS = _object(
    "campaigns", "campaign", _text("campaign_id", "r.campaign_id"), {"objective": "objective_type"}, "campaign_name"
)
AD_GROUPS = _object(
    "ad_groups", "ad_group", _text("ad_group_id", "r.adgroup_id"), {"campaign_id": "campaign_id"}, "adgroup_name"
)
ADS = _object(
    "ads",
    "ad",
    _text("ad_id", "coalesce(r.ad_id, r.smart_plus_ad_id)"),
    {"ad_group_id": "adgroup_id", "campaign_id": "campaign_id"},
    "ad_name",
)
