"""A metric described for people."""

from __future__ import annotations

import pytest

from semantic.catalog import Catalog
from semantic.describe import describe
from semantic.errors import UnknownNameError


def test_metric_is_described_with_its_inputs_dimensions_and_sql(catalog: Catalog) -> None:
    lines = [line.strip() for line in describe(catalog, "aov").splitlines()]
    assert lines[0] == "aov: Average order value (money)"
    assert lines[2] == "`order_value` ÷ `orders_placed`."
    assert lines[3] == (
        "Dimensions: day, week, month, quarter, year, tenant_id, source, channel, revenue_source, currency"
    )
    assert lines[4].startswith("SELECT CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(order_value_minor)")
    assert lines[4].endswith("END FROM marts.metrics_daily")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("net_sales", "Sum of `net_sales_minor`."),
        ("ltv", "Not additive: ask by month_number too."),
        ("mau", "Not additive: ask by day too."),
        ("cpm", "1000 × `ad_spend` ÷ `impressions`."),
        ("mrr", "Dimensions: month, quarter, year, tenant_id, currency, is_estimated, is_complete"),
    ],
)
def test_description_says_what_a_metric_sums_and_how_it_may_be_asked(catalog: Catalog, name: str, line: str) -> None:
    assert line in [shown.strip() for shown in describe(catalog, name).splitlines()]


def test_unknown_metric_is_refused_with_similar_names(catalog: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean net_sales"):
        describe(catalog, "netsales")
