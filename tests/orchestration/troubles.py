"""What can go wrong with one tenant, as one change of a place or of what its sources answer.

`TROUBLES` names them. Each says what is heard of it: `account` (its pull fails), `tenant` (it is blocked), `word` (a
warning, a rejected row or a line of the summary), or `nothing` (it is survived).
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.sync.staging import Staging
from simulator import Fault, SimulatorServer
from simulator.apis.base import Api, Request, Response
from tests.faults.kinds import Change, moved, objects, with_fields, with_json, with_list
from tests.orchestration.installation import Installation

TENANT = "meridian"
APIS = {"shopify": "shopify", "stripe": "stripe", "meta_ads": "meta", "tiktok_ads": "tiktok"}


@dataclass
class ForOne:
    """An API that answers one shop's requests wrongly, and all others rightly."""

    api: Api
    now: Callable[[], datetime]
    change: Change | None = None

    def respond(self, request: Request) -> Response:
        response = self.api.respond(request)
        text = f"{request.path} {request.query} {dict(request.headers)} {request.body!r}"
        return self.change(response, self.now()) if self.change and TENANT in text else response


@dataclass
class Place:
    """An installation of three tenants, and the sources of the one that fails."""

    installation: Installation
    server: SimulatorServer
    apis: Mapping[str, ForOne]

    @property
    def folder(self) -> Path:
        return self.installation.root

    @property
    def files(self) -> Path:
        return self.folder / "files" / TENANT

    def configure(self, old: str, new: str) -> None:
        """Change what takings.toml says of the tenant."""
        path = self.folder / "takings.toml"
        before, it, text = path.read_text().partition(f'[[tenants]]\nid = "{TENANT}"')
        assert old in it + text
        path.write_text(before + (it + text).replace(old, new, 1))

    def token(self, source: str, text: bytes) -> None:
        name = TENANT if source == "shopify" else f"{TENANT}.{source}"
        (self.folder / f"{name}.token").write_bytes(text)

    def landed(self, source: str, stream: str) -> Path:
        """The newest window of a stream."""
        (account,) = (self.installation.home.landing / TENANT / source).iterdir()
        return max((account / stream).iterdir())

    def forget(self, source: str) -> None:
        """Staging loses an account, so that the next pull loads it from the landing zone."""
        with Staging(self.installation.home.staging) as staging:
            staging.rename((TENANT, source, TENANT), None, really=True)

    def first_pull(self, source: str) -> None:
        """The account was never pulled."""
        self.forget(source)
        shutil.rmtree(self.installation.home.landing / TENANT / source)

    def events(self, *lines: bytes) -> None:
        """Lines at the end of the newest file of events."""
        with gzip.open(max((self.files / "events").glob("*.gz")), "ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))


@dataclass(frozen=True)
class Trouble:
    """`happens` changes the place; `heard` of "account", "tenant", "word" or "nothing", with these words."""

    happens: Callable[[Place], object]
    heard: str
    words: tuple[str, ...] = field(default=())


def answers(source: str, change: Change) -> Callable[[Place], object]:
    def happens(place: Place) -> None:
        place.apis[source].change = change

    return happens


def both(*happenings: Callable[[Place], object]) -> Callable[[Place], object]:
    return lambda place: [happens(place) for happens in happenings]


def fault(kind: str, on: str, **more: Any) -> Callable[[Place], object]:
    return lambda place: place.server.faults.add(Fault(kind, on=on, times=None, account=TENANT, **more))


def running(value: Any) -> None:
    """A bulk operation that never ends."""
    for one in objects(value):
        if one.get("status") == "COMPLETED":
            one.update(status="RUNNING", objectCount="1", url=None)


def without_earlier_days(days: list[Any]) -> list[Any]:
    """A report that lost all days but the newest."""
    return days[-1:]


def event(number: int, **fields: str) -> bytes:
    text = {"event_id": f"e{number}", "event_name": "page_view", "anonymous_id": "b1", "session_id": "s1"} | fields
    return repr(text).replace("'", '"').encode()


NEW_SHOP = both(lambda place: place.first_pull("shopify"))
DAY = "2026-02-01T10:00:00Z"
TROUBLES: dict[str, Trouble] = {
    # configuration and secrets
    "revoked token": Trouble(lambda place: place.token("shopify", b"wrong"), "account", ("token",)),
    "revoked Stripe key": Trouble(lambda place: place.token("stripe", b"rk_wrong"), "account", ("secret",)),
    "revoked Meta token": Trouble(lambda place: place.token("meta_ads", b"wrong"), "account", ("secret",)),
    "revoked TikTok token": Trouble(lambda place: place.token("tiktok_ads", b"wrong"), "account", ("secret",)),
    "secret file is gone": Trouble(lambda place: (place.folder / f"{TENANT}.token").unlink(), "account", ("missing",)),
    "secret of two lines": Trouble(lambda place: place.token("shopify", b"shpat_1\nshpat_2"), "account", ("line",)),
    "secret in a binary encoding": Trouble(lambda place: place.token("shopify", b"\xff\xfes\0h\0"), "account"),
    "one shop under two names": Trouble(
        lambda place: place.configure(
            f'[[tenants.sources]]\nkind = "shopify"\naccount = "{TENANT}"',
            f'[[tenants.sources]]\nkind = "shopify"\naccount = "again"\nsecret = "file:{TENANT}.token"\nbase_url = '
            f'"{place.server.base_url(TENANT)}"\n[[tenants.sources]]\nkind = "shopify"\naccount = "{TENANT}"',
        ),
        "account", ("'again'", f"'{TENANT}'"),
    ),
    "source that cannot be reached": Trouble(
        lambda place: place.configure(place.server.base_url(TENANT), "http://127.0.0.1:9"),
        "account", ("127.0.0.1:9",),
    ),
    "another id": Trouble(lambda place: place.configure(f'id = "{TENANT}"', 'id = "renamed"'), "nothing"),
    "reporting currency without rates": Trouble(
        lambda place: place.configure('currency = "USD"', 'currency = "JPY"'), "tenant", ("every_amount_has_a_rate",)),
    # the source refuses, or its answers are wrong
    "denied field": Trouble(fault("denied", "Order.email"), "word", ("email",)),
    "denied field of a first pull": Trouble(both(NEW_SHOP, fault("denied", "Order.email")), "word", ("email",)),
    "denied field that numbers need": Trouble(fault("denied", "ProductSale.totalAmount"), "account", ("totalAmount",)),
    "denied Stripe resource": Trouble(fault("denied", "stripe:charges"), "account", ("rak_charge_read",)),
    "bulk operation that never ends": Trouble(
        both(NEW_SHOP, answers("shopify", with_json(running))), "account", ("bulk operation",)),
    "bulk operation that fails": Trouble(both(NEW_SHOP, fault("bulk_failed", "bulk:orders")), "account"),
    "bulk file that breaks off": Trouble(both(NEW_SHOP, fault("truncated_file", "bulk_file")), "account"),
    "throttled for ever": Trouble(fault("throttled", ""), "account"),
    "clock ahead": Trouble(answers("shopify", moved(2)), "account", ("clock",)),
    "clock behind": Trouble(answers("stripe", moved(-30)), "account", ("clock",)),
    "Stripe currency that does not exist": Trouble(
        answers("stripe", with_fields(frozenset({"currency"}), lambda value: "zzz")), "tenant", ("ZZZ",)),
    "amount with too many decimals": Trouble(
        answers("shopify", with_fields(frozenset({"amount"}), lambda value: f"{value}7")), "tenant"),
    "amount that is a word": Trouble(
        answers("shopify", with_fields(frozenset({"amount"}), lambda value: "many")), "tenant",
        ("no_row_was_rejected",)),
    "Meta days that come back without spend": Trouble(
        answers("meta_ads", with_list(without_earlier_days)), "account", ("spend",)),
    "TikTok days that come back without spend": Trouble(
        answers("tiktok_ads", with_list(without_earlier_days)), "account"),
    "Meta day with a negative spend": Trouble(
        answers("meta_ads", with_fields(frozenset({"spend"}), lambda value: "-1.00")), "account", ("spend",)),
    # files
    "broken lines of events": Trouble(
        lambda place: place.events(b'{"event_id": "torn', b"\0\1\2"), "word", ("no_event_was_rejected: 2 rows",)),
    "events from a wrong clock": Trouble(
        lambda place: place.events(event(1, occurred_at="1971-01-01T00:00:00Z", received_at=DAY),
                                   event(2, occurred_at="2099-01-01T00:00:00Z", received_at=DAY)),
        "word", ("no_event_was_rejected: 2 rows",)),
    "events whose ids are words": Trouble(
        lambda place: place.events(event(3, occurred_at=DAY, received_at=DAY, user_id="undefined")),
        "word", ("undefined",)),
    "events that are no gzip": Trouble(
        lambda place: max((place.files / "events").glob("*.gz")).write_bytes(b"no gzip"), "word"),
    "expenses in an unknown currency": Trouble(
        lambda place: (place.files / "operating_expenses.csv").write_text(
            "month,category,cost_kind,amount,currency\n2026-01,rent,fixed,10.00,XXQ\n"), "tenant", ("XXQ",)),
    "expenses without their columns": Trouble(
        lambda place: (place.files / "operating_expenses.csv").write_text("a;b\n1;2\n"), "account"),
    "balances in a binary encoding": Trouble(
        lambda place: (place.files / "cash_balances.csv").write_bytes(b"day,\xff\xfe\0"), "account", ("UTF-8",)),
    "folder that is gone": Trouble(lambda place: shutil.rmtree(place.files), "account"),
    # what is stored
    "damaged manifest of a window": Trouble(
        lambda place: (place.landed("shopify", "orders") / "window.json").write_text("{"), "account", ("window.json",)),
    "landed window that cannot be loaded": Trouble(
        lambda place: [place.forget("stripe"), *(part.write_bytes(b"not what arrived")
                       for part in place.landed("stripe", "events").glob("part-*"))], "nothing"),
    "row that was rejected": Trouble(
        answers("stripe", with_fields(frozenset({"created"}), lambda value: "yesterday")), "account"),
}  # fmt: skip
