"""`takings share`: links with the right days and end, a list, revocation, and keys that rotate."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration import cli, demo, settings, sharing
from semantic import periods
from serving import links
from serving.errors import EndedError, RefusedError
from serving.keys import Keys
from serving.ledger import Ledger
from serving.links import Link

TENANT = '[[tenants]]\nid = "{0}"\nname = "{0}"\ntime_zone = "Pacific/Auckland"\ncurrency = "EUR"\n{1}'
SOURCE = '[[tenants.sources]]\nkind = "files"\naccount = "{0}"\npath = "{0}"\n'
Command = Callable[..., str]


@pytest.fixture
def takings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line over two tenants, of which one limits its links to three days."""
    limits = "[tenants.share]\ndefault_days = 2\nmost_days = 3\n"
    text = "".join(TENANT.format(name, SOURCE.format(name)) for name in ("aurora", "nordlicht")) + limits
    (tmp_path / "takings.toml").write_text(text + '[serving]\naddress = "https://takings.example.com:8443"\n')
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    monkeypatch.setenv("TAKINGS_HOME", str(tmp_path / "state"))

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli.app, ["share", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return run


def link_of(url: str) -> Link:
    place, _, token = url.strip().rpartition("/")
    assert place == "https://takings.example.com:8443/r"
    return links.verify(token, Keys(settings.home() / "serving"))


def test_link_has_the_days_of_the_tenants_calendar_and_seven_days_to_live(takings: Command) -> None:
    link = link_of(takings("revenue-overview", "--period", "7d", "--tenant", "aurora"))
    today = periods.local_day(datetime.now(UTC), "Pacific/Auckland")
    assert link.days == (today - timedelta(days=7), today - timedelta(days=1))
    assert abs(link.expiry - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=5)
    assert (link.report, link.tenant, link.rolling) == ("revenue-overview", "aurora", None)


@pytest.mark.parametrize(("report", "warned"), [("customer-spend", True), ("top-customers", True), ("funnel", False)])
def test_link_to_a_report_that_names_customers_says_so(takings: Command, report: str, warned: bool) -> None:
    assert takings("list") == ""
    result = CliRunner().invoke(cli.app, ["share", report, "--tenant", "aurora"])
    assert ("This report names customers" in result.stderr) is warned
    assert len(result.stdout.splitlines()) == 1


def test_rolling_link_keeps_the_name_of_its_period(takings: Command) -> None:
    link = link_of(takings("sales-velocity", "--period", "30d", "--tenant", "aurora", "--rolling"))
    assert (link.days, link.rolling) == (None, "30d")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing", "--tenant", "aurora"), "Unknown report 'nothing'"),
        (("revenue-overview",), "No tenant is named: there are several: aurora, nordlicht"),
        (("revenue-overview", "--tenant", "borealis"), "There is no tenant 'borealis'"),
        (("revenue-overview", "--tenant", "aurora", "--expires", "soon"), "'soon' is not a lifetime of a link"),
        (("revenue-overview", "--tenant", "nordlicht", "--expires", "4d"), "the maximum of this tenant is 3 days"),
        (("revoke", "000000000000"), "There is no link '000000000000'"),
    ],
)
def test_mistake_is_named_and_nothing_is_shared(takings: Command, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(Exception, match=re.escape(message)):
        takings(*arguments)
    assert takings("list", "--all") == ""


def test_tenants_own_default_and_maximum_count(takings: Command) -> None:
    for expires, days in (((), 2), (("--expires", "3d"), 3), (("--expires", "72h"), 3), (("--expires", "1h"), 1 / 24)):
        link = link_of(takings("revenue-overview", "--tenant", "nordlicht", *expires))
        assert abs(link.expiry - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=5)


def test_revoked_link_is_listed_only_when_asked_for(takings: Command) -> None:
    ids = [link_of(takings("revenue-overview", "--tenant", name)).id for name in ("aurora", "nordlicht")]
    assert "no longer opens" in takings("revoke", ids[0])
    assert (ids[0] in takings("list"), ids[1] in takings("list")) == (False, True)
    assert re.search(rf"^{ids[0]}  revoked  aurora ", takings("list", "--all"), re.MULTILINE)
    assert ids[1] not in takings("list", "--all", "--tenant", "aurora")


def test_rotated_keys_keep_open_links_and_end_them_on_request(takings: Command) -> None:
    url = takings("revenue-overview", "--tenant", "aurora")
    assert takings("keys", "rotate") == "New links are signed with k2.\n"
    link = link_of(url)
    Ledger(settings.home() / "serving").check(link, datetime.now(UTC))
    assert link_of(takings("revenue-overview", "--tenant", "aurora")).key == "k2"
    assert "Removed: k1, k2" in takings("keys", "rotate", "--revoke")
    with pytest.raises(RefusedError):
        link_of(url)
    with pytest.raises(EndedError):
        Ledger(settings.home() / "serving").check(link, datetime.now(UTC))


def test_address_is_this_machine_unless_one_is_configured(takings: Command) -> None:
    configuration = settings.load()
    assert sharing.address(configuration) == "https://takings.example.com:8443"
    plain = configuration.model_copy(update={"serving": type(configuration.serving)(port=9999)})
    assert sharing.address(plain) == "http://127.0.0.1:9999"


def test_commands_of_the_guide_do_what_it_says(takings: Command) -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/sharing.md").read_text()
    commands = re.findall(r"^\.venv/bin/takings share (.+)$", guide, re.MULTILINE)
    assert len(commands) > 5
    book = Ledger(settings.home() / "serving")
    for command in commands:
        before = len(book.live(datetime.now(UTC)))
        number = book.entries()[0].link.id if before else ""
        takings(*command.replace("ID", number).split())
        change = len(book.live(datetime.now(UTC))) - before
        words = command.split()
        expected = {"list": 0, "revoke": -1, "keys": -before if "--revoke" in words else 0}.get(words[0], 1)
        assert change == expected, command


def test_demo_shows_the_same_link_again_while_it_is_open(takings: Command) -> None:
    configuration = settings.load()
    lines = demo.share_links(configuration)
    assert [line.split()[0] for line in lines] == ["aurora", "nordlicht"]
    assert [link_of(line.split()[1]).rolling for line in lines] == ["30d", "30d"]
    assert demo.share_links(configuration) == lines
    takings("revoke", link_of(lines[0].split()[1]).id)
    again = demo.share_links(configuration)
    assert (again[0] == lines[0], again[1] == lines[1]) == (False, True)


def test_demo_of_old_orders_shares_the_days_that_its_dashboards_open_on(takings: Command) -> None:
    configuration = settings.load()
    boards = configuration.dashboards.model_copy(update={"default_range": "2010-12-01 : 2011-12-10"})
    line = demo.share_links(configuration.model_copy(update={"dashboards": boards}))[0]
    days = link_of(line.split()[1]).days
    assert days and [day.isoformat() for day in days] == ["2010-12-01", "2011-12-10"]
