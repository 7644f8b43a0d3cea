"""What axe-core finds on the dashboards, as a tenant sees them: nothing serious of our own making."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import axe_playwright_python
import pytest
from selenium import webdriver

from tests.superset_assets import browser
from tests.superset_assets.conftest import Running
from tests.superset_assets.test_browser import BOARDS, look

OF_SUPERSET = {
    "aria-prohibited-attr": "a chart's description is the label of a plain element",
    "aria-roles": "the head of a table's column has two roles",
    "duplicate-id-aria": "two tables with a column of the same name",
    "nested-interactive": "a tab holds the field in which an editor renames it",
}
"""Serious findings that are in Superset 6.1.0 itself."""
pytestmark = [pytest.mark.deep, pytest.mark.browser, pytest.mark.superset]


def findings(driver: webdriver.Chrome) -> list[str]:
    """Serious and critical violations of WCAG 2 A and AA on the page, each with its first element."""
    driver.execute_script(files(axe_playwright_python).joinpath("axe.min.js").read_text())
    driver.set_script_timeout(120)
    violations: list[Mapping[str, Any]] = driver.execute_async_script(
        """
        const answer = arguments[arguments.length - 1];
        axe.run(document, {runOnly: ['wcag2a', 'wcag2aa'], resultTypes: ['violations']})
          .then(result => answer(result.violations));
        """
    )
    return [
        f"{each['id']}, {len(each['nodes'])} times: {each['nodes'][0]['html'][:200]}"
        for each in violations
        if each["impact"] in ("serious", "critical") and each["id"] not in OF_SUPERSET
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_dashboard_has_a_serious_finding_of_our_own_making(superset: Running, dark: bool) -> None:
    violations = []
    with browser.chromium(dark=dark) as driver:
        browser.log_in(driver, superset.server.url, superset.server.credentials.login("aurora"))
        for slug in BOARDS:
            look(driver, superset, slug)
            violations += [f"{slug}: {finding}" for finding in findings(driver)]
    assert violations == []


def test_pale_text_and_a_picture_without_words_are_findings(superset: Running) -> None:
    with browser.chromium() as driver:
        browser.log_in(driver, superset.server.url, superset.server.credentials.login("aurora"))
        look(driver, superset, "store-performance")
        driver.execute_script(
            """
            const box = 'position: fixed; top: 0; left: 0; z-index: 9999; color: #bbbbbb; background: #ffffff';
            const picture = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">';
            document.body.insertAdjacentHTML('beforeend', `<div style="${box}">hardly to be read ${picture}</div>`);
            """
        )
        assert {text.split(",")[0] for text in findings(driver)} == {"color-contrast", "image-alt"}
