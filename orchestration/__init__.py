"""Composes connectors, dbt, semantic layer and Superset; the only room that imports Dagster."""
