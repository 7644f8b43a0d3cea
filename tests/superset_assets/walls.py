"""Walk by REST through everything that Superset gives a tenant's login, and search for names of another tenant's rows.

    for place in walls.leaks(client, "plover", "nordlicht"): ...    each place with the word; none when the walls hold

The walk follows what the login may list: a new dashboard, chart or dataset needs no change here.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from supersetapiclient.client import SupersetClient

from superset_assets.client import call, listing, send
from superset_assets.errors import RequestFailedError

# What a tenant may not read: Superset refuses it, or answers without rows.
CLOSED = (
    "assets/export/", "database/", "rowlevelsecurity/", "security/users/", "security/roles/", "query/", "saved_query/",
    "report/", "annotation_layer/", "css_template/", "log/", "tag/", "sqllab/", "dashboard/export/?q=!(1,2,3,4,5,6)",
    "chart/export/?q=!(1,2,3)", "dataset/export/?q=!(1,2,3)",
)  # fmt: skip
# Extra parts: exports of each chart, or of those that show names, and the values of each column.
NAMING = ("Top products", "Top customers", "ROAS by campaign", "Traffic sources", "Feature uses")
EVERYTHING, EXPORTS_OF_NAMES, QUICK = ("csv", "xlsx", "values"), ("csv of names", "xlsx of names"), ()
Place = tuple[str, str]
Query = dict[str, Any]


def leaks(client: SupersetClient, canary: str, other: str, extra: tuple[str, ...] = QUICK) -> Iterator[str]:
    """Places whose answer contains `canary`, a word of the tenant `other`, in the order of the walk."""
    return (place for place, answer in walk(client, other, extra) if canary in answer.lower())


def walk(client: SupersetClient, other: str, extra: tuple[str, ...] = QUICK) -> Iterator[Place]:
    """Each place with its whole answer as text; a refusal is an answer too."""
    for row in listing(client, "dashboard/", ["id"]):
        for part in ("", "/charts", "/datasets", "/tabs"):
            yield _get(client, f"dashboard/{row['id']}{part}")
    for row in listing(client, "dataset/", ["id"]):
        place, text = _get(client, f"dataset/{row['id']}")
        yield place, text
        yield from _dataset(client, json.loads(text)["result"], other, extra)
    charts: dict[int, list[tuple[str, Query]]] = {}
    for row in listing(client, "chart/", ["id", "slice_name"]):
        place, text = _get(client, f"chart/{row['id']}")
        yield place, text
        context = json.loads(json.loads(text)["result"]["query_context"])
        if context["datasource"]["id"] not in charts:
            yield _get(client, f"{place}/data/")
        charts.setdefault(context["datasource"]["id"], []).extend(
            (row["slice_name"], query) for query in context["queries"]
        )
    for dataset, queries in charts.items():
        yield from _charts(client, dataset, queries, other, extra)
    for path in CLOSED:
        yield _get(client, path)
    yield _post(client, "sqllab/execute/", {"database_id": 1, "sql": "SELECT * FROM marts.spend", "client_id": "w"})


def _charts(
    client: SupersetClient, dataset: int, charts: list[tuple[str, Query]], other: str, extra: tuple[str, ...]
) -> Iterator[Place]:
    """The data of all charts of a dataset, also filtered by the other tenant, and their exports."""
    titles = [title for title, _ in charts]
    queries = [query for _, query in charts]
    others = [narrowed(query, other) for query in queries]
    results = chart_data(client, dataset, queries + others, force=True)
    names = [f"{title} as json" for title in titles] + [f"{title} of {other}" for title in titles]
    yield from zip(names, map(json.dumps, results), strict=True)
    for kind in ("csv", "xlsx"):
        exported = {title: query for title, query in charts if kind in extra or title in NAMING}
        if exported and {kind, f"{kind} of names"} & {*extra}:
            body = _body(dataset, list(exported.values())) | {"result_format": kind}
            content = send(client, "post", "chart/data", json=body).content
            files = _files(content) if len(exported) > 1 else [content]
            yield from zip((f"{title} as {kind}" for title in exported), map(_text, files), strict=True)


def chart_data(
    client: SupersetClient, dataset: int, queries: list[Query], *, force: bool = False
) -> list[dict[str, Any]]:
    """The results of many queries of a dataset, in one request."""
    results: list[dict[str, Any]] = call(client, "post", "chart/data", json=_body(dataset, queries) | {"force": force})[
        "result"
    ]
    return results


def _body(dataset: int, queries: list[Query], kind: str = "full") -> dict[str, Any]:
    return {
        "datasource": {"id": dataset, "type": "table"},
        "queries": queries,
        "result_format": "json",
        "result_type": kind,
    }


def _dataset(client: SupersetClient, dataset: dict[str, Any], other: str, extra: tuple[str, ...]) -> Iterator[Place]:
    """Free queries: all text columns, the rows, and the values of each column; also filtered by the other tenant."""
    texts = [item["column_name"] for item in dataset["columns"] if item["type"] == "VARCHAR"]
    query: Query = {"columns": texts, "metrics": [], "row_limit": 1000, "filters": []}
    for kind in ("full", "samples", "drill_detail"):
        body = _body(dataset["id"], [query, narrowed(query, other)], kind)
        yield f"{kind} of {dataset['table_name']}", _post(client, "chart/data", body | {"force": True})[1]
    for column in texts if "values" in extra else texts[:1]:
        yield _get(client, f"datasource/table/{dataset['id']}/column/{column}/values/")


def narrowed(query: Query, other: str) -> Query:
    """A query filtered by one tenant, as by the dashboards' tenant filter."""
    return query | {"filters": [*query["filters"], {"col": "tenant_id", "op": "IN", "val": [other]}]}


def _get(client: SupersetClient, path: str) -> Place:
    try:
        return path, _text(send(client, "get", path).content)
    except RequestFailedError as error:
        return path, str(error)


def _post(client: SupersetClient, path: str, body: dict[str, Any]) -> Place:
    try:
        return path, _text(send(client, "post", path, json=body).content)
    except RequestFailedError as error:
        return path, str(error)


def text_of(client: SupersetClient, path: str) -> str:
    """The answer to a GET, or the refusal."""
    return _get(client, path)[1]


def _text(content: bytes) -> str:
    """An answer as text; of a zip (a spreadsheet, an export) the text of all its files."""
    if not content.startswith(b"PK"):
        return content.decode(errors="replace")
    return "\n".join(part.decode(errors="replace") for part in _files(content))


def _files(content: bytes) -> list[bytes]:
    """The files of a zip in their order."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]
