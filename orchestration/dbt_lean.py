"""Leaves out what dbt does for each node or file although nobody reads it, or the parse has done it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def building() -> Iterator[None]:
    """Run dbt without these:

    - some twenty messages of its level debug per node, filled and formatted: a quarter of its own time. No log is
      written, and progress comes from other events.
    - JSON schemas for the project's own files, a tenth of the start: the same files passed them when they were parsed.
    - for each flag, the module that declared it, looked for in the source of all modules: for a message of that level
    - two summaries of the graph, written to a file
    """
    from dbt.compilation import Linker
    from dbt.events.base_types import BaseEvent, CommonDebugLevel
    from dbt.events.logging import get_event_manager
    from dbt_common.behavior_flags import BehaviorFlagRendered
    from dbt_common.dataclass_schema import dbtClassMixin

    manager: Any = get_event_manager()
    fill, fire = BaseEvent.__init__, manager.fire_event

    def fill_others(self: Any, *args: Any, **values: Any) -> None:
        if isinstance(self, CommonDebugLevel):
            args, values = (), {}
        fill(self, *args, **values)

    def fire_others(event: Any, *args: Any, **options: Any) -> None:
        if not isinstance(event, CommonDebugLevel):
            fire(event, *args, **options)

    with ExitStack() as replaced:
        for owner, name, substitute in (
            (BaseEvent, "__init__", fill_others),
            (manager, "fire_event", fire_others),
            (dbtClassMixin, "validate", classmethod(lambda cls, data: None)),
            (BehaviorFlagRendered, "_default_source", staticmethod(lambda: "")),
            (Linker, "get_graph_summary", lambda self, manifest: {}),
        ):
            replaced.enter_context(_replaced(owner, name, substitute))
        yield


@contextmanager
def _replaced(owner: Any, name: str, substitute: Any) -> Iterator[None]:
    """Replace an attribute for a while. Raises AttributeError where dbt has none of this name any more."""
    getattr(owner, name)
    own = vars(owner).get(name)
    setattr(owner, name, substitute)
    try:
        yield
    finally:
        if own is None:
            delattr(owner, name)
        else:
            setattr(owner, name, own)
