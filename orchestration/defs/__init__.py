"""Dagster's assets in the order of the data flow (sources, transform, publish), their checks and schedule."""
