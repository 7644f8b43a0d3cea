"""Measures the build of an event log as a ratio to the same in plain SQL, in one run on one machine.

    .venv/bin/python -m benchmarks.event_log [--rows 1000000]

build    the SQL of the models of an event log   /  hand-written SQL that makes the same three tables

Both begin with the rows in staging, in one process. The models' tables are in a file; those of the plain SQL once in
memory, which neither compresses nor writes them, and once in a file, too. CPU seconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

ROUNDS = 3
MODELS = ("int_event_log", "int_vault_purchases", "int_vault_refunds", "vault_sales", "vault_funnel", "ai_generations")
ROWS = (
    """
insert into files.event_log by name
select 't' as tenant_id, 'a' as source_account, 'event_log.jsonl' as file, md5(cast(i as varchar)) as row_hash,
    1 as occurrence, 'vault_' || visit % 9 as vault_id, 'niche ' || visit % 5 as niche, 'Product ' || visit % 40
    as product_name, 'v' || visit % 4 as ai_prompt_version, 'style ' || visit % 4 as ai_style, visit % 30 > 0
    as ai_generation_success, 400000 + hash(visit) % 4000000 as ai_latency_micros, 'gpt-' || visit % 3 as ai_version,
    timestamp '2026-01-01' + to_seconds(cast(visit * 29 + i % 3 * 600 as bigint)) as sale_datetime,
    19.99 + visit % 50 as sale_amount, i % 100 = 57 as refund, 'quality' as refund_reason, 'en' as language,
    ['US', 'PT', 'DE', 'BR'][visit % 4 + 1] as country, 'first_time' as customer_type, true as delivery_success,
    case when i % 100 < 70 then 'visit' when i % 100 < 88 then 'cart' when i % 100 < 98 then 'purchase' else 'refund'
    end as funnel_stage, 's' || visit as visit_id
