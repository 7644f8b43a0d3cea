"""What a pull of an advertiser asks staging."""

from __future__ import annotations

from connectors.sync.reader import Question

LIVING = {  # the ids of objects that were not deleted when they were read last
    kind: Question(f"select {key} from {kind} where coalesce(secondary_status, '') not like '%DELETE%'", (kind,))
    for kind, key in {"campaigns": "campaign_id", "ads": "ad_id"}.items()
}


def known_shops(table: str) -> Question:
    """The shops in a table of GMV Max: whether each has rows from $first to $last, and its share of their cost."""
    return Question(
        f"""select store_id, bool_or(date_day between $first and $last),
            sum(cost_micros) filter (date_day between $first and $last)
                / nullif(sum(sum(cost_micros) filter (date_day between $first and $last)) over (), 0)
        from {table} group by store_id""",
        (table,),
    )
