"""Sources: plain Python from an API to typed staging tables. Knows none of the other rooms but common.

A source's folder holds its settings, its client (one request, answered or explained), its streams (data: requests and
the tables they become), its questions to staging, and its pull (the order of these steps). `sync` is the loop that
every stream goes through; `registry` lists all sources.
"""