from (select i, cast(hash(i // 3) % ({rows} * 2 // 3) as bigint) as visit from range({rows}) as r (i))
""",
)
PLAIN = (
    """create or replace table sales as
    with log as (select *, cast(timezone('Europe/Lisbon', timezone('UTC', sale_datetime)) as date) as day,
        cast(round(sale_amount * 100, 0) as bigint) as cents from staging.files.event_log),
    back as (select visit_id, vault_id, product_name, min(sale_datetime) as returned_at, min(day) as day,
        max(cents) as cents from log where funnel_stage = 'refund' group by all),
    bought as (select *, count(*) over (partition by visit_id, vault_id, product_name) as n
        from log where funnel_stage = 'purchase')
    select 'purchase' as entry, bought.day, vault_id, niche, product_name, ai_style, ai_prompt_version, ai_version,
        language, country, customer_type, refund or returned_at is not null as refunded, cents, refund_reason
    from bought
    left join (select visit_id, vault_id, product_name, returned_at from back) using (visit_id, vault_id, product_name)
    union all
    select 'refund', back.day, vault_id, niche, product_name, ai_style, ai_prompt_version, ai_version, language,
        country, customer_type, true, back.cents, refund_reason
    from back join log using (visit_id, vault_id, product_name) where funnel_stage = 'refund'""",
    """create or replace table funnel as
    select vault_id, niche, day, count(*) as visits, sum(cart) as carts, sum(purchase) as purchases
    from (select visit_id, vault_id, min(niche) as niche,
        min(cast(timezone('Europe/Lisbon', timezone('UTC', sale_datetime)) as date)) as day,
        max(cast(funnel_stage in ('cart', 'purchase') as int)) as cart,
        max(cast(funnel_stage = 'purchase' as int)) as purchase
        from staging.files.event_log where funnel_stage <> 'refund' group by visit_id, vault_id)
    group by vault_id, niche, day""",
    """create or replace table generations as
    select visit_id, vault_id, niche, product_name, ai_style, ai_prompt_version, ai_version, language,
        ai_generation_success, ai_latency_micros, min(sale_datetime) as logged_at
    from staging.files.event_log where funnel_stage <> 'refund' group by all""",
)


@dataclass(frozen=True)
class Comparison:
    """What is compared: the models in their order, the rows in staging, the plain SQL, and what both have to agree on:
    by model, the plain table and the SQL of the numbers of either."""

    about: str
    models: tuple[str, ...]
    rows: tuple[str, ...]
    plain: tuple[str, ...]
    same: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)


def main() -> None:
    """Print the seconds of both ways, and their ratio."""
    measure(Comparison(__doc__ or "", MODELS, ROWS, PLAIN))


def measure(comparison: Comparison) -> None:
    """Print the seconds of each model, of both ways, and their ratio. Ends with an error where they do not agree."""
    from connectors.registry import prepare_schemas
    from connectors.sync.staging import Staging
    from orchestration import dbt_build, dbt_parse
    from orchestration.home import Home

    parser = argparse.ArgumentParser(description=comparison.about.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as folder:
        home = Home(Path(folder))
        with Staging(home.staging) as staging:
            prepare_schemas(staging)
        with duckdb.connect(str(home.staging)) as db:
            db.execute("insert into takings.tenants by name select 't' as tenant_id, 'T' as tenant_name, "
                       "'Europe/Lisbon' as time_zone, 'USD' as currency")  # fmt: skip
            db.execute("insert into takings.accounts by name select 't' as tenant_id, 'files' as source, "
                       "'a' as source_account")  # fmt: skip
            for sql in comparison.rows:
                db.execute(sql.format(rows=rows))
        home.builds.mkdir(parents=True)
        results = dbt_build.run_nodes(home, lambda finished, total, name: None)
        nodes = {str(result.node.name): result.node for result in results}
        ours, parts = _models(dbt_parse.scratch(home), home.staging, nodes, comparison)
        scratch, plain = dbt_parse.scratch(home), dict[str, float]()
        for place, path in (("in memory", ":memory:"), ("in a file", f"{folder}/plain.duckdb")):
            plain[place] = min(_plain(scratch, home.staging, nodes, comparison, path) for _ in range(ROUNDS))
    for name, took in parts.items():
        print(f"{took:6.2f} s  {name}")
    print(f"build  {rows:,} rows  {ours:.2f} CPU seconds")
    for place, took in plain.items():
        print(f"plain SQL {place}  {took:.2f}  ratio {ours / took:.1f}")


def _models(
    build: Path, staging: Path, nodes: Mapping[str, Any], comparison: Comparison
) -> tuple[float, dict[str, float]]:
    """The best of several rounds in which every model is made again, and the parts of the last one."""
    rounds, parts = [], dict[str, float]()
    with duckdb.connect(str(build)) as db:
        db.execute(f"attach '{staging}' as raw (read_only)")
        db.execute("set preserve_insertion_order = false")
        for _ in range(ROUNDS):
            for name in comparison.models:
                node = nodes[name]
                kind = "view" if node.config.materialized == "view" else "table"
                began = time.process_time()
                db.execute(f"create or replace {kind} {node.schema}.{node.name} as {node.compiled_code}")
                parts[name] = time.process_time() - began
            rounds.append(sum(parts.values()))
    return min(rounds), parts


def _plain(build: Path, staging: Path, nodes: Mapping[str, Any], comparison: Comparison, path: str) -> float:
    with duckdb.connect(path) as db:
        db.execute(f"attach '{staging}' as staging (read_only)")
        began = time.process_time()
        for sql in comparison.plain:
            db.execute(sql)
        took = time.process_time() - began
        plain = {name: db.execute(f"select {own} from {table}").fetchall()
                 for name, (table, _, own) in comparison.same.items()}  # fmt: skip
    with duckdb.connect(str(build)) as db:
        ours = {name: db.execute(f"select {numbers} from {nodes[name].relation_name}").fetchall()
                for name, (_, numbers, _) in comparison.same.items()}  # fmt: skip
    if ours != plain:
        raise SystemExit(f"The models and the plain SQL do not agree: {ours}, {plain}")
    return took


if __name__ == "__main__":
    main()
