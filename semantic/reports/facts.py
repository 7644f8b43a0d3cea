"""What a reader must know beside a report's numbers: whether they agree with the sources, what is old or unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from common.presets import Days, first_of
from semantic.catalog import Catalog
from semantic.reports import numbers
from semantic.reports.content import Reconciliation
from semantic.subject import Subject
from semantic.warehouse import Build

_MISSING = (
    ("advertising", "connect Meta Ads or TikTok Ads",
     {"ad_spend", "impressions", "clicks", "platform_purchases", "platform_purchase_value", "monthly_ad_spend",
      "campaign_spend", "campaign_impressions", "campaign_clicks", "campaign_purchases", "campaign_purchase_value"}),
    ("payments", "connect Stripe",
     {"cash_received", "cash_fees", "cash_refunded", "disputes", "payouts", "cash_other", "balance_change",
      "direct_revenue", "monthly_processing_fees", "mrr", "arr", "subscribers"}),
    ("visits", "Shopify's reports (Plus) or an events file have them",
     {"sessions", "visitors", "sessions_with_cart", "sessions_reached_checkout", "sessions_ordered",
      "cart_sessions_ordered", "add_to_carts", "user_days"}),
    ("expenses", "add the file of your expenses",
     {"operating_expenses", "fixed_expenses", "monthly_operating_expenses", "monthly_fixed_expenses",
      "monthly_contribution_margin", "net_burn", "trailing_burn", "burning", "break_even_revenue"}),
    ("bank balances", "add the file of your bank balances", {"cash_balance"}),
)  # fmt: skip
"""What a tenant may lack, where it comes from, and the sums that are unknown without it."""
NOTHING = "No source of this tenant has data for this report: all of its numbers are unknown."


def subject(build: Build) -> Subject:
    """What a published build itself says of its tenant: its zone and the kinds of its sources."""
    path = build.folder / "build.json"
    about: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    zone = about.get("calendars", {}).get(build.tenant, {}).get("time_zone", "UTC")
    kinds = about.get("sources", {}).get(build.tenant, [])
    return Subject(build.tenant or "", zone, {kind: kind.replace("_", " ").title() for kind in kinds})


def reconciliation(build: Build, sources: Mapping[str, str]) -> Reconciliation:
    """Compared and differing accounts over all days: a report's numbers may depend on days before its range."""
    rows = build.rows(
        f"""SELECT source, source_account, COUNT(DISTINCT CASE WHEN difference_minor <> 0 THEN date_day END) AS days
        FROM marts.reconciliation WHERE {build.own} GROUP BY source, source_account
        ORDER BY source, source_account"""
    )
    kinds = [source for source, _, _ in rows]
    names = [
        sources.get(source, source) + (f" ({account})" if kinds.count(source) > 1 else "")
        for source, account, _ in rows
    ]  # strangers read reports, too: an account's number is named where there is a second account alone
    return Reconciliation(
        tuple(names),
        tuple(
            f"{name} on {days:,} day{'s' * (days > 1)}" for name, (_, _, days) in zip(names, rows, strict=True) if days
        ),
        tuple(title for kind, title in sources.items() if kind not in kinds),
    )


def blocked(build: Build) -> str:
    """Why newer data of the tenant are not published, as a sentence; empty where its numbers are up to date."""
    for name, since, reason in build.blocked():
        if name == build.tenant:
            text = f"These are older numbers: newer data are not published since {since:%Y-%m-%d %H:%M} UTC. {reason}"
            return text.strip()
    return ""


def first_day(build: Build, names: Sequence[str]) -> date | None:
    """The first day of which the metrics have any number, of those that are counted by day."""
    marts = {metric.mart: build.catalog.marts[metric.mart] for metric in map(build.catalog.metric, names)}
    days = []
    for name, mart in marts.items():
        if mart.time_column and (mart.time_grain or "day") == "day":
            question = f"SELECT CAST(MIN({mart.time_column}) AS DATE) FROM marts.{name} WHERE {build.own}"
            days += [day for (day,) in build.rows(question) if day]
    return min(days, default=None)


def unknown(catalog: Catalog, names: Sequence[str], known: Mapping[str, bool]) -> Iterator[str]:
    """A sentence for each kind of data that the tenant lacks: which metrics are unknown, and what to add.

    One sentence alone where every metric is unknown.
    """
    left = [name for name in names if not known[name]]
    if left and len(left) == len(names):
        yield NOTHING
        return
    for what, advice, parts in _MISSING:
        lacking = [name for name in left if any(part.name in parts for part in numbers.sums(catalog, name))]
        if lacking:
            labels = [catalog.metric(name).label for name in lacking]
            yield f"Unknown without {what} ({advice}): {listed(labels)}."
        left = [name for name in left if name not in lacking]
    if left:
        labels = [catalog.metric(name).label for name in left]
        yield f"Unknown, since no source has delivered data of it: {listed(labels)}."


def listed(names: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])


def months(days: Days, today: date) -> str:
    """Of which months the numbers are that are counted by month."""
    first, last = (first_of("month", day) for day in days)
    running = ", which is not over" if last == first_of("month", today) else ""
    if first == last:
        return f"What is counted by month is of {first:%B %Y}{running or ', the whole month'}."
    return f"What is counted by month is of all months from {first:%B %Y} to {last:%B %Y}{running}."
