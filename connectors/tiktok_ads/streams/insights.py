"""Daily insights of ads, of campaigns, of the advertiser, and of GMV Max, replaced day by day.

All values come as text, "-" is null: a spend of "-" is unknown, not zero.

Purchases are those of the website (`complete_payment`); `total_complete_payment_rate` is their total value, despite
its name. `conversion` depends on each ad group's goal and is not read. A record of GMV Max without dimensions names a
shop, and the days whose stored rows stay as they are.
"""

from __future__ import annotations

from connectors.base import Column, Stream, Table, fields_read
from connectors.sync.withdrawn import SPARED_FIELDS, spared

SERVICES = ("AUCTION", "RESERVATION")
PROMOTIONS = ("PRODUCT", "LIVE")
DIMENSIONS = {  # stream: (level, its dimension)
    "ads_insights": ("AD", "ad_id"),
    "campaign_insights": ("CAMPAIGN", "campaign_id"),
    "advertiser_insights": ("ADVERTISER", "advertiser_id"),
    "gmv_max_insights": ("CAMPAIGN", "campaign_id"),
    "gmv_max_totals": ("ADVERTISER", "advertiser_id"),
}
REPORTS = frozenset(DIMENSIONS)
_DAY = Column("date_day", "DATE", "left(r.dimensions.stat_time_day, 10)")


def _struct(*names: str) -> str:
    return f"STRUCT({', '.join(f'{name} VARCHAR' for name in names)})"


def _value(metric: str) -> str:
    return f"nullif(r.metrics.{metric}, '-')"


def _text(name: str, read: str) -> Column:
    return Column(name, "VARCHAR", read)


def _micros(name: str, metric: str) -> Column:
    return Column(name, "MICROS", _value(metric))


def _count(name: str, metric: str) -> Column:
    return Column(name, "BIGINT", _value(metric))


def _stream(
    name: str,
    added_fields: tuple[str, ...],
    key: tuple[Column, ...],
    columns: tuple[Column, ...],
    spared_when: str | None = None,
) -> Stream:
    """A report: its columns name the metrics of the request; reports.py adds fields to its records."""
    metrics = fields_read(columns, of="r.metrics")
    return Stream(
        name=name,
        query=",".join(metrics),
        cursor="stat_time_day",
        whole_days=True,
        record={
            **dict.fromkeys((*added_fields, *SPARED_FIELDS), "VARCHAR"),
            "dimensions": _struct(DIMENSIONS[name][1], "stat_time_day"),
            "metrics": _struct(*metrics),
        },
        tables=(
            Table(
                name=name,
                key=("date_day", *(column.name for column in key)),
                where="r.dimensions is not null" if spared_when else "true",
                slice="date_day",
                spared=spared_when,
                columns=(_DAY, *key, *columns),
            ),
        ),
    )


_SERVICE = _text("service_type", "r.service")
_GMV_FIELDS = ("store_id", "promotion_type")
_STORE = (_text("store_id", "r.store_id"), _text("promotion_type", "r.promotion_type"))
_MEASURES = (
    _text("currency", _value("currency")),
    _micros("spend_micros", "spend"),
    _count("impressions", "impressions"),
    _count("clicks", "clicks"),
    _count("reach", "reach"),
    _count("complete_payments", "complete_payment"),
    _micros("complete_payment_value_micros", "total_complete_payment_rate"),
)
_SPARED_STORE = """exists (select 1 from record as r where r.dimensions is null and r.store_id = t.store_id
    and t.date_day between r.spared_from::date and r.spared_to::date)"""
_GMV = (
    _micros("cost_micros", "cost"),
    _micros("net_cost_micros", "net_cost"),
    _count("orders", "orders"),
    _micros("gross_revenue_micros", "gross_revenue"),
)

ADS_INSIGHTS = _stream(
    "ads_insights",
    ("service",),
    (_SERVICE, _text("ad_id", "r.dimensions.ad_id")),
    (
        _text("ad_group_id", _value("adgroup_id")),
        _text("campaign_id", _value("campaign_id")),
        _text("ad_name", "r.metrics.ad_name"),
        _text("ad_group_name", "r.metrics.adgroup_name"),
        _text("campaign_name", "r.metrics.campaign_name"),
        *_MEASURES,
    ),
    spared("ad_id"),
)
CAMPAIGN_INSIGHTS = _stream(
    "campaign_insights",
    ("service",),
    (_SERVICE, _text("campaign_id", "r.dimensions.campaign_id")),
    (_text("campaign_name", "r.metrics.campaign_name"), *_MEASURES),
    spared("campaign_id"),
)
ADVERTISER_INSIGHTS = _stream(
    "advertiser_insights",
    ("service",),
    (_SERVICE,),
    (*_MEASURES, _micros("cash_spend_micros", "cash_spend"), _micros("voucher_spend_micros", "voucher_spend")),
)
GMV_MAX_INSIGHTS = _stream(
    "gmv_max_insights",
    _GMV_FIELDS,
    (_text("campaign_id", "r.dimensions.campaign_id"), *_STORE),
    _GMV,
    f"({_SPARED_STORE} or {spared('campaign_id')})",
)
GMV_MAX_TOTALS = _stream("gmv_max_totals", _GMV_FIELDS, _STORE, _GMV, _SPARED_STORE)
