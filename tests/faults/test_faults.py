"""Every kind of wrong answer, from every API source, in the first load and in an increment, once and lasting.

A pull either gives the tables of an undisturbed one, or ends with one clear error and loses nothing; the next pull
gives the tables of an undisturbed one. campaign.py has the verdicts, kinds.py the faults.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator import World
from tests.faults import campaign
from tests.faults.campaign import LASTINGS, PHASES, SOURCES, Case
from tests.faults.kinds import KINDS

SAMPLE = {
    "shopify": {("null_node", "increment", "lasting"): "error", ("counts_as_text", "first", "lasting"): "error",
                ("date_two_days_ahead", "first", "lasting"): "error"},
    "stripe": {("pages_in_circles", "increment", "lasting"): "error", ("missing_ids", "first", "lasting"): "error",
               ("dripping_body", "increment", "once"): "success"},
    "meta_ads": {("date_garbage", "increment", "lasting"): "error", ("half_body", "increment", "once"): "success"},
    "tiktok_ads": {("date_missing", "first", "lasting"): "error", ("http_500", "increment", "once"): "success"},
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return campaign.world()


@pytest.fixture(scope="module", params=SOURCES)
def case(request: pytest.FixtureRequest, world: World) -> Iterator[Case]:
    with campaign.case(request.param, world) as one:
        yield one


def test_campaign_has_all_kinds_and_undisturbed_pulls_have_rows(case: Case) -> None:
    assert len(KINDS) >= 45
    for phase in PHASES:
        assert case.requests[phase] >= 8
        assert sum(map(len, case.expected[phase].values())) > 100
    assert case.expected["first"] != case.expected["increment"]


def test_sample_of_wrong_answers_is_survived_or_said(case: Case) -> None:
    expected = SAMPLE[case.source]
    assert {fault: campaign.judge(case, *fault) for fault in expected} == expected


@pytest.mark.deep
@pytest.mark.parametrize("lasting", LASTINGS)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", KINDS)
def test_wrong_answer_is_survived_or_said(kind: str, phase: str, lasting: str, case: Case) -> None:
    assert campaign.judge(case, kind, phase, lasting) in ("success", "error")
