"""A handmade published build: two tenants, one in yen, with gaps, empty values and days without orders.

The tables have the columns of the marts' contracts in semantic/metrics; columns that a row does not name are empty.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from semantic import catalog as catalogs
from semantic.catalog import Catalog

METRICS = Path(__file__).parents[2] / "semantic" / "metrics"
DBT = METRICS.parents[1] / "dbt_project"
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Model → column → type, as the YAML files have them."""
    types: dict[str, dict[str, str]] = {}
    for path in sorted(METRICS.glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models") or []:
            types[model["name"]] = {column["name"]: column["data_type"] for column in model["columns"]}
    return types


def stub_project(folder: Path) -> Path:
    """A dbt project whose marts are empty tables with the contracts' columns, beside a copy of semantic/metrics."""
    metrics = folder.parent / "semantic" / "metrics"
    shutil.copytree(METRICS, metrics)
    for path in metrics.glob("*.yml"):  # unit tests need models that this project does not have
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content.pop("unit_tests", None)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    marts = folder / "models" / "marts"
    marts.mkdir(parents=True)
    for model, columns in contracts().items():
        body = ",\n    ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
        (marts / f"{model}.sql").write_text(f"select\n    {body}\nwhere false\n", encoding="utf-8")
    shutil.copytree(DBT / "tests" / "generic", folder / "tests" / "generic")
    project = {
        "name": "takings",
        "profile": "takings",
        "model-paths": ["models", "../semantic/metrics"],
        "test-paths": ["tests"],
        "models": {"takings": yaml.safe_load((DBT / "dbt_project.yml").read_text())["models"]["takings"]["marts"]},
        "flags": {"send_anonymous_usage_stats": False},
    }
    target = {"type": "duckdb", "path": str(folder / "build.duckdb"), "threads": 1}
    (folder / "macros").mkdir()
    shutil.copy(DBT / "macros" / "test_columns.sql", folder / "macros" / "test_columns.sql")
    schema = "{% macro generate_schema_name(name, node) %}{{ name or 'main' }}{% endmacro %}\n"
    (folder / "macros" / "schema.sql").write_text(schema, encoding="utf-8")
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project), encoding="utf-8")
    profile = {"takings": {"target": "test", "outputs": {"test": target}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    return folder


def publish(
    published: Path, catalog: Catalog, rows: Rows, run_id: str = "run-1", tenants: Sequence[str] | None = None
) -> Path:
    """Write a build of these rows and make it the current one, as a publication does.

    `tenants`: those that have a file of their own (default: all).
    """
    folder = published / run_id
    folder.mkdir(parents=True)
    names = sorted({str(row["tenant_id"]) for items in rows.values() for row in items})
    _write(folder / "all.duckdb", rows, names)
    _write(folder / "nobody.duckdb", rows, [])
    for name in names if tenants is None else tenants:
        _write(folder / f"tenant-{name}.duckdb", rows, [name])
    catalogs.save(catalog, folder)
    link = published / f".{run_id}"
    link.symlink_to(run_id)
    link.replace(published / "current")
    return published


def copy(published: Path, target: Path) -> Path:
    """A copy of a published build that a test may break."""
    shutil.copytree(published, target, symlinks=True)
    return target


def _write(path: Path, rows: Rows, tenants: Sequence[str]) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA marts")
        for model, columns in contracts().items():
            body = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"CREATE TABLE marts.{model} ({body})")
            chosen = [row for row in rows.get(model, []) if row["tenant_id"] in tenants]
            for row in chosen:
                assert set(row) <= set(columns), f"{model} has no {set(row) - set(columns)}"
            if chosen:  # one statement: DuckDB takes a millisecond for each
                connection.register("chosen", pa.table({name: [row.get(name) for row in chosen] for name in columns}))
                connection.execute(f"INSERT INTO marts.{model} BY NAME SELECT * FROM chosen")
                connection.unregister("chosen")


SHAPED = ("metrics_daily", "product_daily", "customer_daily", "cohorts")  # their rows look like real ones
CURRENCIES = {"aurora": ("USD", 100), "hinode": ("JPY", 1)}


def awkward_rows(seed: int = 11) -> dict[str, list[dict[str, Any]]]:
    """Random rows of the marts over four months: empty values, zero orders, negative amounts, gaps."""
    rng = random.Random(seed)  # noqa: S311
    kinds = contracts()
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("metrics_daily", "product_daily", "customer_daily")}
    first = date(2026, 1, 28)
    for tenant, (currency, minor_units) in CURRENCIES.items():
        common = {"tenant_id": tenant, "source": "shopify", "currency": currency, "minor_units": minor_units}
        for day in (first + timedelta(days=n) for n in range(100) if n % 9):
            for channel in ("Online store", "Point of sale"):
                keys = {**common, "channel": channel, "date_day": day}
                rows["metrics_daily"].append(_fill(rng, kinds["metrics_daily"], keys))
            for number in rng.sample(range(5), 2):
                product = {"product_key": f"p{number}", "product_title": f"Product {number}", "date_day": day}
                rows["product_daily"].append(_fill(rng, kinds["product_daily"], {**common, **product}))
                customer = {"customer_key": f"c{number}", "customer_id": f"c{number}", "date_day": day}
                rows["customer_daily"].append(_fill(rng, kinds["customer_daily"], {**common, **customer}))
        rows.setdefault("cohorts", []).extend(_cohorts(rng, tenant, currency, minor_units))
        for model in sorted(kinds.keys() - {*SHAPED, "build_info", "time_spine"}):
            days = [first + timedelta(days=n) for n in range(100) if n % 9]
            rows.setdefault(model, []).extend(_any(rng, kinds[model], common, days))
        build = {"tenant_id": tenant, "run_id": "run-1"}
        times = {"as_of": datetime(2026, 5, 9, 6), "published_at": datetime(2026, 5, 9, 6, 1)}
        rows.setdefault("build_info", []).append({**build, **times})
    return rows


