"""The server ends in the middle of a run: the run fails clearly, readers keep the last build, the next run is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from common.errors import RetryError
from orchestration import pipeline
from tests.connectors.postgres.database import server
from tests.orchestration.postgres.published import TENANTS, Place, differing, shops_in_files, stage

pytestmark = pytest.mark.deep
RENAMED = "update shopify.products set title = 'A new name' where tenant_id = 'aurora'"
MOMENTS = {"load": "shopify.products", "build": "int_", "publish": "product_daily"}
"""By step of a run: the words of its progress at which the server ends."""


@dataclass
class End:
    """The progress of a run, in which the server ends once."""

    moment: str
    words: str
    at: str = ""

    def __call__(self, step: str, count: int, total: int | None, detail: str) -> None:
        if step == self.moment and self.words in detail and not self.at:
            self.at = detail
            server().stop()


def test_a_server_that_ends_during_a_load_a_build_or_a_publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, files = Place.copied(tmp_path / "place", monkeypatch), shops_in_files(tmp_path / "files")
    place.build()
    before, current = place.rows(), place.current
    stage(RENAMED, place, files)
    for moment, words in MOMENTS.items():
        end = End(moment, words)
        with pytest.raises(RetryError, match="The PostgreSQL warehouse") as raised:
            pipeline.rebuild(place.settings, end)
        assert end.at, moment
        assert "Run again" in str(raised.value) or "Start the server" in str(raised.value), moment
        server().start()
        assert (place.rows(), place.current) == (before, current), moment
    files.rebuild()
    assert place.build().unchanged == [TENANTS[1]]
    assert place.rows() != before
    assert differing(place, files) == set()
