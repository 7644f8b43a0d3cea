"""Marts on PostgreSQL. docs/guides/marts-on-postgresql.md and docs/guides/certify.md are the guides.

warehouse.py     the database: its connection, what it must be able to do, and that it belongs to one installation
load.py          what changed in staging since the last load, into the schemas raw_<source>
build.py         dbt's build there
publish.py       one transaction that shows a build to readers
tables.py        the published tables, and who sees which of their rows
readers.py       the logins that read them
certify.py       every cell of every mart, and random questions, on both engines
"""
