"""Collects records that pages and programs send: `POST /collect` -> files that a pull of the source `collector` reads.

collectors.py  what is configured: write keys, limits, and the check of a record
routes.py      the address: key, limits, body, answer
requests.py    the records of a body, and every mistake in them
writing.py     appends records durably, many requests with one fsync

common/collected.py has the form of the files. docs/guides/collector.md describes what can be sent.
"""
