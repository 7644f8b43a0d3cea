"""Metrics: defined once in `semantic/metrics`, read by catalog, turned into SQL by compiler, answered by query."""
