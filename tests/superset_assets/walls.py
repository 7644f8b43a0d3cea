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

from superset_assets.client import listing, send
from superset_assets.errors import RequestFailedError

# What a tenant may not read: Superset refuses it, or answers without rows.
CLOSED = (
    "assets/export/", "database/", "rowlevelsecurity/", "security/users/", "security/roles/", "query/", "saved_query/",
    "report/", "annotation_layer/", "css_template/", "log/", "tag/", "sqllab/", "dashboard/export/?q=!(1,2,3,4,5,6)",
    "chart/export/?q=!(1,2,3)", "dataset/export/?q=!(1,2,3)",
)  # fmt: skip
EVERYTHING, QUICK = ("csv", "xlsx", "values"), ()  # extra parts: exports of each chart, and the values of each column
Place = tuple[str, str]


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
    for row in listing(client, "chart/", ["id", "slice_name"]):
        yield from _chart(client, row["id"], row["slice_name"], other, extra)
    for path in CLOSED:
        yield _get(client, path)
    yield _post(client, "sqllab/execute/", {"database_id": 1, "sql": "SELECT * FROM marts.spend", "client_id": "w"})


def _chart(client: SupersetClient, number: int, title: str, other: str, extra: tuple[str, ...]) -> Iterator[Place]:
    """A chart's definition and data, the data of the other tenant, and its exports."""
    place, text = _get(client, f"chart/{number}")
    yield place, text
    yield f"{title} as json", _get(client, f"chart/{number}/data/")[1]
    context = json.loads(json.loads(text)["result"]["query_context"])
    queries = [narrowed(query, other) for query in context["queries"]]
    yield f"{title} of {other}", _post(client, "chart/data", context | {"queries": queries})[1]
    for kind in ("csv", "xlsx"):
        if kind in extra:
            yield f"{title} as {kind}", _post(client, "chart/data", context | {"force": True, "result_format": kind})[1]


def _dataset(client: SupersetClient, dataset: dict[str, Any], other: str, extra: tuple[str, ...]) -> Iterator[Place]:
    """Free queries: all text columns, the rows, and the values of each column; also filtered by the other tenant."""
    texts = [item["column_name"] for item in dataset["columns"] if item["type"] == "VARCHAR"]
    query: dict[str, Any] = {"columns": texts, "metrics": [], "row_limit": 1000, "filters": []}
    body = {"datasource": {"id": dataset["id"], "type": "table"}, "force": True, "result_format": "json"}
    for kind in ("full", "samples", "drill_detail"):
        for variant in (query, narrowed(query, other)):
            yield (
                f"{kind} of {dataset['table_name']}",
                _post(client, "chart/data", body | {"result_type": kind, "queries": [variant]})[1],
            )
    for column in texts if "values" in extra else texts[:1]:
        yield _get(client, f"datasource/table/{dataset['id']}/column/{column}/values/")


def narrowed(query: dict[str, Any], other: str) -> dict[str, Any]:
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


def _text(content: bytes) -> str:
    """An answer as text; of a zip (a spreadsheet, an export) the text of all its files."""
    if not content.startswith(b"PK"):
        return content.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
