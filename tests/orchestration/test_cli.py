"""The command line: bad input gives one clear message and a non-zero exit code, and loses nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from common.presets import PRESETS
from orchestration import cli, cli_numbers
from simulator import Fault, Faults, SimulatorServer, serve
from tests.orchestration.installation import SHOPS, Installation, published_shops

pytestmark = pytest.mark.worlds


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with serve(SHOPS) as running:
        yield running


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Two shops, synced and published; the server that they were synced from is gone."""
    folder = tmp_path_factory.mktemp("cli") / "installation"
    shutil.copytree(published_shops().root, folder, symlinks=True)
    return Installation(folder)


def takings(place: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in this process, in another folder, with only the two settings; a process costs its imports."""
    out, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, chdir(place.root), redirect_stdout(out), redirect_stderr(errors):
        for name in [name for name in os.environ if name.startswith("TAKINGS_")]:
            patch.delenv(name)
        patch.setenv("TAKINGS_HOME", str(place.home.root))
        patch.setenv("TAKINGS_CONFIG", str(place.root / "takings.toml"))
        patch.setattr(sys, "argv", ["takings", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), out.getvalue(), errors.getvalue())


def in_a_process(place: Installation, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TAKINGS_")},
        "TAKINGS_HOME": str(place.home.root),
        "TAKINGS_CONFIG": str(place.root / "takings.toml"),
    }
    return subprocess.run(
        [Path(sys.executable).with_name("takings"), *arguments],
        env=environment, cwd=place.root, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


def refusal(result: subprocess.CompletedProcess[str]) -> str:
    """The one message of a command that failed: no traceback, nothing on stdout."""
    assert result.returncode != 0
    assert "Traceback" not in result.stderr, result.stderr
    messages = [line for line in result.stderr.splitlines() if line.startswith("takings: ")]
    assert len(messages) == 1, result.stderr
    assert not result.stdout
    return result.stderr


def failure(result: subprocess.CompletedProcess[str]) -> str:
    """The line about the one account that failed in a run that went on: exit code 1, no traceback."""
    assert result.returncode == 1
    assert "Traceback" not in result.stderr, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
    return line


def test_query_answers_in_each_format(place: Installation) -> None:
    question = ("query", "--metrics", "net_sales,orders_placed", "--by", "month", "--tenant", "aurora")
    csv = in_a_process(place, *question, "--format", "csv")
    table, plain = (takings(place, *question, "--format", name) for name in ("table", "json"))
    assert "2026-02-01" in table.stdout
    assert csv.stdout.startswith("month,net_sales,orders_placed")
    expected = place.ask(
        "select sum(orders_placed) from marts.metrics_daily where tenant_id = 'aurora' "
        "and date_day between '2026-02-01' and '2026-02-28'"
    )[0][0]
    february = next(row for row in json.loads(plain.stdout) if row["month"] == "2026-02-01")
    assert february["orders_placed"] == expected


def test_query_filters_sorts_and_limits(place: Installation) -> None:
    question = ("query", "--metrics", "net_sales", "--by", "day,channel", "--tenant", "aurora", "--format", "csv")
    filters = ("--where", "channel=Online store,Point of sale", "--where", "source=shopify")
    result = takings(place, *question, *filters, "--order", "-net_sales", "--limit", "3")
    expected = place.ask(
        "select date_day::varchar, channel, (sum(net_sales_minor) / 100)::decimal(18, 2)::varchar from "
        "marts.metrics_daily where tenant_id = 'aurora' and channel in ('Online store', 'Point of sale') group by all "
        "order by sum(net_sales_minor) desc, 1, 2 limit 3"
    )
    assert [tuple(line.split(",")) for line in result.stdout.splitlines()[1:]] == expected
    assert "Write country=DE,FR" in refusal(takings(place, *question, "--where", "channel"))


def test_definitions_of_the_checkout_answer_over_the_published_build(place: Installation) -> None:
    question = ("query", "--metrics", "net_sales", "--tenant", "aurora", "--format", "csv")
    published, checkout = takings(place, *question), takings(place, *question, "--definitions", "checkout")
    assert checkout.stdout == published.stdout
    assert f"over the tables of run {place.current.name}" in checkout.stderr
    shown = takings(place, "metrics", "net_sales", "aov", "--definitions", "checkout").stdout
    assert "SUM(net_sales_minor)" in shown
    assert "`order_value` ÷ `orders_placed`" in shown


def test_pull_of_one_source_and_tenant_leaves_the_others_alone(tmp_path: Path, server: SimulatorServer) -> None:
    installation = Installation(tmp_path)
    installation.configure(server, kinds=["shopify", "stripe"])
    (tmp_path / "aurora.token").unlink()  # Shopify's: not needed
    output = takings(installation, "pull", "--source", "stripe", "--tenant", "aurora").stderr
    assert "stripe / " in output
    assert "shopify / " not in output
    assert [path.name for path in sorted(installation.home.landing.iterdir())] == ["aurora"]
    assert "is not configured for tenant aurora" in refusal(
        takings(installation, "pull", "--source", "meta_ads", "--tenant", "aurora")
    )


def test_report_writes_a_file_named_by_its_range(place: Installation, tmp_path: Path) -> None:
    result = takings(
        place, "report", "revenue-overview", "--from", "2026-02-01", "--to", "2026-02-28", "--tenant", "nordlicht",
        "--folder", str(tmp_path),
    )  # fmt: skip
    path = tmp_path / "revenue-overview-2026-02-01-2026-02-28.csv"
    assert result.stdout.strip() == str(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfdate,")
    assert path.read_bytes().count(b"\r\n") == 29


def test_reconciliation_prints_one_line_per_account(place: Installation) -> None:
    result = takings(place, "reconciliation")
    assert result.returncode == 0
    assert result.stdout.count("agree with the source's own report to the cent") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("query", "--metrics", "nett_sales", "--tenant", "aurora"), "Did you mean net_sales"),
        (("query", "--metrics", "net_sales", "--tenant", "nobody"), "Choose from: aurora, nordlicht"),
        (("query", "--metrics", "net_sales"), "Name one with --tenant"),
        (("query", "--metrics", "net_sales", "--by", "colour", "--tenant", "aurora"), "colour"),
        (("query", "--metrics", "net_sales", "--tenant", "aurora", "--format", "xml"), "xml"),
        (("query", "--metrics", "net_sales", "--tenant", "aurora", "--from", "2026-02-02", "--to", "2026-01-01"),
         "after"),
        (("query", "--metrics", "net_sales", "--tenant", "aurora", "--period", "12m"), "7d, 14d, 30d"),
        (("query", "--metrics", "net_sales", "--tenant", "aurora", "--from", "11/12/2026"), "Write it as 2026-11-28"),
        (("query", "--metrics", "net_sales", "--tenant", "aurora", "--period", "7d", "--compare", "last"),
         "prior, year"),
        (("query", "--metrics", "net_sales", "--tenant", "aurora", "--compare", "prior"), "Add either --period"),
        (("report", "revenue", "--period", "365d", "--tenant", "aurora"), "revenue-overview"),
        (("simulate", "--world", "/nowhere", "--port", "0"), "/nowhere"),
    ],
)  # fmt: skip
def test_unknown_name_is_refused_with_the_known_ones(
    place: Installation, arguments: tuple[str, ...], message: str
) -> None:
    assert message in refusal(takings(place, *arguments))


def test_today_prints_a_line_per_metric_for_every_tenant(place: Installation) -> None:
    result = takings(place, "today")
    assert result.returncode == 0
    titles = [line for line in result.stdout.splitlines() if "Mar 2026" in line]
    assert len(titles) == 2
    assert result.stdout.count("Average order value") == 2
    assert "yesterday" in result.stdout and "a week ago" in result.stdout


def test_query_compares_a_period_with_the_one_before_and_says_which_days(place: Installation) -> None:
    both = ("query", "--metrics", "net_sales", "--tenant", "aurora", "--format", "csv")
    result = takings(place, *both, "--from", "2026-02-01", "--to", "2026-02-28", "--compare", "prior")
    assert "2026-02-01 to 2026-02-28, compared with 2026-01-01 to 2026-01-31" in result.stderr
    now, previous, difference, _ = result.stdout.splitlines()[1].split(",")
    (february,), (january,) = (
        takings(place, *both, "--from", first, "--to", last).stdout.splitlines()[1:]
        for first, last in (("1 Feb 2026", "28.2.2026"), ("2026-01-01", "2026-01-31"))
    )
    assert (now, previous) == (february, january)
    assert Decimal(difference) == Decimal(february) - Decimal(january) != 0


def test_help_of_period_names_every_preset() -> None:
    (option,) = get_args(cli_numbers.Period)[1:]
    assert ", ".join(PRESETS) in option.help


def test_query_before_the_first_run_names_the_command_to_run(tmp_path: Path, server: SimulatorServer) -> None:
    fresh = Installation(tmp_path)
    fresh.configure(server)
    assert "takings run" in refusal(takings(fresh, "query", "--metrics", "net_sales", "--tenant", "aurora"))


def test_run_without_a_configuration_names_both_next_steps(tmp_path: Path) -> None:
    message = refusal(in_a_process(Installation(tmp_path), "run"))
    assert "takings.example.toml" in message
    assert "make demo" in message


@pytest.mark.parametrize(
    ("kind", "who"),
    [
        ("shopify", "Shopify shop aurora of tenant aurora"),
        ("stripe", "Stripe account aurora"),
        ("meta_ads", "Meta ad account"),
        ("tiktok_ads", "TikTok advertiser"),
    ],
)
def test_wrong_token_of_any_source_is_one_message_and_exit_code_not_zero(
    kind: str, who: str, tmp_path: Path, server: SimulatorServer
) -> None:
    installation = Installation(tmp_path)
    installation.configure(server, kinds=[kind], shops=["aurora"])
    (tmp_path / ("aurora.token" if kind == "shopify" else f"aurora.{kind}.token")).write_text("wrong_and_secret")
    result = (in_a_process if kind == "shopify" else takings)(installation, "pull")
    assert who in failure(result)
    assert ("token" if kind == "shopify" else "`secret`") in failure(result)
    assert "wrong_and_secret" not in result.stderr


def test_all_missing_secret_files_are_named_in_one_message(tmp_path: Path, server: SimulatorServer) -> None:
    installation = Installation(tmp_path)
    installation.configure(server)
    for shop in SHOPS.shops:
        (tmp_path / f"{shop.account}.token").unlink()
    message = refusal(takings(installation, "run"))
    assert "aurora.token" in message
    assert "nordlicht.token" in message


def test_all_mistakes_of_a_configuration_are_named_in_one_message(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    (tmp_path / "takings.toml").write_text(
        '[[tenants]]\nid = "A B"\nname = "x"\ntime_zone = "Mars/Base"\ncurrency = "euro"\nsources = []\n'
    )
    message = refusal(takings(installation, "check"))
    for place_of_mistake in ("tenants[0].id", "tenants[0].time_zone", "tenants[0].currency", "tenants[0].sources"):
        assert place_of_mistake in message


@pytest.mark.deep  # test_bad_sources has it for every source
def test_source_that_always_fails_ends_with_one_message(tmp_path: Path) -> None:
    faults = Faults([Fault("error", on="shop", times=None)])
    with serve(SHOPS, faults=faults) as broken:
        installation = Installation(tmp_path)
        installation.configure(broken)
        message = refusal(takings(installation, "run"))
    assert "HTTP 500" in message
    assert "run again" in message
    assert not installation.home.published.exists()


def test_port_in_use_is_named_before_any_work_begins(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.home.root.mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "TAKINGS_HOME": str(installation.home.root)}
        environment.pop("TAKINGS_CONFIG", None)
        result = subprocess.run(
            [Path(sys.executable).with_name("takings"), "demo", "--once", "--superset-port", port],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    message = refusal(result)
    assert port in message
    assert "--superset-port" in message
    assert not installation.home.staging.exists()


def test_demo_refuses_to_overwrite_a_configuration(place: Installation) -> None:
    before = (place.root / "takings.toml").read_text()
    assert "of your own" in refusal(takings(place, "demo", "--once"))
    assert (place.root / "takings.toml").read_text() == before


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ("2026-02-31 : 2026-03-01", "dashboards.default_range"),
        ("2026-03-01 : 2026-02-01", "is after the last"),
        ("last month", "dashboards.default_range"),
    ],
)
def test_check_refuses_an_impossible_default_range(
    place: Installation, days: str, message: str, tmp_path: Path
) -> None:
    installation = Installation(tmp_path)
    installation.root.joinpath("takings.toml").write_text(
        (place.root / "takings.toml").read_text() + f'[dashboards]\ndefault_range = "{days}"\n'
    )
    assert message in refusal(takings(installation, "check"))


def test_home_folder_that_cannot_be_created_is_named(place: Installation, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    installation = Installation(tmp_path)
    installation.root.joinpath("takings.toml").write_text((place.root / "takings.toml").read_text().replace(
        'secret = "file:', f'secret = "file:{place.root}/'
    ))  # fmt: skip
    assert "TAKINGS_HOME" in refusal(takings(installation, "run"))


def test_broken_staging_file_is_named_with_the_command_that_rebuilds_it(
    tmp_path: Path, server: SimulatorServer
) -> None:
    installation = Installation(tmp_path)
    installation.configure(server)
    installation.home.staging.parent.mkdir(parents=True)
    installation.home.staging.write_bytes(b"no database at all, but longer than a header would be" * 100)
    assert "takings replay --yes" in refusal(takings(installation, "run"))


def test_report_before_1970_is_refused(place: Installation) -> None:
    question = ("report", "sales-velocity", "--from", "0001-01-01", "--to", "2026-01-01", "--tenant", "aurora")
    assert "1970" in refusal(takings(place, *question))
