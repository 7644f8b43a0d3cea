"""Simulated shops: one seeded world kept as books in integers, served over the wire formats of the real APIs."""

from connectors.simulator.demo import demo_world
from connectors.simulator.faults import Fault, Faults
from connectors.simulator.retail import RetailFolderError, retail_world
from connectors.simulator.server import SimulatorServer, run, serve
from connectors.simulator.world import Books, World

__all__ = [
    "Books",
    "Fault",
    "Faults",
    "RetailFolderError",
    "SimulatorServer",
    "World",
    "demo_world",
    "retail_world",
    "run",
    "serve",
]
