"""Simulated shops: one seeded world kept as books in integers, served over the wire formats of the real APIs."""

from simulator.apis.files import write_files
from simulator.faults import Fault, Faults
from simulator.history import Books
from simulator.retail import RetailFolderError, retail_world
from simulator.scenarios.demo import demo_world
from simulator.server import SimulatorServer, run, serve
from simulator.world import World

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
    "write_files",
]
