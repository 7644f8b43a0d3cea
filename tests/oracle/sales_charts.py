"""The rows that the charts of net sales in detail must show, from the books."""

from __future__ import annotations

from datetime import date

from tests.oracle.answers import Answer, Rows, Shop, grouped, highest_first, values


def of_sales(*metrics: str, by: str | None = None) -> Answer:
    """Net sales in detail, of the ten largest groups of a column; without one, of all."""

    def rows(shop: Shop, since: date, until: date) -> Rows:
        chosen = [(key, row) for key, row in shop.table("sales_detail").items() if since <= key[-1] <= until]
        if by is None:
            return [values(grouped([(None, row) for _, row in chosen])[None], metrics)]
        sums = grouped([(row[by] if by != "product_title" else key[1], row) for key, row in chosen])
        titles = {key[1]: row["product_title"] for key, row in chosen}
        answer = [{by: titles.get(group, group), **values(row, metrics)} for group, row in sums.items()]
        return highest_first(answer, metrics[0])[:10]

    return rows


def orders(*metrics: str) -> Answer:
    """What each order added to net sales, the newest 200 orders."""
    texts = ("order_name", "order_day", "customer_name", "country", "channel", "order_status")

    def rows(shop: Shop, since: date, until: date) -> Rows:
        chosen = [(key, row) for key, row in shop.table("sales_detail").items() if since <= key[-1] <= until]
        placed = {key[0]: (row["processed_at"], *(row[name] for name in texts)) for key, row in chosen}
        sums = grouped([(key[0], row) for key, row in chosen])
        newest = sorted(sums, key=lambda order: placed[order], reverse=True)[:200]
        return [
            {**dict(zip(texts, placed[order][1:], strict=True)), **values(sums[order], metrics)} for order in newest
        ]

    return rows
