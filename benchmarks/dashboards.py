"""How soon dashboards show their figures in a real browser, cold and warm, and what that costs the server.

    .venv/bin/python -m benchmarks.dashboards STATE [--tenant ID]

STATE is the folder of a demo or an installation (TAKINGS_HOME) whose Superset runs. Each dashboard is opened twice by a
tenant's login at 1440 x 1100 pixels: cold, when no answer is cached, and warm. Charts below the screen are drawn when
they become visible, so they count when the page has been scrolled through.

figure  seconds from the request of the page until the first figure is drawn
tiles   seconds until all tiles on the screen are drawn
cpu     CPU seconds of Superset
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from selenium import webdriver

from superset_assets.process import Server
from tests.superset_assets import browser

DASHBOARDS = Path(__file__).parents[1] / "superset_assets" / "dashboards"
WATCH = f"""
window.figure = window.drawn = 0;
setInterval(() => {{
  const now = performance.now() / 1000;
  const charts = document.querySelectorAll("{browser.CHARTS}");
  const figures = document.querySelectorAll(".header-line, .pop_kpi, [data-test-chart-name='Figures'] td:nth-child(3)");
  if (!window.figure && [...figures].some(each => /[0-9]/.test(each.textContent))) window.figure = now;
  const busy = !charts.length || document.querySelectorAll("{browser.BUSY}").length;
  if (busy) window.drawn = 0; else if (!window.drawn) window.drawn = now;
}}, 50);
"""
"""Notes in the page when the first figure and when all tiles are there."""


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and its children so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        if int(stat.parent.name) == pid or int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def opened(driver: webdriver.Chrome, url: str, pid: int) -> tuple[float, float, float]:
    """Open a page; returns seconds until the first figure and until all tiles, and the server's CPU seconds."""
    before = cpu_seconds(pid)
    driver.get(url)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.5)
        figure, drawn, now = driver.execute_script("return [figure, drawn, performance.now() / 1000]")
        if drawn and now > drawn + 3:
            return figure, drawn, cpu_seconds(pid) - before
    raise TimeoutError(f"{url} still loads after a minute")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("--tenant", default="aurora")
    options = parser.parse_args()
    home = options.state / "superset"
    server = Server(home, options.state / "published", int((home / "superset.port").read_text()))
    pid = int(server.pid_file.read_text())
    slugs = sorted(path.stem.replace("_", "-") for path in DASHBOARDS.glob("*.yaml"))
    print("| dashboard | | figure | tiles | cpu |\n| --- | --- | ---: | ---: | ---: |")
    with browser.chromium() as driver:
        driver.set_window_size(1440, 1100)
        browser.log_in(driver, server.url, server.credentials.login(options.tenant))
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        opened(driver, f"{server.url}/superset/dashboard/{slugs[0]}/", pid)  # the browser has its scripts then
        for slug in slugs:
            server.flush_data_cache()
            for state in ("cold", "warm"):
                figure, drawn, cpu = opened(driver, f"{server.url}/superset/dashboard/{slug}/", pid)
                print(f"| {slug} | {state} | {figure:.1f} | {drawn:.1f} | {cpu:.1f} |")


if __name__ == "__main__":
    main()
