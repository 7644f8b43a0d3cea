"""takings.toml and the secrets: all mistakes are named in one message, and no message holds a secret."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import get_args

import duckdb
import pytest

from common.errors import TakingsError
from connectors.meta_ads.settings import MetaAdsSettings
from connectors.shopify.settings import Channel
from connectors.stripe.settings import StripeSettings
from connectors.tiktok_ads.settings import TikTokAdsSettings
from orchestration import pipeline, settings
from orchestration.home import Home
from orchestration.rates import read_rates

SECRET = "shpat_do_not_print_me"
GOOD = """
[[tenants]]
id = "acme"
name = "Acme"
time_zone = "Europe/Berlin"
currency = "EUR"
[[tenants.sources]]
kind = "shopify"
account = "acme"
secret = "env:ACME_TOKEN"
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TAKINGS_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("ACME_TOKEN", SECRET)
    return tmp_path / "takings.toml"


def problem(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TakingsError) as caught:
        settings.load(path)
    assert str(path) in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_a_small_configuration_is_enough_and_everything_else_has_a_default(write: Path) -> None:
    write.write_text(GOOD)
    loaded = settings.load(write)
    (account,) = loaded.accounts()
    assert (account.tenant_id, account.source, account.account) == ("acme", "shopify", "acme")
    assert account.base_url == "https://acme.myshopify.com"
    assert account.secret == SECRET
    assert loaded.warehouse.engine == "duckdb"
    assert loaded.home == write.parent / "state"


def test_the_example_is_valid_as_it_stands(write: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURORA_SHOPIFY_TOKEN", SECRET)
    loaded = settings.load(settings.CHECKOUT / "takings.example.toml")
    assert [account.account for account in loaded.accounts()] == ["aurora"]


def test_no_configuration_says_where_it_was_looked_for_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TakingsError, match=r"takings\.example\.toml") as caught:
        settings.load(tmp_path / "takings.toml")
    assert str(tmp_path / "takings.toml") in str(caught.value)


def test_text_that_is_no_toml_says_where(write: Path) -> None:
    message = problem(write, GOOD + '\nname = "unfinished\n')
    assert "line 11" in message or "line 12" in message
    assert "Nothing was changed" in message


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b'name = "caf\xe9"', b"\x00"])
def test_bytes_that_are_no_text_are_one_message_too(text: bytes, write: Path) -> None:
    assert "not" in problem(write, text)


def test_a_folder_in_place_of_the_file_is_one_message_too(tmp_path: Path) -> None:
    (tmp_path / "takings.toml").mkdir()
    with pytest.raises(TakingsError, match="cannot be read"):
        settings.load(tmp_path / "takings.toml")


def test_every_mistake_is_named_at_once_with_its_place(write: Path) -> None:
    message = problem(write, """
        [[tenants]]
        id = "Acme Inc."
        name = "Acme"
        time_zone = "Europe/Atlantis"
        currency = "euro"
        colour = "blue"
        [[tenants.sources]]
        kind = "etsy"
        account = "acme"
        [[tenants.sources]]
        kind = "shopify"
        account = "acme"
        secret = "shpat_do_not_print_me"
        base_url = "acme.example"
        [superset]
        port = 99999
    """)  # fmt: skip
    places = ["tenants[0].id", "tenants[0].time_zone", "tenants[0].currency", "tenants[0].colour",
              "tenants[0].sources[0].kind", "tenants[0].sources[1].secret", "tenants[0].sources[1].base_url",
              "superset.port"]  # fmt: skip
    for place in places:
        assert f"  {place}: " in message, place
    assert f"{len(places)} mistakes" in message
    assert "Europe/Atlantis" in message
    assert SECRET not in message, "a token written where a reference belongs is not repeated"


@pytest.mark.parametrize("missing", ["id", "name", "time_zone", "currency", "account", "secret"])
def test_a_missing_setting_is_named(missing: str, write: Path) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{missing} =")]
    assert f"{missing}: Field required" in problem(write, "\n".join(lines))


def test_a_configuration_without_a_tenant_is_refused(write: Path) -> None:
    assert "tenants" in problem(write, "[superset]\nport = 8088\n")


