"""What a run costs with 100 tenants of which three changed, beside the first build of all: CPU seconds in one run.

    .venv/bin/python benchmarks/tenants.py [--tenants 100] [--orders 200]

Each tenant has the rows of one simulated shop under a name of its own. Nothing is pulled after the first time: rows are
changed in staging, as a pull would.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
NAME = "aurora"


def main() -> None:
    """Run the benchmark and print a line per step."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--tenants", type=int, default=100)
    parser.add_argument("--orders", type=int, default=200, help="orders of each tenant, approximately")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="takings-benchmark-") as folder:
        os.environ["TAKINGS_HOME"], os.environ["TAKINGS_CONFIG"] = folder, f"{folder}/takings.toml"
        names = [f"{NAME}{number:03}" for number in range(options.tenants)]
        steps = list(measure(Path(folder), names, options.orders))
    whole = steps[0][1]
    print(f"{options.tenants} tenants of about {options.orders} orders, {os.cpu_count()} cores")
    for step, seconds in steps:
        print(f"{step:44} {seconds:8.2f} CPU s  {seconds / whole:6.3f} of the first")


def measure(folder: Path, names: list[str], orders: int) -> Iterator[tuple[str, float]]:
    """Steps and their CPU seconds."""
    from orchestration import pipeline, settings

    _pull(folder, names[0], orders)
    _configure(folder, names)
    configuration = settings.load()
    _multiply(configuration.home, names)
    yield "first build and publish of all", _cpu(lambda: pipeline.rebuild(configuration))
    _stage(
        configuration.home, f"update shopify.orders set customer_name = 'Another' where tenant_id in {tuple(names[:3])}"
    )
    yield "three tenants changed", _cpu(lambda: pipeline.rebuild(configuration))
    _stage(configuration.home, "update takings.cursors set loaded_until = loaded_until + interval 1 second")
    yield "no tenant changed, all were read again", _cpu(lambda: pipeline.rebuild(configuration))
    yield "no tenant changed or was read", _cpu(lambda: pipeline.rebuild(configuration))


def _pull(folder: Path, name: str, orders: int) -> None:
    """The rows of the first tenant, from a simulated shop."""
    from orchestration import pipeline, settings
    from simulator import demo_world, serve

    world = demo_world(seed=5, start=date(2026, 1, 1), end=datetime(2026, 3, 1, 12, tzinfo=UTC), orders=orders)
    with serve(world) as server:
        shop = next(shop for shop in world.shops if shop.account == NAME)
        (folder / "token").write_text(shop.token)
        _configure(folder, [name], f'base_url = "{server.base_url(NAME)}"\n')
        for failure in pipeline.pull_all(settings.load()).failed.values():
            raise failure


def _configure(folder: Path, names: list[str], more: str = "") -> None:
    text = "".join(
        f'[[tenants]]\nid = "{name}"\nname = "{name}"\ntime_zone = "America/New_York"\ncurrency = "USD"\n'
        f'[[tenants.sources]]\nkind = "shopify"\naccount = "{name}"\nsecret = "file:token"\n{more}'
        for name in names
    )
    (folder / "takings.toml").write_text(text)


def _multiply(home: Path, names: list[str]) -> None:
    """Copy the first tenant's rows for the others."""
    from connectors.sync.staging import Staging
    from orchestration.home import Home

    with Staging(Home(home).staging) as staging:
        tables = staging.db.execute(
            "select schema_name || '.' || table_name from duckdb_columns() where database_name = 'staging_file' and "
            "column_name in ('tenant_id', 'source_account') group by all having count(*) = 2 order by all"
        ).fetchall()
        for (table,) in tables:
            staging.db.execute(
                f"insert into {table} select t.* replace (new_id as tenant_id, new_id as source_account) "
                f"from {table} as t, unnest(?) as copies(new_id) where t.tenant_id = ?",
                [names[1:], names[0]],
            )


def _stage(home: Path, sql: str) -> None:
    from connectors.sync.staging import Staging
    from orchestration.home import Home

    with Staging(Home(home).staging) as staging:
        staging.db.execute(sql)


def _cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process, all threads."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
