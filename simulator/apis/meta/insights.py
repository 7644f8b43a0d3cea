"""Insights: rows of a level and a range of days, as the account tells them at an instant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from simulator.apis.meta.errors import GraphError
from simulator.books import Instant
from simulator.scenarios.ads.attribution import DEFAULT_WINDOW, WINDOWS
from simulator.scenarios.ads.books import ACCOUNT, AdAccount, AdStats
from simulator.scenarios.ads.plan import AD, CAMPAIGN, GROUP, Node

LEVELS = {"account": ACCOUNT, "campaign": CAMPAIGN, "adset": GROUP, "ad": AD}
GONE_WINDOWS = frozenset({"7d_view", "28d_view"})  # answered without an error and without the key
OTHER_WINDOWS = frozenset({"1d_ev", "incrementality", "skan", "dda", "default"})
PURCHASES = (
    "purchase",
    "omni_purchase",
    "onsite_web_purchase",
    "onsite_web_app_purchase",
    "offsite_conversion.fb_pixel_purchase",
)
CARTS = ("add_to_cart", "omni_add_to_cart", "offsite_conversion.fb_pixel_add_to_cart")
FIELDS = frozenset(
    {
        "account_id",
        "account_name",
        "account_currency",
        "campaign_id",
        "campaign_name",
        "adset_id",
        "adset_name",
        "ad_id",
        "ad_name",
        "impressions",
        "clicks",
        "inline_link_clicks",
        "spend",
        "reach",
        "frequency",
        "actions",
        "action_values",
        "attribution_setting",
        "date_start",
        "date_stop",
        "objective",
        "buying_type",
        "conversions",
        "conversion_values",
        "purchase_roas",
    }
)
RETENTION_MONTHS = 37


@dataclass(frozen=True)
class Report:
    """What a request asks for."""

    level: str
    first: date
    last: date
    fields: tuple[str, ...]
    windows: tuple[str, ...]
    by_day: bool
    campaigns: frozenset[str] | None


def listed(value: Any) -> list[str]:
    """A list parameter: JSON, or words with commas in between."""
    if isinstance(value, list):
        return [str(each) for each in value]
    text = str(value or "")
    return [str(each) for each in json.loads(text)] if text.startswith("[") else [x for x in text.split(",") if x]


def parse(params: Mapping[str, Any], today: date) -> Report:
    """The report that the parameters ask for. Raises GraphError as the API does."""
    level, fields = str(params.get("level", "account")), tuple(listed(params.get("fields")))
    if level not in LEVELS:
        raise GraphError("(#100) level must be one of the following values: ad, adset, campaign, account")
    if unknown := [name for name in fields if name not in FIELDS]:
        raise GraphError(f"(#100) {', '.join(unknown)} are not valid for fields param. please check "
                         "https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ for all valid "
                         "values")  # fmt: skip
    windows = listed(params.get("action_attribution_windows"))
    if strange := [name for name in windows if name not in {*WINDOWS, *GONE_WINDOWS, *OTHER_WINDOWS}]:
        raise GraphError(f"(#100) action_attribution_windows[0] must be one of the following values, not {strange[0]}")
    if params.get("breakdowns") or set(listed(params.get("action_breakdowns"))) - {"action_type"}:
        raise GraphError("(#100) the simulator knows no breakdowns but action_type")
    given = params.get("time_range")
    spans: Any = json.loads(given) if isinstance(given, str) else given
    try:
        first, last = date.fromisoformat(spans["since"]), date.fromisoformat(spans["until"])
    except (KeyError, TypeError, ValueError):
        raise GraphError("(#100) Invalid parameter: time_range") from None
    months = (today.year - first.year) * 12 + today.month - first.month
    if months > RETENTION_MONTHS or (months == RETENTION_MONTHS and first.day < today.day):
        raise GraphError(
            "(#3018) The start date of the time range cannot be beyond 37 months from the current date", 3018
        )
    if first > last:
        raise GraphError("(#100) The start date must not be after the end date")
    by_day = str(params.get("time_increment", "all_days")) == "1"
    return Report(level, first, last, fields, tuple(windows), by_day, _campaigns(params.get("filtering")))


def _campaigns(filtering: Any) -> frozenset[str] | None:
    given = json.loads(filtering) if isinstance(filtering, str) else filtering or []
    if not given:
        return None
    (only,) = given
    if only.get("field") != "campaign.id" or only.get("operator") != "IN":
        raise GraphError("(#100) the simulator filters by campaign.id IN only")
    return frozenset(map(str, only["value"]))


def rows(account: AdAccount, report: Report, at: Instant) -> list[dict[str, Any]]:
    """The report's rows, day by day. Deleted ads have none; their parents' rows and the account's hold them."""
    days = [report.first + timedelta(days=n) for n in range((report.last - report.first).days + 1)]
    days = [day for day in days if account.plan.start <= day <= account.plan.day(at)]
    if report.by_day:
        return [_row(account, report, node, told, day, day, at) for day in days
                for node, told in _of_day(account, report, day, at)]  # fmt: skip
    whole: dict[Node | None, AdStats] = {}
    for day in days:
        for node, told in _of_day(account, report, day, at):
            whole.setdefault(node, AdStats()).add(told)
    return [_row(account, report, node, told, report.first, report.last, at) for node, told in whole.items()]


