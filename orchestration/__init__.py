"""Composes connectors, dbt, semantic layer and Superset; the only package that imports Dagster and dbt."""
