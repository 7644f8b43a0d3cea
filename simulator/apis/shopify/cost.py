"""What a query costs, and the bucket of points that pays for it.

Shopify's own formula is not public. Here a scalar costs 0, an object or a list of objects 1, a connection its ``first``
plus 2, never multiplied by the connection around it. A page of 100 orders with 50 lines, 10 shipping lines and 20
agreements of 50 sales each costs about 280 points; a page of 250 orders with 250 of each costs more than the 1,000 that
one query may cost. The charge is the requested cost less the rows that a root connection did not return.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)
from graphql.execution.values import get_argument_values
from graphql.type import GraphQLInterfaceType, GraphQLObjectType

MAX_COST = 1_000
MUTATION_COST = 10


@dataclass
class Bucket:
    """A leaky bucket of points; ``clock`` returns seconds, ``restore_rate`` is points per second."""

    size: float = 20_000
    restore_rate: float = 1_000
    clock: Callable[[], float] = time.monotonic
    _level: float | None = None
    _refilled_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, points: float) -> bool:
        """Takes the points if the bucket holds them."""
        with self._lock:
            level = self._refill()
            if points > level:
                return False
            self._level = level - points
            return True

    def refund(self, points: float) -> None:
        with self._lock:
            self._level = min(self.size, self._refill() + points)

    def status(self) -> dict[str, float]:
        with self._lock:
            return {
                "maximumAvailable": float(self.size),
                "currentlyAvailable": float(int(self._refill())),
                "restoreRate": float(self.restore_rate),
            }

    def _refill(self) -> float:
        now = self.clock()
        level = self.size if self._level is None else self._level
        restored = (now - self._refilled_at) * self.restore_rate
        self._level = min(self.size, level + restored) if self._refilled_at else level
        self._refilled_at = now
        return self._level


class QueryCost:
    """Adds up the requested cost of an operation; ``root_rows`` is the number of rows its root connections may have."""

    def __init__(
        self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode], variables: dict[str, Any]
    ) -> None:
        self.schema, self.fragments, self.variables = schema, fragments, variables
        self.root_rows = 0

    def of(self, operation: OperationDefinitionNode) -> int:
        root = self.schema.get_root_type(operation.operation)
        mutation = MUTATION_COST if operation.operation.value == "mutation" else 0
        return self._selections(root, operation.selection_set, root=True) + mutation

    def _selections(self, parent: Any, selections: SelectionSetNode | None, root: bool = False) -> int:
        total = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                total += self._field(parent, node, root)
            elif isinstance(node, InlineFragmentNode):
                inner = self.schema.type_map[node.type_condition.name.value] if node.type_condition else parent
                total += self._selections(inner, node.selection_set, root)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                inner = self.schema.type_map[fragment.type_condition.name.value]
                total += self._selections(inner, fragment.selection_set, root)
        return total

    def _field(self, parent: Any, node: FieldNode, root: bool) -> int:
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or node.name.value not in parent.fields:
            return 0
        of = parent.fields[node.name.value]
        named = get_named_type(of.type)
        if not is_composite_type(named):
            return 0
        inner = self._selections(named, node.selection_set)
        if named.name in ("MoneyBag", "MoneyV2", "PageInfo") or parent.name.endswith(("Connection", "Edge")):
            return inner
        if named.name.endswith("Connection"):
            try:
                first = get_argument_values(of, node, self.variables).get("first") or 0
            except GraphQLError:
                first = 0
            if root:
                self.root_rows += int(first)
            return inner + int(first) + 2
        return inner + 1
