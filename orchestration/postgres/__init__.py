"""Marts on PostgreSQL, compared with those of DuckDB. docs/guides/certify.md is the guide.

warehouse.py     the database: its connection, what it must be able to do, and that it belongs to one installation
load.py          what changed in staging since the last load, into the schemas raw_<source>
build.py         dbt's build there
certify.py       every cell of every mart, and random questions, on both engines
"""
