"""What simulated tenants have beside the APIs: folders of files, and the database of a shop's chat assistant."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from common.errors import StopError

if TYPE_CHECKING:
    from simulator import SimulatorServer, World
    from simulator.apis.assistant.store import ChatStore
    from simulator.postgres_server import PostgresServer
    from simulator.scenarios.creator import Creator

INTERVAL = 60.0  # seconds between two writes
CHAT_ACCOUNT = "assistant"


@dataclass
class Outside:
    """`folder` holds one folder of files per tenant. What is written follows the simulator's clock.

    The database's server starts when the `with` block begins, beside all else, and ends with it.
    """

    world: World
    folder: Path
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), repr=False)
    _postgres: Future[PostgresServer] | None = None
    _stores: dict[str, ChatStore] = field(default_factory=dict, repr=False)
    _stopped: threading.Event = field(default_factory=threading.Event, repr=False)

    def __enter__(self) -> Self:
        from simulator.postgres_server import PostgresServer

        if self.world.assistants:
            self._postgres = self._threads.submit(PostgresServer)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._threads.shutdown()
        if self._postgres is not None and self._postgres.exception() is None:
            self._postgres.result().close()

    def begin(self, server: SimulatorServer) -> None:
        """Write everything now, and again every minute. Raises StopError where the database does not start."""
        self._write(server)
        threading.Thread(target=self._keep_writing, args=(server,), daemon=True).start()

    def tenants(self) -> list[dict[str, Any]]:
        """The tenants that have no API, with their sources as in takings.toml."""
        return [self._creator(creator) for creator in self.world.creators]

    def of_shop(self, shop: str) -> list[dict[str, Any]]:
        """A shop's sources beside its APIs, as in takings.toml, with their `token`."""
        from simulator.apis.assistant.tables import mapping

        sources = [self._files(shop)]
        if shop in self._stores:
            sources.append(
                {
                    "kind": "postgres",
                    "account": CHAT_ACCOUNT,
                    "token": self._stores[shop].address,
                    "tables": mapping(shop),
                }
            )
        return sources

    def _creator(self, creator: Creator) -> dict[str, Any]:
        return {
            "id": creator.account,
            "name": creator.name,
            "time_zone": creator.time_zone,
            "currency": creator.currency,
            "sources": [self._files(creator.account)],
        }

    def _files(self, account: str) -> dict[str, Any]:
        return {"kind": "files", "account": account, "path": str(self.folder.absolute() / account)}

    def _write(self, server: SimulatorServer) -> None:
        from simulator import write_costs, write_event_log, write_files
        from simulator.apis.assistant.files import write_model_prices

        for shop in self.world.shops:
            write_files(self.world, shop.account, self.folder / shop.account, server.now)
        for creator in self.world.creators:
            write_event_log(creator, self.folder / creator.account, server.now)
            write_costs(creator, self.folder / creator.account, server.now)
        for assistant in self.world.assistants:
            write_model_prices(assistant, self.folder / assistant.account)
            self._store(assistant.account).write(server.now)

    def _store(self, account: str) -> ChatStore:
        from simulator.apis.assistant.store import ChatStore

        if account not in self._stores:
            name = self.world.shop(account).name
            self._stores[account] = ChatStore(self._started(), self.world.assistant(account), name)
        return self._stores[account]

    def _started(self) -> PostgresServer:
        if self._postgres is None:
            raise StopError("The database of the chats was not started", "begin comes before the `with` block")
        try:
            return self._postgres.result()
        except (OSError, RuntimeError) as error:
            raise StopError("The database of the simulated chats did not start", str(error)) from None

    def _keep_writing(self, server: SimulatorServer) -> None:
        """Write again every minute. What fails once is written a minute later; the log says why it failed."""
        import psycopg

        while not self._stopped.wait(INTERVAL):
            try:
                self._write(server)
            except (OSError, psycopg.Error) as error:
                sys.stderr.write(f"The files or chats of the simulated tenants were not written: {error}\n")
