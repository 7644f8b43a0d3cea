"""The demo: simulated shops and a creator with all their sources, and the real product over them.

The sources are synced by HTTP like any other; only their `base_url` is on this machine.
"""

from __future__ import annotations

import json
import shlex
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from common.errors import ConfigurationError
from connectors.base import Progress
from orchestration import (
    cli_mcp,
    dagster_run,
    demo_messages,
    places,
    reconciliation,
    recording,
    servers,
    settings,
    sharing,
    superset,
    terminal,
    tokens,
)
from orchestration.home import Home
from orchestration.settings import Settings
from semantic.warehouse import open_build
from superset_assets.process import Server

SEED, DAYS = 7, 400
TARGETS = {"mrr": 5_000, "churn_rate": 0.05}  # of each simulated shop, for the gauges
CHANNELS = {"1424624": "Partnerships"}  # the app of each simulated shop's partners
METRICS = {"revenue-overview": "net_sales,orders_placed", "creator": "vault_revenue,vault_orders"}
"""What the question to the API asks for, by the tenant's first report."""


def run_demo(world: Path | None, once: bool, superset_port: int, dagster_port: int, web_port: int = 8090) -> None:
    """Run the demo. With `once`, check that every chart has rows and end; else serve until interrupted.

    Raises ConfigurationError before anything is written where a configuration of the user's own exists, or a port is in
    use.
    """
    console = Console(stderr=True)
    began = time.monotonic()
    refuse_foreign_configuration()
    home = Home(settings.home())
    home.make()
    superset_port, dagster_port = superset_port or servers.free_port(), dagster_port or servers.free_port()
    if web_port in (0, superset_port, dagster_port) or servers.taken(web_port):
        web_port = servers.free_port()  # its address is printed, and not part of what a browser keeps
    server = Server(home.superset, home.published, superset_port, web=f":{web_port}")
    if not server.running():
        servers.refuse_taken(superset_port, "Superset", "--superset-port")
    if not once:
        servers.refuse_taken(dagster_port, "Dagster", "--dagster-port")
    with servers.Children() as children:
        children.on_exit(server.stop)
        with terminal.progress() as progress, _starting(server, progress):
            shops = children.start_simulator(simulator_arguments(home, world), meanwhile=lambda: recording.nodes(home))
            configuration = configure(home, shops, world, superset_port, dagster_port, web_port)
            pulling = time.monotonic()
            dagster_run.recorded_run(configuration, progress)
            seconds = time.monotonic() - pulling
        console.print(f"Pulled, built and published in {seconds:.0f} s.")
        with terminal.progress() as progress:
            superset.apply(configuration, progress)
        if "mailbox" in shops:
            demo_messages.send_report(configuration)
            console.print(f"{demo_messages.check(configuration)} {shops['mailbox']['url']}", soft_wrap=True)
        if once:
            _check(configuration, console)
        with open_build(places.of_settings(configuration), every=True) as build:
            terminal.reconciliation(reconciliation.of_build(build))
        console.print(f"The demo took {time.monotonic() - began:.0f} s, from the first step to filled dashboards.")
        if not once:
            programs = api_lines(configuration, on_terminal=console.file.isatty())
            programs += assistant_lines(configuration)
            servers.show(configuration, children, console, [*share_links(configuration), *_mailbox(shops), *programs])


def share_links(configuration: Settings) -> list[str]:
    """A ready link to the first report of each tenant, as lines."""
    days = configuration.dashboards.default_range
    first, last = (date.fromisoformat(day) for day in days.split(" : ")) if days else (None, None)
    fixed = (first, last) if first and last else None
    links = {
        tenant.name: sharing.ready_link(
            configuration,
            demo_messages.report_of(tenant.sources),
            tenant.id,
            fixed,
            None if fixed else "30d",
            "make demo",
        )
        for tenant in configuration.tenants
    }
    return [f"  {name:22} {url}" for name, url in links.items()]


def api_lines(configuration: Settings, *, on_terminal: bool) -> list[str]:
    """A question to the API that works, for each tenant. Its token is made once; only a terminal shows it."""
    days = configuration.dashboards.default_range
    chosen = "from={}&to={}".format(*days.split(" : ")) if days else "period=90d"
    lines = ["", "  Numbers for programs (docs/guides/api.md)"]
    for tenant in configuration.tenants:
        path = configuration.home / "secrets" / f"{tenant.id}.api.token"
        text = tokens.ready_token(configuration, tenant.id, path, "make demo")
        metrics = METRICS[demo_messages.report_of(tenant.sources)]
        question = f"{sharing.address(configuration)}/api/v1/query?metrics={metrics}&by=month&{chosen}"
        bearer = text if on_terminal else f"$(cat {shlex.quote(str(path))})"
        lines.append(f'  curl -H "Authorization: Bearer {bearer}" "{question}"')
    return lines


def assistant_lines(configuration: Settings) -> list[str]:
    """The command that an assistant starts for the first tenant, as a line."""
    return [f"  {'For assistants':22} {cli_mcp.command(configuration.tenants[0].id)}"]


