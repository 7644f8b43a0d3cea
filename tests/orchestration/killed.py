"""One run of an installation, killed by SIGKILL the moment its progress reaches a step: `killed.py ROOT STEP TIMES`.

STEP is matched against "<step> <detail>" of the progress, or "load <stream>" for the moment between landing and load.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from connectors.sync.cursors import Cursors
from connectors.sync.staging import Staging
from orchestration import dbt_build, pulls
from tests.orchestration import quick_build
from tests.orchestration.installation import Installation


def main(root: str, step: str, times: str) -> None:
    left = int(times)

    def reached(at: str) -> None:
        nonlocal left
        if step in at:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    load = Staging.load
    move = Cursors.move

    def noticed(self: Staging, account: Any, stream: Any, *more: Any) -> Any:
        reached(f"load {account.account} {stream.name}")
        return load(self, account, stream, *more)

    def inside(self: Cursors, stream: Any, *more: Any) -> Any:
        reached(f"inside {self.account.account} {stream.name}")
        return move(self, stream, *more)

    Staging.load, Cursors.move = noticed, inside  # type: ignore[method-assign]
    if not step.startswith("build"):
        dbt_build.run_nodes = quick_build.run_nodes
    pulls.AT_ONCE = 1  # one account after the other, so that a step is reached however fast the threads are
    Installation(Path(root)).run(lambda name, count, total, detail: reached(f"{name} {detail}"))


if __name__ == "__main__":
    main(*sys.argv[1:])
