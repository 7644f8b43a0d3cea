"""The how-tos of docs/develop work: each page is carried out in a copy of the checkout.

`make test` carries out one page. In `make test-deep` one copy takes the changes of all pages, one after the other, and
generated files are written once at the end; and each page is carried out in a copy of its own, with the tests that it
names.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

from semantic.catalog import Catalog
from tests.checkout_copy import ROOT, CheckoutCopy, blocks
from tests.semantic import shop, synthetic

DEVELOP = ROOT / "docs" / "develop"
PAGES = sorted(DEVELOP.glob("add-a-*.md"))
GENERATE = "make generate"
EXPECTED = {
    "add-a-metric": (
        "SELECT CASE WHEN MIN(currency) = MAX(currency)",
        "22.00 %",  # returns of 10.01 over gross sales of 45.50
    ),
    "add-a-source": ("9 passed",),
    "add-a-stream": ("'Warehouse', Decimal('120400.500000')", "a lot"),
}
"""What the commands of a page print."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> CheckoutCopy:
    return prepared(tmp_path_factory.mktemp("shared"))


def prepared(folder: Path) -> CheckoutCopy:
    """A copy with a published build of one small shop, aurora, and no definitions of its own."""
    copy = CheckoutCopy(folder / "takings")
    rows = {
        mart: [{**row, "tenant_id": "aurora"} for row in items if row["tenant_id"] == "acme"]
        for mart, items in shop.ROWS.items()
    }
    nothing = Catalog(MappingProxyType({}), MappingProxyType({}))
    synthetic.publish(copy.root / ".takings" / "published", nothing, rows)
    return copy


def carry_out(page: Path, copy: CheckoutCopy, *, deep: bool) -> str:
    """Carry out a page; returns what its commands printed."""
    printed = []
    for block in blocks(page):
        if not deep and (block.option == "deep" or GENERATE in block.text):
            continue
        printed.append(copy.carry_out(block))
    return "\n".join(printed)


@pytest.fixture(scope="module")
def printed_by(shared: CheckoutCopy) -> Callable[[Path], str]:
    """What the commands of a page print; each page is carried out once in the shared copy."""
    return cache(lambda page: carry_out(page, shared, deep=False))


@pytest.mark.deep  # the tutorial in test_docs adds a metric by the same commands
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_howto_can_be_carried_out(page: Path, printed_by: Callable[[Path], str]) -> None:
    printed = printed_by(page)
    for text in EXPECTED.get(page.stem, ()):
        assert text in printed, printed


@pytest.mark.deep  # it needs the changes of all pages
def test_generated_files_follow_what_the_howtos_added(shared: CheckoutCopy, printed_by: Callable[[Path], str]) -> None:
    for page in PAGES:
        printed_by(page)
    changed = shared.shell(GENERATE)
    assert "docs/reference/metrics.md" in changed
    assert "### return_rate" in (shared.root / "docs/reference/metrics.md").read_text()
    assert "| `closed_at` | timestamp |" in (shared.root / "docs/reference/marts.md").read_text()
    assert "## [[tenants.sources]] of reviews" in (shared.root / "docs/reference/settings.md").read_text()
    graph = (shared.root / "tests/orchestration/snapshots/asset_graph.txt").read_text()
    assert "files/stock_values\n" in graph
    assert "reviews/reviews\n" in graph


@pytest.mark.deep
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_howto_passes_the_tests_that_it_names(page: Path, tmp_path: Path) -> None:
    carry_out(page, prepared(tmp_path), deep=True)


def test_howtos_leave_the_checkout_alone() -> None:
    assert not (ROOT / "semantic" / "metrics" / "ratios_returns.yml").exists()