def simulator_arguments(home: Home, world: Path | None, days: int = DAYS) -> list[str]:
    """The simulator's arguments. The seeded shops keep their first day, so that a later demo continues with them."""
    if world is not None:
        return ["--world", str(world.absolute())]
    files = ["--files", str(home.root / "files"), "--mailbox", str(demo_messages.folder(home))]
    memory = home.root / "demo.json"
    if not memory.exists():
        first = (datetime.now(UTC) - timedelta(days=days)).date()
        memory.write_text(json.dumps({"seed": SEED, "start": first.isoformat()}) + "\n")
    try:
        remembered: dict[str, Any] = json.loads(memory.read_text())
        return ["--seed", str(remembered["seed"]), "--start", remembered["start"], *files]
    except (ValueError, KeyError) as error:
        raise ConfigurationError(
            f"Cannot read {memory}, which holds the first day of the demo's shops",
            str(error),
            "Remove it, then run again",
        ) from None


def configure(
    home: Home,
    shops: dict[str, Any],
    world: Path | None,
    superset_port: int = 8088,
    dagster_port: int = 3000,
    web_port: int = 8090,
) -> Settings:
    """Write the demo's takings.toml and tokens into TAKINGS_HOME, and load that configuration like any other."""
    secrets = home.root / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    lines = [
        "# Written by `make demo`: simulated shops on this machine. Write your own to takings.toml in the checkout."
    ]
    for shop in shops["shops"]:
        lines += ["", "[[tenants]]", *_settings(shop, ("id", "name", "time_zone", "currency"))]
        for source in shop["sources"]:
            lines += ["  [[tenants.sources]]"]
            if token := source.pop("token", None):
                path = secrets / f"{shop['id']}.{source['kind']}.token"
                path.write_text(token + "\n")
                path.chmod(0o600)
                source["secret"] = f"file:secrets/{path.name}"
            lines += [f"  {line}" for line in source_lines(source)]
        is_shop = demo_messages.is_shop(source["kind"] for source in shop["sources"])
        if world is None and is_shop:
            lines += ["  [tenants.channels]", *(f'  "{name}" = "{channel}"' for name, channel in CHANNELS.items())]
            lines += ["  [tenants.targets]", *(f"  {name} = {value}" for name, value in TARGETS.items())]
        if "mailbox" in shops:
            lines += demo_messages.lines(shop, shops["mailbox"], secrets)
    if world is not None:  # the orders are years old: dashboards open on all of them
        until = datetime.fromisoformat(shops["until"]).date()
        lines += ["", "[dashboards]", f'default_range = "{until - timedelta(days=374)} : {until}"']
    for table, port in (("superset", superset_port), ("dagster", dagster_port), ("serving", web_port)):
        lines += ["", f"[{table}]", f"port = {port}"]
    path = home.root / "takings.toml"
    path.write_text("\n".join(lines) + "\n")
    return settings.load(path)


def _mailbox(shops: dict[str, Any]) -> list[str]:
    """A line with the address of the mailbox, where there is one."""
    return [f"  {'Mailbox':22} {shops['mailbox']['url']}"] if "mailbox" in shops else []


def source_lines(source: dict[str, Any]) -> list[str]:
    """Lines of a source. A table of tables gets a heading for each."""
    lines = _settings(source, [name for name, value in source.items() if not isinstance(value, dict)])
    for name, value in source.items():
        for key, table in value.items() if isinstance(value, dict) else ():
            lines += [
                f"[tenants.sources.{name}.{key}]",
                *(f"{column} = {_inline(text)}" for column, text in table.items()),
            ]
    return lines


def _inline(value: Any) -> str:
    """A value as TOML has it on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_inline(part)}" for name, part in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _settings(values: dict[str, Any], names: Iterable[str]) -> list[str]:
    """Lines of takings.toml. Texts and whole numbers have the same form in TOML as in JSON."""
    return [f"{name} = {json.dumps(values[name], ensure_ascii=False)}" for name in names]


def refuse_foreign_configuration() -> None:
    """Raise ConfigurationError where a configuration exists that the demo did not write: it must not mix with it."""
    path = settings.config_path()
    if path.exists() and not _written_by_the_demo(path):
        raise ConfigurationError(
            "The demo was not started",
            f"{path} is a configuration of your own, and the demo would mix simulated shops with it",
            "Give the demo a folder of its own: "
            "`TAKINGS_HOME=/tmp/takings-demo TAKINGS_CONFIG=/tmp/takings-demo/takings.toml make demo`",
        )


def _written_by_the_demo(path: Path) -> bool:
    try:
        return "Written by `make demo`" in path.read_text()
    except (OSError, UnicodeDecodeError):
        return False


@contextmanager
def _starting(superset: Server, progress: Progress) -> Iterator[None]:
    """Start Superset in a thread: it takes half a minute, and nothing before the dashboards needs it."""
    failures: list[BaseException] = []

    def step(count: int, total: int, detail: str) -> None:
        progress("superset", count, total, detail)

    def start() -> None:
        try:
            superset.start(step)
            superset.wait_ready(step)
        except BaseException as error:  # raised by the thread that waits
            failures.append(error)

    thread = threading.Thread(target=start, daemon=True)
    thread.start()
    yield
    thread.join()
    if failures:
        raise failures[0]


def _check(configuration: Settings, console: Console) -> None:
    for place, charts in superset.check_charts(configuration).items():
        console.print(f"{place}: {len(charts)} charts, {sum(rows for _, rows in charts):,} rows", highlight=False)
