"""The YAML beside the models: every staging and intermediate model and every source table is described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

DBT = Path(__file__).parents[2] / "dbt_project"
METRICS = DBT.parent / "semantic" / "metrics"
GRAIN = "One row per "
MODELS = {path.stem: path for path in (DBT / "models").rglob("*.sql")}


def entries(kind: str) -> list[tuple[Path, dict[str, Any]]]:
    """Every entry under `models`, `sources`, `seeds` or `unit_tests` with the YAML file that holds it."""
    files = [*DBT.rglob("*.yml"), *METRICS.glob("*.yml")]
    contents = [(path, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files]
    return [(path, item) for path, content in contents for item in content.get(kind) or [] if isinstance(item, dict)]


def test_every_model_is_described_once_and_begins_with_its_grain() -> None:
    described = [item["name"] for _, item in entries("models")]
    assert sorted(described) == sorted(MODELS)
    vague = [item["name"] for _, item in entries("models") if not item["description"].startswith(GRAIN)]
    assert not vague


def test_staging_and_intermediate_models_are_described_in_their_folder() -> None:
    for path, item in entries("models"):
        if item["name"].startswith(("stg_", "int_")):
            assert path.parent == MODELS[item["name"]].parent, item["name"]


def test_key_columns_of_staging_and_intermediate_models_are_described_in_sentences() -> None:
    for _, item in entries("models"):
        if item["name"].startswith(("stg_", "int_")):
            assert item["columns"], f"{item['name']} describes no column"
            assert all(column["description"].endswith(".") for column in item["columns"]), item["name"]


def test_every_source_table_and_seed_is_described_and_begins_with_its_grain() -> None:
    tables = {
        f"{source['name']}.{table['name']}": table for _, source in entries("sources") for table in source["tables"]
    }
    assert len(tables) > 50
    seeds = {item["name"]: item for _, item in entries("seeds")}
    assert set(seeds) == {path.stem for path in (DBT / "seeds").glob("*.csv")}
    vague = [name for name, item in (tables | seeds).items() if not item.get("description", "").startswith(GRAIN)]
    assert not vague


def test_unit_test_is_in_the_folder_of_its_model_or_with_its_mart() -> None:
    for path, item in entries("unit_tests"):
        model = MODELS[item["model"]]
        expected = METRICS / f"{model.stem}.yml" if model.parent.name == "marts" else model.parent
        assert expected in (path, path.parent), f"{item['name']} is in {path}"
