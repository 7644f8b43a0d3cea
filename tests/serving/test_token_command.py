"""`takings token`: a token is shown once, listed without its secret, and revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from common.errors import ConfigurationError
from orchestration import demo, served_state, settings, sharing, tokens
from orchestration.cli import app
from orchestration.home import Home

TENANT = '[[tenants]]\nid = "{0}"\nname = "{0}"\ntime_zone = "UTC"\ncurrency = "USD"\n'
SOURCE = '[[tenants.sources]]\nkind = "files"\naccount = "{0}"\npath = "{0}"\n'


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    text = "".join(TENANT.format(name) + "[tenants.api]\nmost_days = 100\n" + SOURCE.format(name)
                   for name in ("aurora", "nordlicht"))  # fmt: skip
    (tmp_path / "takings.toml").write_text(text)
    monkeypatch.setenv("TAKINGS_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    return settings.load()


def run(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["token", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_token_is_shown_once_then_listed_and_revoked(configuration: settings.Settings) -> None:
    text, note = run("create", "--tenant", "aurora", "--scope", "metrics", "--expires", "30d", "--name", "till")
    number = text.split("_")[1]
    assert note.startswith(f"Token {number} of aurora for metrics, until ") and "not shown again" in note
    listed, _ = run("list")
    assert listed.split()[:4] == [number, "live", "aurora", "metrics"]
    assert "never used  till" in listed and text.strip() not in listed and text.split("_")[2][:43] not in listed
    tokens.ledger(configuration).check(text.strip(), datetime.now(UTC))
    assert f"used {datetime.now(UTC):%Y-%m-%d}" in run("list", "--tenant", "aurora")[0]
    assert run("list", "--tenant", "nordlicht") == ("", "No token works.\n")
    assert run("revoke", number)[0] == f"The token {number} of aurora no longer works.\n"
    assert run("list") == ("", "No token works.\n")
    assert run("list", "--all")[0].split()[:2] == [number, "revoked"]


@pytest.mark.parametrize("scopes", [["metrics,alerts"], ["metrics", "alerts"], ["alerts", " metrics, alerts"]])
def test_scopes_are_repeated_or_separated_by_commas(configuration: settings.Settings, scopes: list[str]) -> None:
    options = [part for text in scopes for part in ("--scope", text)]
    _, note = run("create", "--tenant", "aurora", *options)
    assert " for alerts, metrics, until " in note
    assert tokens.ledger(configuration).entries()[0].scopes == {"alerts", "metrics"}


def test_name_with_a_line_break_is_one_line_of_the_list(configuration: settings.Settings) -> None:
    tokens.create(configuration, "aurora", name="till\n\x1b[31mffffffffffff  live  nordlicht")
    assert len(run("list")[0].splitlines()) == 1 and "\x1b" not in run("list")[0]


def test_tokens_of_a_tenant_that_is_gone_are_not_listed_and_end_with_it(configuration: settings.Settings) -> None:
    text, _ = tokens.create(configuration, "nordlicht")
    without = configuration.without(["nordlicht"])
    assert list(tokens.entries(without, None, ended=False)) == []
    assert [state for _, state in tokens.entries(without, None, ended=True)] == ["closed"]
    assert tokens.revoke_all(without, "nordlicht") == 1
    assert tokens.revoke_all(without, "nordlicht") == 0
    assert [state for _, state in tokens.entries(configuration, None, ended=True)] == ["revoked"], (
        "also if it comes back"
    )
    assert text.split("_")[1] == next(tokens.entries(configuration, "nordlicht", ended=True))[0].id


@pytest.mark.parametrize("change", ["rename", "remove"])
def test_links_and_tokens_of_an_id_that_is_given_up_end(configuration: settings.Settings, change: str) -> None:
    sharing.share(configuration, "top-products", "nordlicht", None, "30d")
    sharing.share(configuration, "top-products", "aurora", None, "30d")
    tokens.create(configuration, "nordlicht")
    without = configuration.without(["nordlicht"])
    lines = served_state.rename(without, "nordlicht", "nord") if change == "rename" else served_state.remove(
        without, "nordlicht")  # fmt: skip
    assert [line.split(" of ")[0] for line in lines] == ["Tokens", "Links"]
    states = [(entry.link.tenant, state) for entry, state in sharing.entries(configuration, None, ended=True)]
    assert sorted(states) == [("aurora", "live"), ("nordlicht", "revoked")], "also if the id comes back"
    assert not Home(configuration.home).serving.joinpath("deliveries.db").exists(), "to ask makes no file"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tenant_id": None}, "Name one with --tenant"),
        ({"expires": "101d"}, r"the maximum of this tenant is 100 days.*\[tenants\.api\]"),
        ({"expires": "soon"}, "Write 7d or 48h"),
        ({"tenant_id": "aurra"}, "Choose from: aurora, nordlicht"),
        ({"scopes": ["report"]}, "Did you mean reports"),
    ],
)
def test_token_that_cannot_be_made_says_why(
    configuration: settings.Settings, options: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        tokens.create(configuration, **{"tenant_id": "aurora", **options})  # type: ignore[arg-type]
    assert list(tokens.entries(configuration, None, ended=True)) == []


def test_ready_token_is_reused_and_replaced_when_it_ends_and_listed_once(
    configuration: settings.Settings, tmp_path: Path
) -> None:
    path = tmp_path / "aurora.api.token"
    first = tokens.ready_token(configuration, "aurora", path, "make demo")
    assert tokens.ready_token(configuration, "aurora", path, "make demo") == first
    path.unlink()
    second = tokens.ready_token(configuration, "aurora", path, "make demo")
    assert second != first and path.stat().st_mode & 0o777 == 0o600
    tokens.revoke(configuration, second.split("_")[1])
    third = tokens.ready_token(configuration, "aurora", path, "make demo")
    listed = list(tokens.entries(configuration, None, ended=False))
    assert [entry.id for entry, _ in listed] == [third.split("_")[1]]
    assert listed[0][0].expires - datetime.now(UTC) > timedelta(days=80)


def test_demo_prints_a_question_with_a_token_that_only_a_terminal_shows(configuration: settings.Settings) -> None:
    (configuration.home / "secrets").mkdir(parents=True)
    hidden, shown = (demo.api_lines(configuration, on_terminal=terminal)[2:] for terminal in (False, True))
    for tenant, in_log, on_terminal in zip(("aurora", "nordlicht"), hidden, shown, strict=True):
        text = (configuration.home / "secrets" / f"{tenant}.api.token").read_text().strip()
        assert tokens.ledger(configuration).check(text, datetime.now(UTC)).tenant == tenant
        assert text in on_terminal and text not in in_log
        assert f"/secrets/{tenant}.api.token)" in in_log
        assert in_log.split('" "')[1] == on_terminal.split('" "')[1]
    assert [entry.tenant for entry, _ in tokens.entries(configuration, None, ended=True)] == ["nordlicht", "aurora"]
