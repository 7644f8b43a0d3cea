"""A line that equals its own values in the usual form says what was read of it; any other line is read carefully."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.contracts import CONTRACTS
from connectors.files import record_files
from connectors.sync.line_forms import LineForm, form_of
from tests.connectors.contracts.test_faults import valid
from tests.connectors.files.pulling import Place

LOG = CONTRACTS[-1]
USUAL = {"vault_id": "v", "niche": "a", "sale_amount": 1.5, "refund": False, "visit_id": None}
STYLES = {"with blanks": (", ", ": "), "without": (",", ":")}
PIECES = [
    *('"', ",", ":", " ", "\\", "{", "}", "[", "]", "null", "true", "1", "0", "e5", "v", "niche", "vault_id", "\u00a0"),
    *('", "niche": "a', '", "vault_id": "w', 'x", "refund": true, "niche": "', "\\\\", '\\"', "\t"),
]


def as_written(form: LineForm, lines: list[str]) -> list[bool]:
    """Which of the lines equal their own values in a form."""
    shape = json.dumps(dict.fromkeys(form.keys, "VARCHAR"))
    line = form.line({key: f'record."{key}"' for key in form.keys})
    with duckdb.connect() as db:
        rows = db.execute(
            f"select not contains(line, '\\') and coalesce({line} = line, false) from (select line, "
            f"try(from_json(line, '{shape}')) as record from (select unnest(?::varchar[]) as line))",
            [lines],
        ).fetchall()
    return [row[0] for row in rows]


def broken(line: str, chance: random.Random) -> str:
    """The line with some characters put in, left out or repeated."""
    for _ in range(chance.randint(1, 3)):
        at, length = chance.randrange(len(line)), chance.choice([0, 0, 1, 5])
        line = line[:at] + chance.choice([*PIECES, line[at : at + 12]]) + line[at + length :]
    return line


@pytest.mark.parametrize("style", STYLES)
def test_a_line_in_the_usual_form_has_these_keys_once_and_these_values(style: str) -> None:
    """Python's reader, which keeps keys that come twice, is the judge."""
    usual = [
        json.dumps(USUAL, separators=STYLES[style]),
        json.dumps(USUAL | {"visit_id": "s"}, separators=STYLES[style]),
    ]
    form = form_of([(line.encode(), json.loads(line)) for line in usual])
    assert form.texts == {"vault_id", "niche", "visit_id"} and form.nullable == {"visit_id"}
    assert as_written(form, usual) == [True, True]
    chance = random.Random(style)  # noqa: S311 - lines, not secrets
    lines = list({broken(chance.choice(usual), chance) for _ in range(1_000)})
    equal = [line for line, is_equal in zip(lines, as_written(form, lines), strict=True) if is_equal]
    assert 0 < len(equal) < len(lines)
    for line in equal:
        pairs = json.JSONDecoder(object_pairs_hook=list, parse_float=str, parse_int=str).decode(line)
        assert [key for key, _ in pairs] == list(USUAL)
        assert all(isinstance(value, str) for key, value in pairs if key in ("vault_id", "niche")), line


def test_the_form_is_that_of_most_lines() -> None:
    lines: list[dict[str, Any]] = [{"other": 1}, {"a": 1, "b": "x"}, {"a": "2", "b": "y"}, {"a": 3, "b": "z"}]
    form = form_of([(json.dumps(line).encode(), line) for line in lines])
    assert (form.keys, form.texts, form.nullable) == (("a", "b"), frozenset("b"), frozenset())
    assert form_of([]) == LineForm()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("with_unknown", [False, True])
def test_broken_lines_among_usual_ones_give_the_rows_and_rejects_of_the_slow_reading(
    style: str, with_unknown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(f"{style} {with_unknown}")  # noqa: S311 - lines, not secrets
    record = valid(LOG) | ({"mood": "good", "score": 1} if with_unknown else {})
    usual = json.dumps(record, separators=STYLES[style])
    lines = [broken(usual, chance) if number % 3 == 0 else usual for number in range(300)]
    lines = [line.replace("\n", " ") for line in lines]
    results = []
    for small in (10**9, 0):
        monkeypatch.setattr(record_files, "SMALL", small)
        place = Place(tmp_path / str(small))
        place.write("event_log.jsonl", "".join(f"{line}\n" for line in lines).encode())
        place.pull()
        listed = ", ".join(["row_hash", "occurrence", *LOG.columns])
        rows = place.rows(f"select {listed} from files.event_log order by all")
        results.append((rows, sorted(place.rejects())))
    assert results[0] == results[1] and len(results[0][0]) > 200
