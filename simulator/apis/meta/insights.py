"""Insights reports: the rows of a level and a range of days, as the account reports them at an instant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from simulator.apis.ads import delivered_rows, reported_days
from simulator.apis.decimals import micros_text
from simulator.apis.meta.errors import GraphError
from simulator.apis.meta.parameters import json_parameter, list_parameter
from simulator.books import Instant
from simulator.scenarios.ads.attribution import DEFAULT_WINDOW, WINDOWS
from simulator.scenarios.ads.books import ACCOUNT, AdAccount, AdStats
from simulator.scenarios.ads.plan import AD, CAMPAIGN, GROUP, Node

LEVELS = {"account": ACCOUNT, "campaign": CAMPAIGN, "adset": GROUP, "ad": AD}
NAMES = {level: name for name, level in LEVELS.items()}
REMOVED_WINDOWS = frozenset({"7d_view", "28d_view"})  # accepted, but the response has no key for them
OTHER_WINDOWS = frozenset({"1d_ev", "incrementality", "skan", "dda", "default"})
PURCHASES = (
    "purchase",
    "omni_purchase",
    "onsite_web_purchase",
    "onsite_web_app_purchase",
    "offsite_conversion.fb_pixel_purchase",
)
CARTS = ("add_to_cart", "omni_add_to_cart", "offsite_conversion.fb_pixel_add_to_cart")
FIELDS = frozenset({
    "account_id", "account_name", "account_currency", "campaign_id", "campaign_name", "adset_id", "adset_name", "ad_id",
    "ad_name", "impressions", "clicks", "inline_link_clicks", "spend", "reach", "frequency", "actions", "action_values",
    "attribution_setting", "date_start", "date_stop", "objective", "buying_type", "conversions", "conversion_values",
    "purchase_roas",
})  # fmt: skip
RETENTION_MONTHS = 37


@dataclass(frozen=True)
class Report:
    """The parameters of a report. ``campaigns`` None: all."""

    level: str
    first: date
    last: date
    fields: tuple[str, ...]
    windows: tuple[str, ...]
    by_day: bool
    campaigns: frozenset[str] | None


def parse(params: Mapping[str, Any], today: date) -> Report:
    """The report of a request. Raises GraphError."""
    level, fields = str(params.get("level", "account")), tuple(list_parameter(params.get("fields")))
    if level not in LEVELS:
        raise GraphError("(#100) level must be one of the following values: ad, adset, campaign, account")
    if unknown := [name for name in fields if name not in FIELDS]:
        raise GraphError(f"(#100) {', '.join(unknown)} are not valid for fields param. please check "
                         "https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ for all valid "
                         "values")  # fmt: skip
    windows = list_parameter(params.get("action_attribution_windows"))
    if unknown := [name for name in windows if name not in {*WINDOWS, *REMOVED_WINDOWS, *OTHER_WINDOWS}]:
        raise GraphError(f"(#100) action_attribution_windows[0] must be one of the following values, not {unknown[0]}")
    if params.get("breakdowns") or set(list_parameter(params.get("action_breakdowns"))) - {"action_type"}:
        raise GraphError("(#100) the simulator knows no breakdowns but action_type")
    first, last = _time_range(params.get("time_range"), today)
    by_day = str(params.get("time_increment", "all_days")) == "1"
    return Report(level, first, last, fields, tuple(windows), by_day, _campaigns(params.get("filtering")))


def _time_range(value: Any, today: date) -> tuple[date, date]:
    time_range: Any = json_parameter(value)
    try:
        first, last = date.fromisoformat(time_range["since"]), date.fromisoformat(time_range["until"])
    except (KeyError, TypeError, ValueError):
        raise GraphError("(#100) Invalid parameter: time_range") from None
    months = (today.year - first.year) * 12 + today.month - first.month
    if months > RETENTION_MONTHS or (months == RETENTION_MONTHS and first.day < today.day):
        raise GraphError(
            "(#3018) The start date of the time range cannot be beyond 37 months from the current date", 3018
        )
    if first > last:
        raise GraphError("(#100) The start date must not be after the end date")
    return first, last


def _campaigns(value: Any) -> frozenset[str] | None:
    filters = json_parameter(value) or []
    if not filters:
        return None
    (condition,) = filters
    if condition.get("field") != "campaign.id" or condition.get("operator") != "IN":
        raise GraphError("(#100) the simulator filters by campaign.id IN only")
    return frozenset(map(str, condition["value"]))


def rows(account: AdAccount, report: Report, at: Instant) -> list[dict[str, Any]]:
    """The report's rows, by day. A deleted ad has no row; the rows of its parents and of the account count it."""
    days = reported_days(account, report.first, report.last, at)
    if report.by_day:
        return [_row(account, report, node, stats, day, day, at) for day in days
                for node, stats in _rows_of_day(account, report, day, at)]  # fmt: skip
    totals: dict[Node | None, AdStats] = {}
    for day in days:
        for node, stats in _rows_of_day(account, report, day, at):
            totals.setdefault(node, AdStats()).add(stats)
    return [_row(account, report, node, stats, report.first, report.last, at) for node, stats in totals.items()]


