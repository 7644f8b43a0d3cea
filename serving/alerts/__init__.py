"""Alerts that reach people: since when each rule fires, who knows of it, and one message per beginning and end.

state.py     how the state of an alert follows from one observation after another, and when a message is due
book.py      the states of all tenants and the messages that follow from them, in the file of the outbox
message.py   a message as mail and for chats
"""
