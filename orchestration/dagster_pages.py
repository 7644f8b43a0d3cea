"""Serves Dagster's pages on 127.0.0.1 behind the guard: `python -m orchestration.dagster_pages PORT`.

The same steps as `dagster-webserver`, whose command line has no place for a guard. Reads DAGSTER_HOME and TAKINGS_HOME.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__
from starlette.types import ASGIApp

from orchestration.home import Home
from orchestration.page_guard import guarded
from orchestration.settings import home, load
from superset_assets.process import Credentials

DEFINITIONS = ModuleTarget("orchestration.definitions", attribute=None, working_directory=None, location_name=None)
POLL_MILLISECONDS = 2000  # how often an open page asks for news; dagster-webserver's default
PATIENCE = 3  # seconds that an open page may delay the end


def pages(context: WorkspaceProcessContext, operators: Sequence[str] = ()) -> ASGIApp:
    """Dagster's application behind the guard, with the logins of this home's administrator and operators."""
    credentials = Credentials(Home(home()).superset / "credentials.json")
    logins = [credentials.admin, *map(credentials.login, filter(credentials.has, operators))]
    app = create_app_from_workspace_process_context(context, live_data_poll_rate=POLL_MILLISECONDS)
    return guarded(app, {login.username: login.password for login in logins})


def serve(port: int) -> None:
    """Serve until a signal ends the process."""
    with (
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, DEFINITIONS, version=__version__) as context,
    ):
        uvicorn.run(
            pages(context, load().superset.operators),
            host="127.0.0.1",
            port=port,
            log_level="warning",
            timeout_graceful_shutdown=PATIENCE,
        )


if __name__ == "__main__":
    serve(int(sys.argv[1]))
