"""Alerts that reach people: since when each rule fires, who knows of it, and one message per beginning and end.

state.py     how the state of an alert follows from one observation after another, and when a message is due
book.py      the states of all tenants and the messages that follow from them, in the file of the outbox
listing.py   the alerts as a list, with since when they last and who knows of them
words.py     an alert in words; page.py has the HTML of a mail, message.py the whole message
"""
