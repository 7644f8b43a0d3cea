"""Sources: plain Python from an API to typed staging tables. Knows none of the other rooms.

A connector's folder holds its client (one request, answered or explained), its streams (data: what is asked for, and
the tables it becomes) and its pull (the order of it all). base, transport, landing, staging and pulling are the ground
that all of them stand on; orchestration/pipeline.py lists the ones that a run pulls.
"""