def _rows_of_day(account: AdAccount, report: Report, day: date, at: Instant) -> Iterator[tuple[Node | None, AdStats]]:
    for node, stats in delivered_rows(account, LEVELS[report.level], day, at):
        if node is None or report.campaigns is None or node.at_level(CAMPAIGN).id in report.campaigns:
            yield node, stats


def _row(
    account: AdAccount, report: Report, node: Node | None, stats: AdStats, first: date, last: date, at: Instant
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "account_id": account.id,
        "account_name": account.name,
        "account_currency": account.currency,
        "attribution_setting": "7d_click_1d_view",
        "impressions": str(stats.impressions),
        "clicks": str(stats.clicks),
        "inline_link_clicks": str(stats.link_clicks),
        "spend": micros_text(stats.spend),
        "reach": str(stats.reach),
        "frequency": f"{stats.impressions / max(1, stats.reach):.6f}",
        "objective": "OUTCOME_SALES",
        "buying_type": "AUCTION",
        "actions": _actions(stats, report.windows),
        "action_values": _action_values(stats, report.windows),
    }
    for ancestor in node.path if node else ():
        name = NAMES[ancestor.level]
        row |= {f"{name}_id": ancestor.id, f"{name}_name": ancestor.name(at)}
    shown = {name: row[name] for name in report.fields if row.get(name)}
    return shown | {"date_start": str(first), "date_stop": str(last)}


def _actions(stats: AdStats, windows: tuple[str, ...]) -> list[dict[str, str]]:
    """A purchase or a cart counts in several action types."""
    clicks = stats.link_clicks
    actions = [{"action_type": "page_engagement", "value": str(stats.clicks)}] if stats.clicks else []
    actions += _action("link_click", clicks, {"1d_click": clicks * 9 // 10, "7d_click": clicks}, windows)
    for action_type in CARTS:
        actions += _action(action_type, stats.carts, {"1d_click": stats.carts // 2, "7d_click": stats.carts}, windows)
    purchases = {window: count for window, (count, _) in stats.purchases.items()}
    for action_type in PURCHASES:
        actions += _action(action_type, purchases.get(DEFAULT_WINDOW, 0), purchases, windows)
    return actions


def _action(
    action_type: str, value: int, by_window: Mapping[str, int], windows: tuple[str, ...]
) -> list[dict[str, str]]:
    """An action without the keys that are zero; none when all are."""
    keys = {window: by_window.get(window, 0) for window in windows if window in WINDOWS}
    counts = {name: str(count) for name, count in {"value": value, **keys}.items() if count}
    return [{"action_type": action_type, **counts}] if counts else []


def _action_values(stats: AdStats, windows: tuple[str, ...]) -> list[dict[str, str]]:
    by_window = {window: value for window, (_, value) in stats.purchases.items()}
    keys = {"value": by_window.get(DEFAULT_WINDOW, 0)} | {window: by_window.get(window, 0) for window in windows}
    values = {name: micros_text(value) for name, value in keys.items() if value}
    return [{"action_type": action_type, **values} for action_type in PURCHASES] if values else []
