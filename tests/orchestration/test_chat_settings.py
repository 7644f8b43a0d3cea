"""[chat] and [tenants.chat] of takings.toml: every wrong id is named, and the web application gets what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import ConfigurationError
from orchestration import chat, settings, web
from serving.chat.rooms import Access

TENANT = """
[[tenants]]
id = "{0}"
name = "{0}"
time_zone = "UTC"
currency = "USD"
[[tenants.sources]]
kind = "files"
account = "{0}"
path = "{0}"
"""
GUILD, ROLE = "290926798626357999", "290926798626357250"
DISCORD = f'[tenants.chat.discord]\nguild = "{GUILD}"\nroles = [{ROLE}]\n'
SLACK = '[tenants.chat.slack]\nteam = "T0001"\nusers = ["U2147483697"]\n'
SERVER = f"""
[serving]
address = "https://takings.example.com"
[chat.discord]
application_id = "845027738276462632"
public_key = "{"ab" * 32}"
[chat.slack]
signing_secret = "env:SLACK_SECRET"
"""
GOOD = TENANT.format("aurora") + DISCORD + SLACK + SERVER


def load(folder: Path, text: str) -> settings.Settings:
    path = folder / "takings.toml"
    path.write_text(text)
    return settings.load(path).model_copy(update={"home": folder / "state"})


def test_site_has_the_rooms_of_each_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_SECRET", "secret-of-slack")
    loaded = load(tmp_path, GOOD)
    rooms = web.site(loaded).chat
    assert rooms.discord and rooms.slack
    assert rooms.discord.guilds == {GUILD: Access("aurora", roles=frozenset((ROLE,)))}
    assert rooms.discord.public_key == b"\xab" * 32 and rooms.discord.api == "https://discord.com/api/v10"
    assert rooms.slack.teams == {"T0001": Access("aurora", users=frozenset(("U2147483697",)))}
    assert rooms.slack.signing_secret == "secret-of-slack" and "secret" not in repr(rooms)


def test_missing_secret_ends_slack_alone_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("SLACK_SECRET", raising=False)
    loaded = load(tmp_path, GOOD)
    rooms = web.site(loaded).chat
    assert rooms.discord and rooms.slack is None
    assert "Slack's commands are not answered: the environment variable SLACK_SECRET is not set" in caplog.text
    with pytest.raises(ConfigurationError, match="SLACK_SECRET"):
        chat.check_secrets(loaded)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (f'"{GUILD}"', '"my server"', "tenants[0].chat.discord.guild: it is not a Discord id"),
        (f"[{ROLE}]", '["admins"]', "tenants[0].chat.discord.roles[0]: it is not a Discord id"),
        (f"[{ROLE}]", "[]", "nobody may ask: name `roles` or `users`"),
        (f"[{ROLE}]", f"[{GUILD}]", "which is everyone on it"),
        ('"T0001"', '"aurora"', "tenants[0].chat.slack.team: it is not a Slack workspace"),
        ('"U2147483697"', '"@maria"', "tenants[0].chat.slack.users[0]: it is not a Slack user"),
        ('["U2147483697"]', "[]", "tenants[0].chat.slack.users"),
        ('"845027738276462632"', "true", "chat.discord.application_id: it is not a Discord id"),
        ("ab" * 32, "ab" * 31, "chat.discord.public_key: it is not a public key"),
        ('"env:SLACK_SECRET"', '"xoxb-secret"', "chat.slack.signing_secret"),
        ("[chat.discord]", "[chat.irc]", "chat.irc: Extra inputs are not permitted"),
        ('address = "https://takings.example.com"', "", "needs `address` under [serving]"),
        ("https://takings", "http://takings", "needs `address` under [serving], with https"),
    ],
)
def test_mistake_is_named_with_its_place_and_without_its_value(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert words in str(caught.value) and "xoxb" not in str(caught.value)


def test_room_of_two_tenants_and_a_room_without_its_application_are_mistakes(tmp_path: Path) -> None:
    both = TENANT.format("aurora") + DISCORD + TENANT.format("nordlicht") + DISCORD + SERVER
    with pytest.raises(ConfigurationError, match=f"the server at Discord {GUILD} belongs to two tenants"):
        load(tmp_path, both)
    with pytest.raises(ConfigurationError, match=r"\[tenants.chat.slack\] needs the table \[chat.slack\]"):
        load(tmp_path, TENANT.format("aurora") + SLACK)
