"""The chat assistant of a demo shop: sessions, messages and the products that they are about.

world.py          the assistant of a shop
models.py         the models that answer, with their prices; the texts
books.py          the truth: sessions with their messages and product events, and what is stored of them at an instant
links.py          which sessions lead to which orders
conversation.py   what is written: questions, answers, recommended and clicked products
days.py           one day after another, each from a random stream of its own; the special cases

Takings never reads these books. It reads the files or the database that ``apis.chat_files`` and ``apis.chat_store``
write from them.

The special cases, by the last digit of the day's number since the assistant's first day (SPECIAL_CASES in days.py):
- 0: a session across the shop's midnight
- 1: a message that is stored 26 hours late
- 2: a rating that comes three days later
- 3: a session that is deleted two days later, with all that belongs to it
- 4: a message by a model that no price list knows, in the first 45 days
- 5: a session in the first second of the day, and one in its last second
- 6: messages in the last second of a UTC day and in the first one of the next
- 8: a session without messages
- 9: a message without token counts, in the first 45 days
- 17, 117, 217 …: a message with a huge number of tokens
- a clock change: a session before it and one an hour later, at the same local time in autumn

The first orders with a chat take turns with what LINKS in links.py lists: each rule by which a chat leads to an order,
and sessions that are a few minutes too early for one.
"""

from simulator.scenarios.assistant.books import Assistant, ChatMessage, ChatSession, ModelPrice, ProductEvent, Stored
from simulator.scenarios.assistant.world import assistant

__all__ = ["Assistant", "ChatMessage", "ChatSession", "ModelPrice", "ProductEvent", "Stored", "assistant"]
