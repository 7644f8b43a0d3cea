"""Faster use of what Superset runs on: YAML by libyaml, and a garbage collector that waits.

PyYAML's own writer and parser take four fifths of an export of all assets and a third of an import; libyaml reads and
writes the same values. A start makes 700,000 objects that stay: to look through them again and again takes a
quarter of its CPU time.
"""

import gc

import yaml

ALLOCATIONS = 10_000  # new objects before the collector looks through them; Python's own 700 suits small programs


def begin_loading() -> None:
    """Use libyaml where PyYAML has it, and collect nothing until the application exists."""
    gc.disable()
    if yaml.__with_libyaml__:
        yaml.SafeLoader, yaml.SafeDumper = yaml.CSafeLoader, yaml.CSafeDumper


def end_loading() -> None:
    """Collect again. processes.py keeps what exists now from the collector."""
    gc.set_threshold(ALLOCATIONS, 10, 10)
    gc.enable()