def test_two_servers_on_one_port_are_refused(write: Path) -> None:
    message = problem(write, GOOD + "\n[serving]\nport = 3000\n")
    assert "port 3000 is configured for two of [superset], [dagster] and [serving]" in message


def test_usual_days_of_a_link_are_within_the_most(write: Path) -> None:
    assert "default_days is 7, more than most_days, 5" in problem(write, GOOD + "\n[tenants.share]\nmost_days = 5\n")


def test_one_account_in_two_tenants_is_refused_because_its_orders_would_count_twice(write: Path) -> None:
    other = GOOD.replace('id = "acme"', 'id = "rival"')
    assert "'acme' is configured twice: its orders would count twice" in problem(write, GOOD + other)


@pytest.mark.parametrize(
    ("logins", "operators"), [(["acme"], []), (["admin"], []), (["maria", "maria"], []), (["maria"], ["maria"])]
)
def test_login_that_is_named_twice_is_refused(logins: list[str], operators: list[str], write: Path) -> None:
    named = ", ".join(f'{{name = "{name}", role = "analyst"}}' for name in logins)
    text = GOOD.replace('id = "acme"', f'id = "acme"\nlogins = [{named}]')
    assert f"the login '{logins[-1]}' is configured twice" in problem(
        write, f"{text}\n[superset]\noperators = {operators}\n"
    )


def test_login_without_a_known_role_is_refused(write: Path) -> None:
    text = GOOD.replace('id = "acme"', 'id = "acme"\nlogins = [{name = "maria", role = "boss"}]')
    message = problem(write, text)
    assert "logins" in message and "analyst" in message


def test_one_tenant_twice_is_refused(write: Path) -> None:
    message = problem(write, GOOD + GOOD.replace('account = "acme"', 'account = "second"'))
    assert "tenant 'acme' is configured twice" in message


