"""Each number named once, in `semantic/metrics`: read by the catalog, written out by the compiler, asked by query."""
