"""Sources: plain Python from an API to typed staging tables. Knows none of the other rooms."""
