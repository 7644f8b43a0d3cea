"""The marts on PostgreSQL instead of DuckDB.

warehouse.py     the database: its connection, what it must be able to do, and that it belongs to one installation
load.py          what changed in staging since the last load, into the schemas raw_<source>
"""
