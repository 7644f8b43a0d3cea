"""Simulated shops: seeded worlds of integer records, served over the wire formats of the real APIs.

books.py      the records of a shop: orders, customers, products; money.py has their arithmetic
history.py    a shop over time, and its books as of an instant
world.py      shops with their ad accounts, visits and assistants, and creators
scenarios/    what fills a world: demo (two shops, day by day), payments, ads, visits, assistant, creator; each lists
              its special cases
retail.py     a world from a real retailer's tables
apis/         Shopify, Stripe, Meta and TikTok, the folders of files sources and a database, over a world
server.py     the server, with http_server.py and clock.py; faults.py makes it fail on purpose; postgres_server.py
              runs PostgreSQL for the database
mailbox.py    a mail server and a receiver of webhooks, for trying messages, with a page that shows them

`takings simulate` serves a world until it is interrupted.
"""

from simulator.apis.event_log import write_costs, write_event_log
from simulator.apis.files import write_files
from simulator.faults import Fault, Faults
from simulator.history import Books
from simulator.mailbox import Mailbox
from simulator.retail import RetailFolderError, retail_world
from simulator.scenarios.demo import demo_world
from simulator.server import SimulatorServer, run, serve
from simulator.world import World

__all__ = [
    "Books",
    "Fault",
    "Faults",
    "Mailbox",
    "RetailFolderError",
    "SimulatorServer",
    "World",
    "demo_world",
    "retail_world",
    "run",
    "serve",
    "write_costs",
    "write_event_log",
    "write_files",
]
