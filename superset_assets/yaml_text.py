"""YAML with libyaml, which is ten times faster than PyYAML's own parser; written in one canonical form.

Superset's files (`dump`) keep everything in blocks. Compact files (`dump_compact`) write what is inside a decision on
one line, so that a file has one form and an export changes only the lines that it has to.
"""

from collections.abc import Mapping
from typing import Any

import yaml
from yaml import YAMLError

try:
    from yaml import CSafeDumper as _SafeDumper
    from yaml import CSafeLoader as _SafeLoader
except ImportError:  # a PyYAML that was built without libyaml
    from yaml import SafeDumper as _SafeDumper  # type: ignore[assignment]
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

__all__ = ["YAMLError", "dump", "dump_compact", "load"]
WIDTH = 110
LONG = 100_000  # more than any list of names


def load(text: str | bytes) -> Any:
    """The content of a file. Raises YAMLError, also for a key that is written twice in one mapping."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader


def dump(content: Mapping[str, Any]) -> str:
    """Keys in their order, texts of several lines as blocks, no anchors."""
    return yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


def dump_compact(content: Mapping[str, Any], blocks: int) -> str:
    """Like `dump`, with the outer `blocks` levels of mappings as blocks and the rest on one line each."""
    node = _Nodes(sort_keys=False).represent_data(dict(content))
    _flow(node, blocks)
    return yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=WIDTH)


class _Loader(_SafeLoader):
    pass


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    repeated = next((key for key in keys if keys.count(key) > 1), None)
    if repeated is not None:
        raise yaml.constructor.ConstructorError(None, None, f"the key {repeated!r} is written twice", node.start_mark)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


class _Dumper(_SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Nodes(yaml.representer.SafeRepresenter):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.representer.BaseRepresenter, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
_Nodes.add_representer(str, _text)


def _flow(node: yaml.Node, blocks: int) -> int:
    """Set the style of a node and of all below it; returns its length on one line, LONG for a text of several lines."""
    if isinstance(node, yaml.MappingNode):
        length = sum(len(key.value) + 4 + _flow(value, blocks - 1) for key, value in node.value)
        node.flow_style = blocks <= 0 and length <= WIDTH
    elif isinstance(node, yaml.SequenceNode):
        length = sum(2 + _flow(value, blocks - 1) for value in node.value)
        node.flow_style = length < LONG
    else:
        length = LONG if "\n" in node.value else len(node.value)
    return length
