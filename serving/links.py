"""Signed links: who has one reads one report of one tenant, until it expires or is revoked.

    token = base64url(JSON of the link) "." base64url(HMAC-SHA256)

Each link has one spelling only: a token counts when it equals, byte by byte, what signing its content again gives. So
another base64 spelling, another order or another blank in the JSON is refused like a wrong signature.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from common.presets import Days
from semantic import periods
from semantic.errors import RangeError
from serving.errors import RefusedError
from serving.keys import Keys

PURPOSE = "link"
LONGEST = 1000  # characters of a token
LATEST = 2**37  # seconds: the year 6325
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Link:
    """What a token says. Either `days` or `rolling` (a period's name, such as 30d) is set. `expires`: UTC seconds."""

    id: str
    key: str
    report: str
    tenant: str
    expires: int
    days: Days | None = None
    rolling: str | None = None

    @property
    def expiry(self) -> datetime:
        """The instant from which it no longer opens."""
        return datetime.fromtimestamp(self.expires, UTC)

    def shown_days(self, time_zone: str, now: datetime) -> Days:
        """The days that it shows, in the tenant's calendar."""
        return self.days or periods.whole(self.rolling or "", time_zone, now)


def new(
    keys: Keys, report: str, tenant: str, days: Days | None, rolling: str | None, *, lifetime: timedelta, now: datetime
) -> Link:
    """A link with an id of its own. Raises RangeError where the days are no range."""
    if days:
        periods.check(*days)
    if rolling:
        periods.preset(rolling)
        rolling = "-".join(rolling.lower().split())
    expires = int((now + lifetime).timestamp())
    return Link(secrets.token_hex(6), keys.newest(), report, tenant, expires, days, rolling)


def sign(link: Link, keys: Keys) -> str:
    """The token of a link. Raises RefusedError where its key is gone."""
    period = [day.isoformat() for day in link.days] if link.days else [link.rolling]
    content = json.dumps([link.key, link.id, link.report, link.tenant, link.expires, *period], separators=(",", ":"))
    text = base64.urlsafe_b64encode(content.encode()).rstrip(b"=")
    signature = keys.signature(link.key, PURPOSE, text)
    if signature is None:
        raise RefusedError
    return f"{text.decode()}.{signature.decode()}"


def verify(token: str, keys: Keys) -> Link:
    """The link of a token. Raises RefusedError for every token that `sign` did not make, whatever is wrong with it."""
    link = _read(token)
    if not hmac.compare_digest(sign(link, keys).encode(), token.encode()):
        raise RefusedError
    return link


def _read(token: str) -> Link:
    """What a token claims, before its signature is compared."""
    text, dot, _ = token.partition(".")
    if len(token) > LONGEST or not dot or not token.isascii():
        raise RefusedError
    try:
        key, number, report, tenant, expires, *period = json.loads(
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        )
        if not all(NAME.fullmatch(name) for name in (key, number, report, tenant)) or not _is_instant(expires):
            raise RefusedError
        if len(period) == 1:
            periods.preset(period[0])
            return Link(number, key, report, tenant, expires, rolling=period[0])
        first, last = (date.fromisoformat(day) for day in period)
        return Link(number, key, report, tenant, expires, periods.check(first, last))
    except (ValueError, TypeError, AttributeError, RecursionError, RangeError):
        raise RefusedError from None


def _is_instant(value: object) -> bool:
    return type(value) is int and 0 < value < LATEST