def test_all_missing_secrets_are_named_at_once(write: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_TOKEN")
    monkeypatch.setenv("EMPTY_TOKEN", "")
    (write.parent / "empty.token").write_text("\n")
    (write.parent / "binary.token").write_bytes(b"\xff\xfe")
    sources = "".join(
        f'[[tenants.sources]]\nkind = "shopify"\naccount = "shop-{number}"\nsecret = "{secret}"\n'
        for number, secret in enumerate(["env:EMPTY_TOKEN", "file:none.token", "file:empty.token", "file:binary.token"])
    )
    write.write_text(GOOD + sources)
    with pytest.raises(TakingsError) as caught:
        settings.load(write).accounts()
    message = str(caught.value)
    for words in ("ACME_TOKEN is not set", "EMPTY_TOKEN is not set", "none.token cannot be read",
                  "empty.token is empty", "binary.token", "shopify account shop-3 (tenant acme)"):  # fmt: skip
        assert words in message, words


@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", " {} ", "\n{}\t\n"])
@pytest.mark.parametrize("kept_in", ["env", "file"])
def test_line_ends_and_blanks_around_a_secret_are_not_part_of_it(
    around: str, kept_in: str, write: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_secret(around.format(SECRET), kept_in, write, monkeypatch)
    (account,) = settings.load(write).accounts()
    assert account.secret == SECRET


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (f"\ufeff{SECRET}", "contains a byte-order mark"),
        (f"{SECRET}\u200b", "contains the character U+200B"),
        ("shpat_do_not_\u00a0print_me", "contains the character U+00A0"),
        ("shpat_do_not_\x07print_me", "contains the character U+0007"),
        ("shpät_do_not_print_me", "contains the character U+00E4"),
        (f"{SECRET}\nshpat_do_not_print_this", "has more than one line"),
        ("shpat do_not_print_me", "has a blank (U+0020) inside the secret"),
    ],
)
@pytest.mark.parametrize("kept_in", ["env", "file"])
def test_secret_that_no_request_can_carry_is_refused_with_its_place_and_reason(
    secret: str, why: str, kept_in: str, write: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_secret(secret, kept_in, write, monkeypatch)
    with pytest.raises(TakingsError) as caught:
        settings.load(write).accounts()
    place = "the environment variable ACME_TOKEN" if kept_in == "env" else str(write.parent / "acme.token")
    assert f"{place} {why}" in str(caught.value)
    assert "do_not" not in str(caught.value)


def keep_secret(secret: str, kept_in: str, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", secret)
    (config.parent / "acme.token").write_bytes(secret.encode())
    config.write_text(GOOD.replace("env:ACME_TOKEN", "file:acme.token") if kept_in == "file" else GOOD)


def test_configuration_with_a_byte_order_mark_is_read(write: Path) -> None:
    write.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert [tenant.id for tenant in settings.load(write).tenants] == ["acme"]


def test_a_secret_may_be_kept_in_a_file_beside_the_configuration(write: Path) -> None:
    (write.parent / "acme.token").write_text(f"{SECRET}\n")
    write.write_text(GOOD.replace("env:ACME_TOKEN", "file:acme.token"))
    (account,) = settings.load(write).accounts()
    assert account.secret == SECRET
    assert SECRET not in repr(account)


def test_an_unknown_tenant_is_answered_with_the_known_ones(write: Path) -> None:
    write.write_text(GOOD)
    with pytest.raises(TakingsError, match=r"no tenant 'rival'.*Choose from: acme"):
        settings.load(write).tenant("rival")


EVERY_KIND = """
[[tenants.sources]]
kind = "stripe"
account = "acct_1032D82eZvKYlo2C"
secret = "env:ACME_TOKEN"
[[tenants.sources]]
kind = "meta_ads"
account = 1234567890123456
secret = "env:ACME_TOKEN"
since = 2025-01-01
lookback_days = 7
purchase_action = "omni_purchase"
attribution_window = "7d_click"
[[tenants.sources]]
kind = "tiktok_ads"
account = "7123456789012345678"
secret = "env:ACME_TOKEN"
queries_a_second = 18
[[tenants.sources]]
kind = "files"
account = "acme"
path = "files/acme"
[tenants.targets]
mrr = 20000
churn_rate = 0.05
"""


def test_every_kind_of_source_has_its_own_settings_and_its_own_address(write: Path) -> None:
    write.write_text(GOOD + EVERY_KIND)
    loaded = settings.load(write)
    accounts = {account.source: account for account in loaded.accounts()}
    assert {name: account.base_url for name, account in accounts.items()} == {
        "shopify": "https://acme.myshopify.com",
        "stripe": "https://api.stripe.com",
        "meta_ads": "https://graph.facebook.com",
        "tiktok_ads": "https://business-api.tiktok.com",
        "files": str(write.parent / "files" / "acme"),
    }
    assert accounts["meta_ads"].account == "1234567890123456"
    assert accounts["files"].secret == ""
    own = {source.account.source: source.settings for source in loaded.connected()}
    meta, tiktok, stripe = own["meta_ads"], own["tiktok_ads"], own["stripe"]
    assert isinstance(meta, MetaAdsSettings)
    assert (meta.since, meta.lookback_days) == (date(2025, 1, 1), 7)
    assert isinstance(tiktok, TikTokAdsSettings)
    assert (tiktok.since, tiktok.lookback_days, tiktok.queries_a_second) == (None, 28, 18)
    assert isinstance(stripe, StripeSettings)
    assert not stripe.test_mode


def test_a_target_is_the_number_that_was_written(write: Path) -> None:
    write.write_text(GOOD + EVERY_KIND)
    (tenant,) = settings.load(write).tenants
    assert tenant.targets == {"mrr": Decimal(20000), "churn_rate": Decimal("0.05")}


@pytest.mark.parametrize(
    ("was", "now", "place", "words"),
    [
        ("account = 1234567890123456", 'account = "act_1234567890123456"', "sources[2].account", "without 'act_'"),
        ("account = 1234567890123456", 'account = "my ads"', "sources[2].account", "should match pattern"),
        ("since = 2025-01-01", 'since = "last spring"', "sources[2].since", "valid date"),
        ("lookback_days = 7", "lookback_days = 400", "sources[2].lookback_days", "less than or equal to 395"),
        ('"7d_click"', '"7d_view"', "sources[2].attribution_window", "'default', '1d_click'"),
        ("queries_a_second = 18", "queries_a_second = 0", "sources[3].queries_a_second", "greater than or equal to 1"),
        ("queries_a_second = 18", 'client_id = "1"', "sources[3].client_id", "not permitted"),
        ('path = "files/acme"', 'folder = "files/acme"', "sources[4].path", "Field required"),
        ('kind = "files"', "", "sources[4].kind", "Field required"),
        ('kind = "files"', 'kind = "etsy"', "sources[4].kind", "shopify, stripe, meta_ads, tiktok_ads, files"),
        ("churn_rate = 0.05", 'churn_rate = "low"', "targets.churn_rate", "valid decimal"),
        ("churn_rate = 0.05", "churn_rate = 0.0000001", "targets.churn_rate", "6 decimal places"),
    ],
)
def test_a_mistake_in_a_source_is_named_with_its_place(was: str, now: str, place: str, words: str, write: Path) -> None:
    message = problem(write, GOOD + EVERY_KIND.replace(was, now))
    assert f"  tenants[0].{place}: " in message
    assert words in message


@pytest.mark.parametrize(
    ("kind", "account", "counted"),
    [("stripe", "acct_1032D82eZvKYlo2C", "payments"), ("meta_ads", "1234567890123456", "spend"),
     ("tiktok_ads", "7123456789012345678", "spend")],
)  # fmt: skip
def test_an_account_under_two_tenants_is_refused_with_what_would_count_twice(
    kind: str, account: str, counted: str, write: Path
) -> None:
    rival = GOOD.replace('"acme"', '"rival"')
    again = f'[[tenants.sources]]\nkind = "{kind}"\naccount = "{account}"\nsecret = "env:ACME_TOKEN"\n'
    message = problem(write, GOOD + EVERY_KIND + rival + again)
    assert f"the {kind} account '{account}' is configured twice: its {counted} would count twice" in message


def test_one_folder_under_two_names_is_refused(write: Path) -> None:
    again = '[[tenants.sources]]\nkind = "files"\naccount = "second"\npath = "./files/../files/acme"\n'
    text = GOOD + EVERY_KIND.replace("[tenants.targets]", again + "[tenants.targets]")
    assert "files/acme is configured twice: its events would count twice" in problem(write, text)


def test_one_stripe_key_under_two_names_is_refused(write: Path) -> None:
    again = '[[tenants.sources]]\nkind = "stripe"\naccount = "second"\nsecret = "env:ACME_TOKEN"\n'
    write.write_text(GOOD + EVERY_KIND.replace("[tenants.targets]", again + "[tenants.targets]"))
    with pytest.raises(TakingsError, match="have the same key, so their payments would count twice"):
        settings.load(write).accounts()


@pytest.fixture
def rates(write: Path) -> Path:
    write.write_text(GOOD + '[exchange_rates]\nfile = "rates.csv"\n')
    return write.parent / "rates.csv"


def test_rates_are_read_to_the_last_digit(write: Path, rates: Path) -> None:
    rates.write_text("day,from,to,rate\n2026-01-02,USD,EUR,0.85120001\n2026-01-03,JPY,EUR,0.0055\n")
    assert [row[3] for row in read_rates(settings.load(write))] == [Decimal("0.85120001"), Decimal("0.0055")]


def test_a_spreadsheets_byte_order_mark_and_line_ends_do_no_harm(write: Path, rates: Path) -> None:
    rates.write_bytes("\ufeffday,from,to,rate\r\n2026-01-02,USD,EUR,0.85\r\n".encode())
    assert len(read_rates(settings.load(write))) == 1


def test_every_broken_line_of_the_rates_is_named_with_its_number(write: Path, rates: Path) -> None:
    lines = ["day,from,to,rate", "2026-01-02,USD,EUR,0.85", "02/01/2026,USD,EUR,0.85", "2026-01-03,usd,EUR,0.85",
             "2026-01-03,USD,EUR,0", "2026-01-04,USD,EUR,-1", "2026-01-05,USD,EUR,NaN", "2026-01-06,USD,EUR,Infinity",
             '2026-01-07,USD,EUR,"0,85"', "2026-01-08,USD,EUR", "2026-01-02,USD,EUR,0.86",
             "2026-01-09,USD,EUR,12345678901.0", "2026-01-10,USD,EUR,0.8_5", "2026-01-11,USD,EUR,０.85",
             "2026-01-12,USD,EUR,0,85", "20260113,USD,EUR,0.85"]  # fmt: skip
    rates.write_text("\n".join(lines) + "\n")
    with pytest.raises(TakingsError) as caught:
        read_rates(settings.load(write))
    message = str(caught.value)
    assert "and 4 more" in message
    for number in range(3, 13):
        assert f"line {number}:" in message, number
    assert "line 2:" not in message
    assert "line 11: a second rate" in message
    assert str(rates) in message
    assert "Nothing was changed" in message


@pytest.mark.parametrize("rate", ["1_000", "inf", "nan", "１", "1,5", "0.8.5", " 1"])
def test_rate_that_is_not_plainly_a_number_is_refused_with_its_line(rate: str, write: Path, rates: Path) -> None:
    rates.write_text(f"day,from,to,rate\n2026-01-02,USD,EUR,{rate}\n")
    with pytest.raises(TakingsError, match="line 2:"):
        read_rates(settings.load(write))


def test_rate_in_a_spreadsheets_scientific_notation_is_read(write: Path, rates: Path) -> None:
    rates.write_text("day,from,to,rate\n2026-01-02,IDR,EUR,6.1E-05\n")
    assert read_rates(settings.load(write))[0][3] == Decimal("0.000061")


def test_column_of_rates_named_twice_is_refused_with_its_line(write: Path, rates: Path) -> None:
    rates.write_text("day,from,to,rate,rate\n2026-01-02,USD,EUR,0.85,0.95\n")
    with pytest.raises(TakingsError, match="name the column rate twice in line 1"):
        read_rates(settings.load(write))


def test_rates_with_other_columns_say_which_are_missing(write: Path, rates: Path) -> None:
    rates.write_text("date;from;to;rate\n2026-01-02;USD;EUR;0.85\n")
    with pytest.raises(TakingsError, match="day, from, to, rate"):
        read_rates(settings.load(write))


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00d", b""])
def test_rates_that_cannot_be_read_are_one_message(content: bytes | None, write: Path, rates: Path) -> None:
    if content is not None:
        rates.write_bytes(content)
    with pytest.raises(TakingsError) as caught:
        read_rates(settings.load(write))
    assert str(rates) in str(caught.value)


def test_tenants_channels_reach_the_control_table_that_dbt_reads(write: Path) -> None:
    own = '[tenants.channels]\n"990001" = "Partnerships"\n"own shop" = "Online store"\n'
    write.write_text(GOOD.replace("[[tenants.sources]]", own + "[[tenants.sources]]"))
    loaded = settings.load(write)
    loaded.home.mkdir()
    pipeline.record_run(loaded, "run")
    with duckdb.connect(str(Home(loaded.home).staging), read_only=True) as db:
        rows = db.sql("select tenant_id, source_name, channel from takings.channels order by all").fetchall()
    assert rows == [("acme", "990001", "Partnerships"), ("acme", "own shop", "Online store")]


def test_unknown_channel_is_refused_with_the_channels_that_exist(write: Path) -> None:
    own = '[tenants.channels]\n"990001" = "Partners"\n'
    message = problem(write, GOOD.replace("[[tenants.sources]]", own + "[[tenants.sources]]"))
    assert "tenants[0].channels.990001" in message
    assert "'Partnerships'" in message


def test_channels_of_the_configuration_are_the_shop_channels_of_the_seed() -> None:
    with (settings.CHECKOUT / "dbt_project" / "seeds" / "channels.csv").open() as file:
        seed = {row["channel"] for row in csv.DictReader(file) if row["source"] == "shopify"}
    assert set(get_args(Channel)) == seed


def test_metadata_key_that_no_charge_can_have_is_refused(write: Path) -> None:
    stripe = '[[tenants.sources]]\nkind = "stripe"\naccount = "acme"\nsecret = "env:X"\norder_metadata_key = \'a"b\'\n'
    assert "order_metadata_key" in problem(write, GOOD + stripe)
