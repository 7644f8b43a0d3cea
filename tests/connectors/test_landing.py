"""The landing zone while several sources write to it."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import zstandard

from connectors.base import Account, Window
from connectors.sync.landing import Landing

WRITERS, PARTS, RECORDS = 4, 60, 2_000
END = datetime(2026, 3, 1, 12, tzinfo=UTC)


def records(writer: int, part: int) -> list[bytes]:
    return [f'{{"writer":{writer},"part":{part},"record":{number}}}'.encode() for number in range(RECORDS)]


def test_sources_that_land_at_the_same_time_land_what_they_got(tmp_path: Path) -> None:
    landing = Landing(tmp_path)

    def land(writer: int) -> list[Path]:
        account = Account("acme", "market", f"shop-{writer}", "http://127.0.0.1:9", "secret")
        landed = landing.begin(account, "baskets", Window(None, END))
        for part in range(PARTS):
            landed.extend_part(records(writer, part))
        landed.seal()
        return landed.paths

    with ThreadPoolExecutor(WRITERS) as pool:
        paths = list(pool.map(land, range(WRITERS)))
    for writer, parts in enumerate(paths):
        content = io.BytesIO(b"".join(path.read_bytes() for path in parts))
        with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as reader:
            lines = reader.read().splitlines()
        assert lines == [record for part in range(PARTS) for record in records(writer, part)]


def test_line_ends_inside_a_record_are_removed_and_those_in_its_texts_stay(tmp_path: Path) -> None:
    landed = Landing(tmp_path).begin(Account("acme", "market", "shop", "", ""), "baskets", Window(None, END))
    assert landed.write_part([b'{\r\n "a": "x\\ny"\n}', b'{"b": 2}']) == 2
    with landed.paths[0].open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read()
    assert text == b'{ "a": "x\\ny"}\n{"b": 2}\n'
