"""What a chat assistant writes, as other programs read it.

tables.py   the tables of its application, their columns, and which field of a record contract each one is
rows.py     the rows of these tables
store.py    the database: PostgreSQL, with a login that can only read
files.py    the same records as files of the record contracts
"""