def _of_day(account: AdAccount, report: Report, day: date, at: Instant) -> Iterator[tuple[Node | None, AdStats]]:
    level = LEVELS[report.level]
    if level == ACCOUNT:
        total = account.total(day, at)
        if total is not None and total.impressions:
            yield None, total
        return
    for node, told in account.rows(level, day, at).items():
        if told.impressions and (report.campaigns is None or node.at_level(CAMPAIGN).id in report.campaigns):
            yield node, told


def _row(
    account: AdAccount, report: Report, node: Node | None, told: AdStats, first: date, last: date, at: Instant
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "account_id": account.id,
        "account_name": account.name,
        "account_currency": account.currency,
        "attribution_setting": "7d_click_1d_view",
        "impressions": str(told.impressions),
        "clicks": str(told.clicks),
        "inline_link_clicks": str(told.link_clicks),
        "spend": decimal(told.spend),
        "reach": str(told.reach),
        "frequency": f"{told.impressions / max(1, told.reach):.6f}",
        "objective": "OUTCOME_SALES",
        "buying_type": "AUCTION",
        "actions": _actions(told, report.windows),
        "action_values": _values(told, report.windows),
    }
    for each in node.path if node else ():
        name = {CAMPAIGN: "campaign", GROUP: "adset", AD: "ad"}[each.level]
        row |= {f"{name}_id": each.id, f"{name}_name": each.name(at)}
    asked = {name: row[name] for name in report.fields if row.get(name)}
    return asked | {"date_start": str(first), "date_stop": str(last)}


def _actions(told: AdStats, windows: tuple[str, ...]) -> list[dict[str, str]]:
    """One happening arrives as several types, and a key whose number is zero is left out."""
    clicked = told.link_clicks
    found = [{"action_type": "page_engagement", "value": str(told.clicks)}] if told.clicks else []
    found += _entry("link_click", clicked, {"1d_click": clicked * 9 // 10, "7d_click": clicked}, windows)
    for kind in CARTS:
        found += _entry(kind, told.carts, {"1d_click": told.carts // 2, "7d_click": told.carts}, windows)
    by_window = {window: count for window, (count, _) in told.purchases.items()}
    for kind in PURCHASES:
        found += _entry(kind, by_window.get(DEFAULT_WINDOW, 0), by_window, windows)
    return found


def _entry(kind: str, value: int, by_window: Mapping[str, int], windows: tuple[str, ...]) -> list[dict[str, str]]:
    keys = {window: by_window.get(window, 0) for window in windows if window in WINDOWS}
    told = {name: str(number) for name, number in {"value": value, **keys}.items() if number}
    return [{"action_type": kind, **told}] if told else []


def _values(told: AdStats, windows: tuple[str, ...]) -> list[dict[str, str]]:
    by_window = {window: value for window, (_, value) in told.purchases.items()}
    keys = {"value": by_window.get(DEFAULT_WINDOW, 0)} | {window: by_window.get(window, 0) for window in windows}
    entry = {name: decimal(number) for name, number in keys.items() if number}
    return [{"action_type": kind, **entry} for kind in PURCHASES] if entry else []


def decimal(micros: int) -> str:
    """Micros as a decimal text with the places that it needs: 12345678 is 12.345678, 12000000 is 12."""
    sign, whole, part = "-" * (micros < 0), abs(micros) // 1_000_000, abs(micros) % 1_000_000
    return f"{sign}{whole}.{part:06d}".rstrip("0").rstrip(".")
