"""Answers of charts stay until the next publish, for all logins of a tenant, and are asked again after it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from supersetapiclient.client import SupersetClient

from superset_assets import access, verify
from superset_assets.client import call, ids_by_uuid, listing
from superset_assets.errors import RequestFailedError
from superset_assets.names import asset_uuid
from tests.superset_assets import marts
from tests.superset_assets.conftest import COLLEAGUES, TENANTS, Running

CHART = "net_sales"


@pytest.fixture
def context(superset: Running) -> dict[str, Any]:
    """The query of a chart that nobody has asked yet."""
    number = ids_by_uuid(superset.admin, "chart")[asset_uuid("charts", CHART)]
    superset.server.flush_data_cache()
    stored: dict[str, Any] = json.loads(call(superset.admin, "get", f"chart/{number}")["result"]["query_context"])
    return stored


@pytest.fixture
def granted(superset: Running) -> Iterator[Running]:
    """All rights are given back after the test."""
    yield superset
    access.grant(superset.admin, TENANTS, superset.server.credentials, COLLEAGUES)


def is_cached(client: SupersetClient, context: dict[str, Any]) -> bool:
    return bool(call(client, "post", "chart/data", json=context)["result"][0]["is_cached"])


def test_logins_of_one_tenant_share_answers_and_other_tenants_do_not(
    superset: Running, context: dict[str, Any]
) -> None:
    assert not is_cached(superset.user("aurora"), context)
    assert is_cached(superset.user("maria"), context), "an analyst of the same tenant"
    assert not is_cached(superset.user("nordlicht"), context)
    assert not is_cached(superset.admin, context)


def test_publish_is_visible_at_once_and_until_then_answers_come_from_the_cache(superset: Running) -> None:
    aurora = superset.user("aurora")
    before = verify.chart_data(aurora, "Net sales", force=True)
    number = ids_by_uuid(superset.admin, "chart")[asset_uuid("charts", CHART)]
    context = json.loads(call(aurora, "get", f"chart/{number}")["result"]["query_context"])
    assert is_cached(aurora, context)
    marts.publish(superset.published, "second")
    assert not is_cached(aurora, context)
    assert verify.chart_data(aurora, "Net sales") == before
    assert verify.chart_data(aurora, "State of the data")[0]["trust_text"].endswith(" · second")


def test_question_is_asked_again_after_a_publish(superset: Running, context: dict[str, Any]) -> None:
    aurora = superset.user("aurora")
    question = context | {"queries": [context["queries"][0] | {"row_limit": 7}]}  # as only this login asks it
    assert not is_cached(aurora, question)
    marts.publish(superset.published, "third")
    superset.server.flush_data_cache()
    before = _answers(superset)
    assert call(superset.admin, "post", "takings/warm")["questions"] > 0
    deadline = time.monotonic() + 60
    while _answers(superset) == before and time.monotonic() < deadline:
        time.sleep(0.1)  # asking would be an answer itself; the newest question is asked first
    assert is_cached(aurora, question)


def _answers(superset: Running) -> set[str]:
    """The files of the cache that are complete."""
    names = {path.name for path in (superset.server.home / "cache" / "data").iterdir()}
    return {name for name in names if not name.endswith(".__wz_cache")}


def test_only_an_administrator_has_questions_asked_again(superset: Running) -> None:
    for name in ("aurora", "maria", "ola"):
        with pytest.raises(RequestFailedError, match="403"):
            call(superset.user(name), "post", "takings/warm")


def test_right_that_is_taken_counts_at_once(granted: Running, context: dict[str, Any]) -> None:
    aurora = granted.user("aurora")
    context = context | {"queries": [context["queries"][0] | {"row_limit": 8}]}  # not among those that are asked again
    assert not is_cached(aurora, context) and is_cached(aurora, context)
    roles = {row["name"]: row["id"] for row in listing(granted.admin, "security/roles/")}
    place = f"security/roles/{roles['tenant:aurora']}/permissions"
    call(granted.admin, "post", place, json={"permission_view_menu_ids": []})
    with pytest.raises(RequestFailedError):
        is_cached(aurora, context)
    access.grant(granted.admin, TENANTS, granted.server.credentials, COLLEAGUES)
    assert is_cached(aurora, context)


@pytest.mark.parametrize(("name", "shown"), [("aurora", False), ("maria", False), ("ola", None), ("admin", None)])
def test_filter_bar_is_only_for_logins_that_choose_a_tenant(superset: Running, name: str, shown: bool | None) -> None:
    """The filters of the others all have controls of their own (server/controls.js)."""
    client = superset.admin if name == "admin" else superset.user(name)
    for slug in ("home", "store-performance"):
        metadata = json.loads(call(client, "get", f"dashboard/{slug}")["result"]["json_metadata"])
        assert metadata.get("show_native_filters") is shown
