"""A tenant's login sends no SQL: an expression in any field of a chart's query is refused before the engine sees it."""

import functools
import time
from typing import Any

import pytest
from supersetapiclient.client import SupersetClient

from superset_assets.client import call, ids_by_uuid
from superset_assets.errors import RequestFailedError
from superset_assets.names import asset_uuid
from tests.superset_assets.conftest import Running
from tests.superset_assets.marts import CANARIES

CLOSING = "max(1) FROM range(1) UNION ALL SELECT max(product_label) FROM marts.product_daily --"
ATTACKS = {
    "an expression that ends the select": CLOSING,
    "a sub-query": "(SELECT max(tenant_id) FROM marts.spend)",
    "a system function": "current_setting('temp_directory')",
    "a function of the server": "getenv('HOME')",
    "a long sleep": "(SELECT sleep_ms(100000) FROM range(1000))",
    "a harmless expression": "max(date_day)",
    "a template": "{{ current_username() }}",
}


def metric(sql: str) -> dict[str, Any]:
    return {"expressionType": "SQL", "sqlExpression": sql, "label": "x"}


FIELDS = {
    "metrics": lambda sql: {"metrics": [metric(sql)]},
    "metric of an unknown column": lambda sql: {
        "metrics": [{"expressionType": "SIMPLE", "aggregate": "MAX", "column": {"column_name": sql}, "label": "x"}]
    },
    "metric name": lambda sql: {"metrics": [sql]},
    "columns": lambda sql: {"columns": [metric(sql)]},
    "column name": lambda sql: {"columns": [sql], "metrics": ["orders_placed"]},
    "raw column name": lambda sql: {"columns": [sql], "metrics": None},
    "groupby": lambda sql: {"groupby": [metric(sql)], "metrics": ["orders_placed"]},
    "series_columns": lambda sql: {"columns": ["channel"], "series_columns": [metric(sql)], "is_timeseries": True},
    "series_limit_metric": lambda sql: {
        "columns": ["channel"], "series_columns": ["channel"], "series_limit": 3, "series_limit_metric": metric(sql),
    },
    "timeseries_limit_metric": lambda sql: {
        "columns": ["channel"], "series_limit": 3, "timeseries_limit_metric": metric(sql),
    },
    "orderby": lambda sql: {"columns": ["channel"], "orderby": [[metric(sql), True]]},
    "orderby name": lambda sql: {"columns": ["channel"], "orderby": [[sql, True]]},
    "filters": lambda sql: {"filters": [{"col": metric(sql), "op": "==", "val": "x"}]},
    "filter name": lambda sql: {"filters": [{"col": sql, "op": "==", "val": "x"}]},
    "extras.where": lambda sql: {"extras": {"where": sql}},
    "extras.having": lambda sql: {"extras": {"having": sql}},
    "where": lambda sql: {"where": sql},
    "having": lambda sql: {"having": sql},
    "granularity": lambda sql: {"granularity": sql, "is_timeseries": True},
    "granularity_sqla": lambda sql: {"granularity_sqla": sql, "is_timeseries": True},
    "annotation_layers": lambda sql: {
        "annotation_layers": [
            {"annotationType": "EVENT", "sourceType": "table", "name": "x", "value": 1, "show": True, "style": "solid",
             "overrides": {"where": sql}}
        ]
    },
}  # fmt: skip


@functools.cache
def dataset(client: SupersetClient) -> int:
    return ids_by_uuid(client, "dataset")[asset_uuid("datasets", "metrics_daily")]


def ask(client: SupersetClient, query: dict[str, Any], kind: str = "full") -> Any:
    body = {
        "datasource": {"id": dataset(client), "type": "table"},
        "queries": [{"columns": [], "metrics": ["orders_placed"], "row_limit": 10, **query}],
        "force": True, "result_format": "json", "result_type": kind,
    }  # fmt: skip
    return call(client, "post", "chart/data", json=body)["result"]


@pytest.fixture(scope="module")
def tenant(superset: Running) -> SupersetClient:
    return superset.user("aurora")


@pytest.mark.parametrize("field", FIELDS)
def test_expression_in_a_field_of_the_query_is_refused(field: str, tenant: SupersetClient) -> None:
    attacks = [(sql, "full") for sql in ATTACKS.values()] + [(CLOSING, "samples"), (CLOSING, "query")]
    for sql, kind in attacks:
        with pytest.raises(RequestFailedError) as refused:
            ask(tenant, FIELDS[field](sql), kind)
        assert refused.value.status in {400, 403}, (sql, kind)
        assert CANARIES["nordlicht"] not in str(refused.value).lower()


def test_names_and_aggregates_of_columns_are_answered(tenant: SupersetClient) -> None:
    total = {"expressionType": "SIMPLE", "aggregate": "SUM", "column": {"column_name": "orders_placed"}, "label": "sum"}
    (answer,) = ask(
        tenant,
        {
            "columns": ["channel"],
            "metrics": ["orders_placed", total],
            "filters": [{"col": "tenant_id", "op": "IN", "val": ["aurora"]}],
            "orderby": [["orders_placed", False]],
            "extras": {"where": "", "having": ""},
        },
    )
    assert answer["data"]
    assert all(row["orders_placed"] == row["sum"] for row in answer["data"])


def test_administrator_may_send_an_expression(superset: Running) -> None:
    (answer,) = ask(superset.admin, {"metrics": [metric("count(*)")]})
    assert answer["data"][0]["x"] > 0


def test_tenant_finds_no_other_login_and_no_other_role(tenant: SupersetClient) -> None:
    for kind in ("dashboard", "chart", "dataset"):
        for related in ("owners", "roles"):
            try:
                answer = str(call(tenant, "get", f"{kind}/related/{related}"))
            except RequestFailedError as error:
                answer = str(error)
            assert "nordlicht" not in answer, (kind, related)
            assert "admin" not in answer.lower(), (kind, related)


@pytest.mark.deep  # it keeps the machine busy until the limit
def test_query_that_never_ends_is_interrupted_and_the_others_are_answered(superset: Running) -> None:
    """An administrator writes SQL, so a mistake may take long; the server's limit ends it."""
    database = ids_by_uuid(superset.admin, "database")[asset_uuid("databases", "warehouse")]
    sql = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range + b.range) % 3 = 0"
    began = time.monotonic()
    with pytest.raises(RequestFailedError, match=r"(?i)interrupt"):
        call(superset.admin, "post", "sqllab/execute/", json={"database_id": database, "sql": sql, "client_id": "long"})
    assert time.monotonic() - began < 110, "it ended by the client's own limit"
    assert ask(superset.admin, {})[0]["data"]
