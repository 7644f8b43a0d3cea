"""Messages that reach people: an outbox that sends each one once, and the channels that it sends through."""
