"""gunicorn's configuration: Superset is loaded once, and each process that answers begins as a copy of it.

Loading takes seconds of a core and 200 MB, which the copies share.
"""

import gc
from typing import Any

preload_app = True


def pre_fork(server: Any, _worker: Any) -> None:
    """A process opens its own connections to the metadata, and its garbage collector skips what was loaded."""
    from superset.extensions import db  # noqa: PLC0415 (only when the application is loaded)

    with server.app.wsgi().app_context():
        db.session.remove()
        db.engine.dispose()
    gc.collect()
    gc.freeze()
