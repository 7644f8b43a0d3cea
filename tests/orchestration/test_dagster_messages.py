"""Deliveries and alert messages in Dagster: assets with checks, failures of sending that fail no run, the sensor."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration import alert_messages, messages
from orchestration.definitions import definitions
from orchestration.defs.messages import ALERTS, messages_are_due
from orchestration.defs.publish import BUILD
from semantic.alerts import rules
from serving.deliveries.outbox import Key, Outbox
from simulator import Mailbox
from tests.orchestration.installation import Installation, published_shops
from tests.orchestration.test_alert_messages import CHANNELS, SALES, SALES_FELL

pytestmark = pytest.mark.worlds
DELIVERY = """
[[tenants.deliveries]]
name = "monday"
report = "revenue-overview"
schedule = "0 8 * * 1"
recipients = ["env:OWNER_MAIL"]
"""
WEEKLY = dg.AssetKey(["messages", "aurora", "monday"])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Two published shops; aurora has a delivery and two channels, and a rule that fires."""
    monkeypatch.setattr(rules, "load", lambda: (SALES, SALES_FELL))
    folder = tmp_path / "place"
    shutil.copytree(published_shops().root, folder, symlinks=True)
    installation = Installation(folder)
    text = (folder / "takings.toml").read_text()
    first, second, rest = text.partition("[[tenants.sources]]")
    (folder / "takings.toml").write_text(first + CHANNELS + DELIVERY + second + rest)
    monkeypatch.setenv("TAKINGS_HOME", str(installation.home.root))
    monkeypatch.setenv("TAKINGS_CONFIG", str(folder / "takings.toml"))
    return installation


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with Mailbox(tmp_path / "mailbox") as running:
        port = running.smtp_port
        monkeypatch.setenv("OWNER_MAIL", f"mailto://127.0.0.1:{port}/?from=a@b.example&to=c@b.example&mode=insecure")
        yield running


def send() -> tuple[dg.ExecuteInProcessResult, dict[dg.AssetKey, dg.AssetCheckEvaluation]]:
    """The job that sends what is due, and its checks."""
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = definitions().resolve_job_def("send_messages").execute_in_process(instance=instance)
        return outcome, {check.asset_key: check for check in outcome.get_asset_check_evaluations()}


def looked() -> dg.RunRequest | dg.SkipReason:
    with dg.DagsterInstance.ephemeral() as instance:
        answer = messages_are_due(dg.build_sensor_context(instance=instance))
    assert isinstance(answer, dg.RunRequest | dg.SkipReason)
    return answer


def test_each_delivery_is_an_asset_downstream_of_the_published_build(place: Installation) -> None:
    graph = definitions().get_repository_def().asset_graph
    for key in (WEEKLY, ALERTS):
        assert graph.get(key).parent_keys == {BUILD}
    assert {key.name for key in graph.asset_check_keys if key.asset_key in (WEEKLY, ALERTS)} == {
        "last_message_was_sent"
    }


def test_step_sends_what_is_due_and_a_failure_is_a_warning(place: Installation, mailbox: Mailbox) -> None:
    outcome, checks = send()
    assert outcome.success, "the chat has no address"
    assert checks[WEEKLY].passed, "nothing of it was due yet"
    assert not checks[ALERTS].passed
    assert checks[ALERTS].severity is dg.AssetCheckSeverity.WARN
    assert "env:OWNER_CHAT: rendered" in str(checks[ALERTS].metadata["not sent"].value)
    assert len(mailbox.items()) == 1
    sent = {
        item.asset_key: item.metadata["messages sent"].value for item in outcome.asset_materializations_for_node("send")
    }
    assert sent == {WEEKLY: 0, ALERTS: 1}


def test_damaged_outbox_fails_the_checks_and_not_the_run(place: Installation) -> None:
    place.home.serving.mkdir(exist_ok=True)
    (place.home.serving / "deliveries.db").write_bytes(b"damaged" * 1000)
    outcome, checks = send()
    assert outcome.success
    assert not checks[WEEKLY].passed
    assert "deliveries.db cannot be used" in str(checks[ALERTS].metadata["not sent"].value)


def test_sensor_starts_a_run_only_when_something_is_due(place: Installation, mailbox: Mailbox) -> None:
    monday = datetime.now(UTC)
    assert isinstance(looked(), dg.RunRequest), "the build was not observed yet"
    messages.send_due(place.settings)
    assert looked() == dg.SkipReason("Nothing is due."), "the chat is tried again in a minute"
    with closing(Outbox(place.home.serving)) as box:
        box.plan(Key("report", "aurora", "monday", monday.isoformat(timespec="minutes")), ["env:OWNER_MAIL"], monday)
    assert isinstance(looked(), dg.RunRequest)
    messages.send_due(place.settings)
    assert looked() == dg.SkipReason("Nothing is due."), "the report waits for its data"


def test_sensor_evaluates_no_rule(place: Installation, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    messages.send_due(place.settings)

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a build was opened")

    monkeypatch.setattr(alert_messages, "open_build", refused)
    looked()


def test_run_that_goes_on_is_waited_for(place: Installation) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions().resolve_job_def("send_messages")
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        answer = messages_are_due(dg.build_sensor_context(instance=instance))
    assert answer == dg.SkipReason("A run goes on.")
