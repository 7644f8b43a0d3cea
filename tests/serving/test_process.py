"""The application as `takings serve` starts it: a process of its own, over a home with a published build."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from orchestration import servers, settings, sharing, web

TENANT = '[[tenants]]\nid = "{0}"\nname = "{1}"\ntime_zone = "UTC"\ncurrency = "USD"\n'
SOURCE = '[[tenants.sources]]\nkind = "files"\naccount = "{0}"\npath = "{0}"\n'
YESTERDAY = date.today() - timedelta(days=1)


@pytest.fixture
def configuration(tmp_path: Path, published: Path, monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    state = tmp_path / "state"
    state.mkdir()
    (state / "published").symlink_to(published)
    text = TENANT.format("aurora", "Aurora Outdoor") + SOURCE.format("aurora")
    text += '[tenants.share]\nmost_days = 30\n[tenants.brand]\nname = "Aurora & Sons"\naccent = "#1d4ed8"\n'
    text += f"[serving]\nport = {servers.free_port()}\n[superset]\nport = {servers.free_port()}\n"
    (tmp_path / "takings.toml").write_text(text)
    monkeypatch.setenv("TAKINGS_HOME", str(state))
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    return settings.load()


def test_link_of_the_command_line_opens_in_the_tenants_look_until_it_is_revoked(
    configuration: settings.Settings,
) -> None:
    days = (YESTERDAY - timedelta(days=6), YESTERDAY)
    shared = sharing.share(configuration, "revenue-overview", "aurora", days, None)
    with servers.Children() as children:
        assert servers.start_web(configuration, children) == f"http://127.0.0.1:{configuration.serving.port}"
        page = requests.get(shared.url, timeout=60)
        assert page.status_code == 200 and "Aurora &amp; Sons" in page.text and "#1d4ed8" in page.text
        content = requests.get(f"{shared.url}/csv", timeout=60)
        assert content.content.count(b"\r\n") == 8
        assert requests.get(f"http://127.0.0.1:{configuration.serving.port}/", timeout=60).status_code == 401
        sharing.revoke(configuration, next(sharing.entries(configuration, None, ended=False))[0].link.id)
        assert requests.get(shared.url, timeout=60).status_code == 410
        again = requests.get(shared.url, headers={"Cookie": "session=x"}, timeout=60)
        assert again.status_code == 410
        down = requests.get(page.url.split("/r/")[0], headers={"Cookie": "session=x"}, timeout=60)
        assert down.status_code == 503, "Superset does not run here"
    log = (configuration.home / "logs" / "web.log").read_text()
    token = urlsplit(shared.url).path.removeprefix("/r/")
    assert "GET /r/{token} 200" in log and "GET /r/{token} 410" in log
    assert not any(part in log for part in token.split("."))


def test_site_has_what_the_configuration_says(configuration: settings.Settings) -> None:
    site = web.site(configuration)
    tenant = site.tenants["aurora"]
    assert (tenant.brand.name, tenant.brand.accent) == ("Aurora & Sons", "#1d4ed8")
    assert (tenant.default_days, tenant.most_days) == (7, 30)
    assert (tenant.subject.name, tenant.subject.time_zone) == ("Aurora Outdoor", "UTC")
    assert (site.published, site.superset_port) == (configuration.home / "published", configuration.superset.port)
    assert site.address is None and site.custom == configuration.reports_folder
