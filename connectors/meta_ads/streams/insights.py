"""Daily insights of ads, campaigns and the account, replaced day by day, with their actions apart.

Each level is the platform's own: campaigns and the account count deleted ads too, which have no rows of their own.

An action's `action_window` is a key of the response (7d_click, 1d_view, …), or `default` for the key `value`: the
account's own setting, which may be missing. A type that comes twice in one row is rejected: it would count twice.
"""

from __future__ import annotations

from connectors.base import Column, Stream, Table, fields_read
from connectors.sync.withdrawn import SPARED_FIELDS, spared

WINDOWS = ("1d_click", "7d_click", "28d_click", "1d_view")
ACTION_BREAKDOWNS = ("action_type",)  # the API's default of three breakdowns loses purchases
_PAIRS = "MAP(VARCHAR, VARCHAR)[]"
# Meta omits every number of a day without delivery; a spend that is missing beside other numbers is unknown, not zero
_SPEND = "if(coalesce(r.impressions, r.clicks, r.inline_link_clicks, r.reach) is null, coalesce(r.spend, '0'), r.spend)"
_DAY = "date_start"  # every row has it; it is no field of the request


def _text(name: str, read: str) -> Column:
    return Column(name, "VARCHAR", read)


def _count(name: str, field: str) -> Column:
    return Column(name, "BIGINT", f"coalesce(r.{field}, '0')")


def _actions(*ids: str) -> str:
    """FROM clause: one row per day, object, type and window of a record's two lists."""
    keys = ", ".join(("landing_part", "landed_until", _DAY, *ids))
    lists = " union all ".join(
        f"select {keys}, '{name}' as kind, unnest({name}) as action from record"
        for name in ("actions", "action_values")
    )
    number = (
        "case when count(*) filter (kind = '{0}') > 1 then 'comes twice' else max(number) filter (kind = '{0}') end"
    )
    return f"""(
        select {keys}, action_type, action_window, {number.format("actions")} as action_count,
            {number.format("action_values")} as action_value
        from (
            select {keys}, kind, action['action_type'] as action_type,
                if(pair.key = 'value', 'default', pair.key) as action_window, pair.value as number
            from (select {keys}, kind, action, unnest(map_entries(action)) as pair from ({lists}))
            where pair.key not like 'action\\_%' escape '\\')
        group by all) as r"""


def _tables(name: str, actions: str, ids: dict[str, str], names: dict[str, str]) -> tuple[Table, Table]:
    """The table of numbers and the table of actions of one level; `ids` are key columns and their fields."""
    day = Column("date_day", "DATE", f"r.{_DAY}")
    keys = tuple(_text(column, f"r.{field}") for column, field in ids.items())
    spared_when = spared(next(iter(ids))) if ids else None
    return (
        Table(
            name=name,
            key=("date_day", *ids),
            where=f"r.{_DAY} is not null" if ids else "true",
            slice="date_day",
            spared=spared_when,
            columns=(
                day,
                *keys,
                *(_text(column, f"r.{field}") for column, field in names.items()),
                _text("currency", "r.account_currency"),
                _text("attribution_setting", "r.attribution_setting"),
                Column("spend_micros", "MICROS", _SPEND),
                _count("impressions", "impressions"),
                _count("clicks", "clicks"),
                _count("link_clicks", "inline_link_clicks"),
                _count("reach", "reach"),
            ),
        ),
        Table(
            name=actions,
            key=("date_day", *ids, "action_type", "action_window"),
            where="true",
            slice="date_day",
            spared=spared_when,
            source=_actions(*ids.values()),
            columns=(
                day,
                *keys,
                _text("action_type", "r.action_type"),
                _text("action_window", "r.action_window"),
                Column("action_count", "DECIMAL", "r.action_count"),
                Column("value_micros", "MICROS", "r.action_value"),
            ),
        ),
    )


def _stream(name: str, tables: tuple[Table, Table]) -> Stream:
    """A report of one level: its numbers, which name the fields of the request, and its actions."""
    record = {
        **dict.fromkeys(("account_id", *fields_read(tables[0].columns)), "VARCHAR"),
        "actions": _PAIRS,
        "action_values": _PAIRS,
    }
    return Stream(
        name=name,
        query=",".join(field for field in record if field != _DAY),
        cursor=_DAY,
        whole_days=True,
        record=record | dict.fromkeys(SPARED_FIELDS, "VARCHAR"),
        tables=tables,
    )


ADS_INSIGHTS = _stream(
    "ads_insights",
    _tables(
        "ads_insights",
        "ads_actions",
        {"ad_id": "ad_id"},
        {
            "ad_set_id": "adset_id",
            "campaign_id": "campaign_id",
            "ad_name": "ad_name",
            "ad_set_name": "adset_name",
            "campaign_name": "campaign_name",
        },
    ),
)
CAMPAIGN_INSIGHTS = _stream(
    "campaign_insights",
    _tables(
        "campaign_insights", "campaign_actions", {"campaign_id": "campaign_id"}, {"campaign_name": "campaign_name"}
    ),
)
ACCOUNT_INSIGHTS = _stream("account_insights", _tables("account_insights", "account_actions", {}, {}))
INSIGHTS = {"ads_insights": "ad", "campaign_insights": "campaign", "account_insights": "account"}  # stream: level