def _fill(rng: random.Random, columns: Mapping[str, str], keys: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its keys; the other numbers are random, a tenth of them empty, orders often zero."""
    row = dict(keys)
    quiet = rng.random() < 0.3
    for name, kind in columns.items():
        if kind not in ("bigint", "double") or rng.random() < 0.1:
            continue
        if kind == "double":
            row[name] = rng.randint(0, 90_000) / 1000
        elif name.endswith(("_minor", "_micros")):
            row[name] = rng.randint(-900_000_000_000, 9_000_000_000_000)
        else:
            row[name] = 0 if quiet else rng.randint(0, 9)
    return row


def _any(
    rng: random.Random, columns: Mapping[str, str], common: Mapping[str, Any], days: Sequence[date]
) -> Iterable[dict[str, Any]]:
    """Two rows per day, or per month where the mart has another time than days; none where it has none."""
    time = next(
        (name for name in ("date_day", "date_month", "cohort_month", "first_order_day") if columns.get(name) == "date"),
        None,
    )
    periods = days if time == "date_day" else sorted({day.replace(day=1) for day in days})
    for period in periods if time else []:
        for number in range(2):
            keys: dict[str, Any] = {name: f"{name} {number}" for name, kind in columns.items() if kind == "varchar"}
            keys |= dict.fromkeys((name for name, kind in columns.items() if kind == "integer"), number)
            known = {name: value for name, value in common.items() if name in columns}
            yield _fill(rng, columns, {**keys, **known, str(time): period})


def _cohorts(rng: random.Random, tenant: str, currency: str, minor_units: int) -> Iterable[dict[str, Any]]:
    for start in range(4):
        customers = 0 if start == 1 else rng.randint(3, 40)
        total = 0
        for number in range(4 - start):
            revenue = rng.randint(-100, 90_000)
            total += revenue
            yield {
                "tenant_id": tenant, "currency": currency, "minor_units": minor_units,
                "cohort_month": date(2026, 1 + start, 1), "month_number": number,
                "customers": customers, "active_customers": rng.randint(0, customers), "orders": rng.randint(0, 50),
                "net_revenue_minor": revenue, "cumulative_net_revenue_minor": total,
            }  # fmt: skip
