"""The demo world: two made-up shops, simulated day by day from a seed."""

from simulator.scenarios.demo.world import demo_world

__all__ = ["demo_world"]
