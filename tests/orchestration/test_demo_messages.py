"""The demo's delivery, alert channel and mailbox: what its configuration says, and the check that both arrived."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from common.errors import StopError
from orchestration import deliveries, demo, demo_messages
from orchestration.home import Home
from orchestration.settings import Settings
from serving.deliveries import channels
from serving.deliveries.message import Message
from serving.deliveries.outbox import Key
from simulator import Mailbox

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SHOP = {
    "id": "aurora",
    "name": "Aurora Outdoor",
    "time_zone": "America/New_York",
    "currency": "USD",
    "sources": [
        {"kind": "shopify", "account": "aurora", "base_url": "http://127.0.0.1:1/shopify/aurora", "token": "t"}
    ],
}


def configured(home: Home, port: int) -> Settings:
    shops: dict[str, Any] = {"shops": [{**SHOP, "sources": [dict(SHOP["sources"][0])]}]}  # type: ignore[arg-type]
    shops["mailbox"] = {"smtp_port": port, "url": "http://127.0.0.1:1/mailbox/"}
    return demo.configure(home, shops, None).model_copy(update={"home": home.root})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    return home


def test_each_shop_has_a_delivery_and_a_channel_to_the_mailbox_and_a_limit_of_its_own(home: Home) -> None:
    (tenant,) = configured(home, 2525).tenants
    assert [(channel.name, channel.address) for channel in tenant.alert_channels] == [
        ("owner", "file:secrets/aurora.mail.address")
    ]
    (delivery,) = tenant.deliveries
    assert (delivery.report, delivery.recipients) == ("revenue-overview", ("file:secrets/aurora.mail.address",))
    assert float(tenant.alerts["churn"]) == 0.01
    address = home.root / "secrets" / "aurora.mail.address"
    assert address.stat().st_mode & 0o077 == 0
    assert channels.problem(address.read_text().strip()) == ""


def test_check_names_what_did_not_arrive_and_passes_when_both_did(home: Home) -> None:
    with Mailbox(demo_messages.folder(home)) as mailbox:
        settings = configured(home, mailbox.smtp_port)
        with pytest.raises(StopError, match="No report and no alert arrived"):
            demo_messages.check(settings)
        with closing(deliveries.outbox(settings)) as box:
            for kind in ("report", "alert"):
                key = Key(kind, "aurora", "weekly", f"one {kind}")  # type: ignore[arg-type]
                box.plan(key, ["file:secrets/aurora.mail.address"], NOW, message=Message(f"A {kind}", "Text"))
            for entry in box.open(NOW):
                claimed, message = box.claim(entry, NOW), box.message(entry)
                assert claimed and message
                outcome = deliveries.sender(settings)(claimed, message)
                box.end(claimed, "sent", outcome.detail, NOW)
                assert outcome.result == "sent"
                if entry.key.kind == "report":
                    with pytest.raises(StopError, match="No alert arrived"):
                        demo_messages.check(settings)
        assert demo_messages.check(settings) == "Reports in the mailbox: 1; messages about alerts: 1."
