"""Bulk operations: their files hold the same data as pages, and they fail in their own ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from graphql import ExecutionContext, execute_sync, parse

from simulator import Fault, Faults, SimulatorServer, World, serve
from simulator.apis.shopify import bulk
from simulator.apis.shopify.bulk_query import parse_bulk_query
from simulator.apis.shopify.endpoint import ShopifyLimits
from simulator.apis.shopify.query_root import QueryRoot
from simulator.apis.shopify.resolvers import Context, resolve
from simulator.apis.shopify.schema import schema, type_name
from tests.simulator import queries
from tests.simulator.conftest import END
from tests.simulator.queries import Client


def nested(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The root objects of a bulk file by id, with their children by type, sorted by id."""
    by_id = {line["id"]: dict(line, _children={}) for line in lines}
    roots = {}
    for line in by_id.values():
        parent = line.pop("__parentId", None)
        if parent is None:
            roots[line["id"]] = line
        else:
            kind = line["id"].split("/")[3]
            by_id[parent]["_children"].setdefault(kind, []).append(line)
    for line in by_id.values():
        for children in line["_children"].values():
            children.sort(key=lambda child: child["id"])
    return roots


def as_nested(order: dict[str, Any]) -> dict[str, Any]:
    """An order of a page in the shape of ``nested``."""
    children: dict[str, list[dict[str, Any]]] = {}
    for name, kind in {
        "lineItems": "LineItem", "shippingLines": "ShippingLine", "agreements": "SalesAgreement", "sales": "Sale",
    }.items():  # fmt: skip
        if name in order:
            nodes = sorted((as_nested(node) for node in order[name]["nodes"]), key=lambda node: node["id"])
            assert not order[name]["pageInfo"]["hasNextPage"] or len(nodes) == 250
            if nodes:
                children[kind] = nodes
    own = {key: value for key, value in order.items() if not (isinstance(value, dict) and "nodes" in value)}
    return {**own, "_children": children}


def test_bulk_file_has_the_same_orders_as_the_pages(shop: Client) -> None:
    operation = shop.bulk(queries.ORDERS_IN_BULK)
    lines = shop.lines(operation)
    assert operation["status"] == "COMPLETED"
    assert int(operation["objectCount"]) == len(lines)
    in_bulk = nested(lines)
    assert int(operation["rootObjectCount"]) == len(in_bulk)
    in_pages = shop.pages(queries.ORDERS, first=50)
    assert len(in_pages) == len(in_bulk)
    for order in in_pages:
        if len(order["lineItems"]["nodes"]) < 250:
            assert in_bulk[order["id"]] == as_nested(order), order["name"]


@pytest.mark.slow
def test_serializer_writes_the_same_text_as_graphql_core(world: World, tmp_path: Path) -> None:
    """With the keys in the same order, for every order, product and customer of both shops."""
    for account in ("aurora", "nordlicht"):
        root = QueryRoot(world.books(account, END), int(END.timestamp()))
        context = Context(root, bulk.BulkOperations(tmp_path / account), Faults(), "")
        for text in (queries.ORDERS_IN_BULK, queries.PRODUCTS_IN_BULK, queries.CUSTOMERS_IN_BULK):
            query = parse_bulk_query(schema(), text)
            for source in root.all_of(query.root):
                actual: list[str] = []
                bulk.append_lines(query.serializer, source, "}", actual)
                assert actual == core_lines(text, query.root, source, context)


def core_lines(text: str, root: str, target: Any, context: Context) -> list[str]:
    """graphql-core's result for one object, as the lines of a bulk file."""
    document = parse(text)

    def resolve_one(source: Any, info: Any, **args: Any) -> Any:
        if info.parent_type.name == "QueryRoot":
            return SingleNode(target)
        if isinstance(source, SingleNode):
            return [source.node] if info.field_name == "nodes" else [{"node": source.node}]
        if str(info.return_type).rstrip("!").endswith("Connection"):
            page = resolve(source, info, **{**args, "first": 250})
            if page.has_next:
                rest = resolve(source, info, **{**args, "first": 250, "after": page.cursors[-1]})
                page.nodes = [*page.nodes, *rest.nodes]
                page.cursors = [*page.cursors, *rest.cursors]
            return page
        return resolve(source, info, **args)

    result = execute_sync(
        schema(), document, context_value=context, field_resolver=resolve_one, type_resolver=type_name
    )
    assert result.errors is None
    lines: list[str] = []
    for node in rows(result.data[root]):  # type: ignore[index]
        flatten(node, None, lines)
    return lines


class SingleNode:
    """A connection with one node."""

    def __init__(self, node: Any) -> None:
        self.node = node


