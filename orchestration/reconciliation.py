"""How the published marts agree with the sources' own reports."""

from __future__ import annotations

from typing import Any

from semantic.warehouse import Build

_COLUMNS = ("tenant_id", "source", "source_account", "days", "metrics", "differing", "worst", "worst_minor")


def of_build(build: Build) -> list[dict[str, Any]]:
    """One row per account: days and metrics compared, how many differ, and the worst of them.

    `build` is open for all tenants.
    """
    rows = build.rows(
        """SELECT tenant_id, source, source_account, COUNT(DISTINCT date_day), COUNT(DISTINCT metric),
            COUNT(*) FILTER (WHERE difference_minor <> 0),
            (ARRAY_AGG(date_day || ' ' || metric ORDER BY ABS(difference_minor) DESC, date_day, metric))[1],
            MAX(ABS(difference_minor))
        FROM marts.reconciliation GROUP BY tenant_id, source, source_account ORDER BY 1, 2, 3"""
    )
    return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