def rows(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return connection["nodes"] if "nodes" in connection else [edge["node"] for edge in connection["edges"]]


def flatten(node: dict[str, Any], parent: str | None, lines: list[str]) -> None:
    below = {k: v for k, v in node.items() if isinstance(v, dict) and ("nodes" in v or "edges" in v)}
    own = {k: v for k, v in node.items() if k not in below} | ({"__parentId": parent} if parent else {})
    lines.append(json.dumps(own, separators=(",", ":"), ensure_ascii=False))
    for connection in below.values():
        for child in rows(connection):
            flatten(child, node["id"], lines)


def test_children_follow_their_parents_only_in_a_grouped_file(aurora: Client) -> None:
    loose, grouped = (aurora.lines(aurora.bulk(queries.ORDERS_IN_BULK, group=group)) for group in (False, True))
    assert nested(loose) == nested(grouped)

    def parents_first(lines: list[dict[str, Any]]) -> bool:
        earlier: set[str] = set()
        for line in lines:
            if line.get("__parentId") not in (None, *earlier):
                return False
            earlier.add(line["id"])
        return True

    assert parents_first(grouped)
    assert not parents_first(loose)


def test_bulk_search_limits_the_orders_and_an_empty_result_has_no_file(aurora: Client) -> None:
    since = "updated_at:>='2026-10-01T00:00:00Z'"
    text = '{ orders(query: "%s") { edges { node { id updatedAt lineItems { edges { node { id } } } } } } }'
    lines = aurora.lines(aurora.bulk(text % since))
    in_bulk = {line["id"] for line in lines if "updatedAt" in line}
    assert in_bulk == {order["id"] for order in aurora.pages(queries.SLIM, first=250, query=since)}
    empty = aurora.bulk(text % "updated_at:>='2030-01-01'")
    assert (empty["status"], empty["url"], empty["objectCount"]) == ("COMPLETED", None, "0")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ shop { name } }", "at least one connection"),
        ("{ orders { edges { node { nothing } } } }", "Cannot query field"),
        ("{ orders { edges { node { id", "Syntax Error"),
        (
            "{ orders { nodes { id refunds { id refundLineItems { nodes { id } } } } } }",
            "connection field within a list field",
        ),
        (
            """{ orders { nodes { id lineItems { nodes { id } } shippingLines { nodes { id } }
             a: agreements { nodes { id sales { nodes { id } } } } b: agreements { nodes { id } } } } }""",
            "more than 5 connections",
        ),
    ],
)
def test_unsupported_bulk_query_is_invalid(aurora: Client, query: str, message: str) -> None:
    payload = aurora.data(queries.START, query=query)["bulkOperationRunQuery"]
    assert payload["bulkOperation"] is None
    assert payload["userErrors"][0]["code"] == "INVALID"
    assert message in payload["userErrors"][0]["message"]


def test_sixth_concurrent_operation_is_refused_until_one_is_canceled(world: World) -> None:
    with serve(world, now=END, limits=ShopifyLimits(bulk_seconds=20)) as server:
        aurora = Client(server, "aurora")
        text = "{ products { nodes { id } } }"
        started = [aurora.data(queries.START, query=text)["bulkOperationRunQuery"] for _ in range(6)]
        assert [payload["userErrors"] for payload in started[:5]] == [[]] * 5
        assert started[5]["userErrors"][0]["code"] == "LIMIT_REACHED"
        first = started[0]["bulkOperation"]["id"]
        cancel = (
            "mutation C($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }"
        )
        assert aurora.data(cancel, id=first)["bulkOperationCancel"]["bulkOperation"]["status"] == "CANCELING"
        assert aurora.wait(first)["status"] == "CANCELED"
        assert aurora.data(queries.START, query=text)["bulkOperationRunQuery"]["userErrors"] == []
        running = aurora.data("{ bulkOperations(first: 10) { nodes { id status } } }")["bulkOperations"]["nodes"]
        assert len(running) == 6


def test_second_operation_in_progress_error_names_the_first(world: World) -> None:
    with serve(world, now=END, limits=ShopifyLimits(bulk_seconds=20, bulk_operations=1)) as server:
        aurora = Client(server, "aurora")
        first = aurora.data(queries.START, query="{ products { nodes { id } } }")["bulkOperationRunQuery"]
        second = aurora.data(queries.START, query="{ products { nodes { id } } }")["bulkOperationRunQuery"]
    assert second["userErrors"][0]["code"] == "OPERATION_IN_PROGRESS"
    assert first["bulkOperation"]["id"] in second["userErrors"][0]["message"]


def test_file_is_gzipped_on_request_and_expires_after_a_week(server: SimulatorServer, aurora: Client) -> None:
    operation = aurora.bulk("{ products { nodes { id title } } }")
    packed = requests.get(operation["url"], timeout=10)
    plain = requests.get(operation["url"], headers={"Accept-Encoding": "identity"}, timeout=10)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert len(plain.text.splitlines()) == int(operation["objectCount"])
    server.set_now(END.replace(day=28))
    late = requests.get(operation["url"], timeout=10)
    assert late.status_code == 403
    assert "<Error>" in late.text


def test_serializer_writes_without_the_executor_of_graphql_core(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """graphql-core resolves less than 3,000 objects per CPU second; `python -m benchmarks.bulk_file` measures ours."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("graphql-core resolved a field")

    monkeypatch.setattr(ExecutionContext, "execute_field", refuse)
    books = world.books("aurora", END)
    query = parse_bulk_query(schema(), queries.ORDERS_IN_BULK)
    assert bulk.write_file(query, QueryRoot(books, books.at), tmp_path / "file.gz", False, lambda: True)[0] > 100


def test_failed_operation_has_a_partial_file(server: SimulatorServer, aurora: Client) -> None:
    server.faults.add(Fault("bulk_failed", on="bulk:orders"))
    failed = aurora.bulk("{ orders { nodes { id name } } }")
    assert (failed["status"], failed["errorCode"], failed["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    part = requests.get(failed["partialDataUrl"], timeout=10).text
    assert 0 < len(part.splitlines()) < int(failed["objectCount"])
    assert aurora.bulk("{ orders { nodes { id name } } }")["status"] == "COMPLETED"
